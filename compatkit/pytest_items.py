"""pytest items: each budget and each must-not-flip example of a policy is a test.

A test is named after what it holds: `max_nfr[qa]`, `max_nfr[qa-meta.topic=sums]`,
`must_not_flip[qa-q17]`. The files are measured once a session, before tests are deselected, so
that files which cannot be measured are an error whatever was selected.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from compatkit.errors import CompatkitError
from compatkit.gate import Decision, Guarded, Verdict, check_policy, read_policy
from compatkit.gate.policy import ADVISORY, FAIL, PASS
from compatkit.reports.hostile import visible
from compatkit.reports.verdicts.view import describe_decision, describe_verdict

NAME_LIMIT = 100
TEXT_LIMIT = 300
WAIVED = "waived"
SHIPPED = "compatkit"


@dataclass(frozen=True, slots=True)
class Case:
    """One test.

    Attributes:
        name: the test's name, unique, in ASCII.
        outcome: `pass`, `fail`, `advisory` (beyond its budget, which does not count) or `waived`.
        message: why, unless it passes.
    """

    name: str
    outcome: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of the policy's files.

    Attributes:
        cases: the tests.
        summary: lines that say the verdict.
        error: why they could not be measured; empty where they could.
    """

    cases: tuple[Case, ...] = ()
    summary: tuple[str, ...] = ()
    error: str = ""


class BudgetExceededError(Exception):
    """A budget is not kept, or a must-not-flip example broke; the message says it all."""


class PolicyTests:
    """The tests of one policy, in one pytest session.

    Where pytest-xdist shares the tests out, its controller measures, and its workers are told.
    """

    def __init__(self, path: str, config: pytest.Config) -> None:
        """Find the policy; a worker takes what it was told."""
        self.path = _find(path, config)
        self.measured: Measured | None = None
        shipped = getattr(config, "workerinput", {}).get(SHIPPED)
        if shipped is not None:
            verdict = json.loads(shipped)
            self.measured = Measured(
                tuple(Case(**case) for case in verdict["cases"]), (), verdict["error"]
            )

    def measure(self) -> Measured:
        """Measure the files, once."""
        if self.measured is None:
            self.measured = measure(Path(os.path.relpath(self.path)))
        return self.measured

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        """Add the tests to those of the files, before any are deselected."""
        collector = PolicyFile.from_parent(session, path=self.path, policy=self)
        session.ihook.pytest_collectstart(collector=collector)
        report = session.ihook.pytest_make_collect_report(collector=collector)
        vars(report).pop("call", None)  # as pytest does: a report is data alone
        session.ihook.pytest_collectreport(report=report)
        if report.passed:
            items += report.result

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist what was measured."""
        node.workerinput[SHIPPED] = json.dumps(asdict(self.measure()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say the verdict below the tests."""
        if self.measured is not None and self.measured.summary:
            terminalreporter.section("compatkit", sep="-")
            for line in self.measured.summary:
                terminalreporter.line(line)


class PolicyFile(pytest.File):
    """The policy, a collector of its tests."""

    def __init__(self, *, policy: PolicyTests, **named: Any) -> None:
        """Keep what measures."""
        super().__init__(**named)
        self.policy = policy

    def collect(self) -> Iterator["CaseItem"]:
        """Yield the tests, or raise the one error."""
        measured = self.policy.measure()
        if measured.error:
            raise self.CollectError(measured.error)
        for case in measured.cases:
            yield CaseItem.from_parent(self, name=case.name, case=case)


class CaseItem(pytest.Item):
    """One test: a budget or a must-not-flip example."""

    def __init__(self, *, case: Case, **named: Any) -> None:
        """Keep the case."""
        super().__init__(**named)
        self.case = case

    def runtest(self) -> None:
        """Pass, fail, or say why it does not count."""
        if self.case.outcome == WAIVED:
            pytest.skip(self.case.message)
        if self.case.outcome == ADVISORY:
            pytest.xfail(self.case.message)
        if self.case.outcome != PASS:
            raise BudgetExceededError(self.case.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the message alone: a traceback says nothing here."""
        if isinstance(excinfo.value, BudgetExceededError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return the policy's path and the test's name."""
        return self.path, None, self.name


def measure(path: Path) -> Measured:
    """Hold the files of a policy against it; what cannot be measured is an error."""
    try:
        verdict = check_policy(read_policy(path))
    except CompatkitError as error:
        return Measured(error=f"compatkit: {visible(str(error))}")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return Measured(error=f"compatkit: {visible(f'{where}{error.strerror or error}.')}")
    return Measured(tuple(make_cases(verdict)), tuple(_summarize(verdict)))


def make_cases(verdict: Verdict) -> Iterator[Case]:
    """Yield a test for each budget, then for each must-not-flip example."""
    taken: dict[str, int] = {}
    cases = [_decision_case(decision, verdict) for decision in verdict.decisions]
    cases += [_guarded_case(example, verdict) for example in verdict.guarded]
    for case in cases:
        number = taken[case.name] = taken.get(case.name, 0) + 1
        # Two texts may look alike once they are made visible, or shortened.
        yield Case(f"{case.name}#{number}", case.outcome, case.message) if number > 1 else case


def _decision_case(decision: Decision, verdict: Verdict) -> Case:
    part = f"{decision.field}={decision.slice}" if decision.field else ""
    tier = ADVISORY if decision.tier == ADVISORY else ""
    name = _name(decision.budget, decision.task, part, tier)
    if decision.counts_as == PASS:
        return Case(name, PASS)
    message = f"{decision.outcome.upper()}: {describe_decision(decision, verdict)}"
    return Case(name, tier or FAIL, message)


def _guarded_case(example: Guarded, verdict: Verdict) -> Case:
    name = _name("must_not_flip", example.task, example.id)
    if example.outcome == PASS:
        return Case(name, PASS)
    if example.waived:
        return Case(name, WAIVED, _describe_waiver(example, verdict))
    return Case(name, FAIL, "\n".join(_describe_flip(example)))


def _name(what: str, *parts: str) -> str:
    """Return a test's name, in ASCII, as pytest's own are: it reaches the environment."""
    inner = visible("-".join(filter(None, parts)), NAME_LIMIT)
    return f"{what}[{inner.encode('ascii', 'backslashreplace').decode()}]"


def _describe_waiver(example: Guarded, verdict: Verdict) -> str:
    for use in verdict.waivers:
        if use.waiver.id == example.id and use.waiver.task in {"", example.task}:
            return f"waived until {use.waiver.expires}: {visible(use.waiver.reason, TEXT_LIMIT)}"
    return "waived"


def _describe_flip(example: Guarded) -> Iterator[str]:
    named = "" if example.named == "id" else f" ({visible(example.named, TEXT_LIMIT)})"
    name = visible(example.id, TEXT_LIMIT) + named
    yield f"must-not-flip example {name} broke: it was right, now is wrong"
    if example.flip is not None:
        references = example.flip.references
        for label, text in (
            ("input", example.flip.input),
            ("reference", " / ".join(references) if references else None),
            ("old", example.flip.old_prediction),
            ("new", example.flip.new_prediction),
        ):
            if text is not None or label in {"old", "new"}:
                shown = "(no answer)" if text is None else visible(text, TEXT_LIMIT)
                yield f"  {label:10} {shown}"


def _summarize(verdict: Verdict) -> Iterator[str]:
    yield describe_verdict(verdict)
    yield from (f"warning: {visible(warning)}" for warning in verdict.warnings)


def _find(path: str, config: pytest.Config) -> Path:
    """Return the policy's path: seen from here, or else, as in `addopts`, from the root."""
    for folder in (config.invocation_params.dir, config.rootpath):
        if (folder / path).is_file():
            return (folder / path).absolute()
    raise pytest.UsageError(
        f"--compatkit-policy: {visible(path)} is no file, neither here nor in "
        f"{visible(str(config.rootpath))}. 'compatkit gate --init OLD NEW' writes a first policy."
    )
