"""The pytest plugin, in sessions of its own."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hostile_texts import HOSTILE
from prediction_files import write_rows

from compatkit import check

pytest_plugins = ["pytester"]

TOTAL = 300
WIDE_SPACE = "\u3000"  # can be seen, and stays as it is
BUDGET = "[tasks.qa.budgets]\nmax_nfr = 0.05\n"
OPTION = ("--compatkit-policy", "compatkit.toml", "-p", "no:cacheprovider")
needs_xdist = pytest.mark.skipif(find_spec("xdist") is None, reason="pytest-xdist is not here")

Run = Callable[..., pytest.RunResult]


def rows(broken: Sequence[int] = (), total: int = TOTAL) -> list[dict[str, Any]]:
    return [
        {
            "id": f"q{i}",
            "prediction": "no" if i in broken else "yes",
            "reference": "yes",
            "tag": "safety" if i < 2 else "rest",
        }
        for i in range(total)
    ]


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Load what a gate loads: sessions within this one forget their modules, and numpy minds."""
    import_module("compatkit.pytest_items")
    assert check(rows(), rows([1]), max_nfr=0.05, max_accuracy_drop=0.3, min_btc=0.5).passed


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Return a function that runs pytest on a pair and a policy."""

    def run(
        *arguments: str,
        policy: str = BUDGET,
        broken: Sequence[int] = (),
        new: Sequence[Mapping[str, Any]] | None = None,
        old: Sequence[Mapping[str, Any]] | None = None,
        head: str = "",
        **further: Any,
    ) -> pytest.RunResult:
        write_rows(pytester.path / "old.jsonl", rows() if old is None else old)
        write_rows(pytester.path / "new.jsonl", rows(broken) if new is None else new)
        text = f'{head}\n[tasks.qa]\nold = "old.jsonl"\nnew = "new.jsonl"\n{policy}'
        (pytester.path / "compatkit.toml").write_text(text, encoding="utf-8")
        return pytester.runpytest_inprocess(*OPTION, *arguments, **further)

    return run


def test_the_entry_point_is_registered() -> None:
    (found,) = entry_points(group="pytest11", name="compatkit")
    assert found.value == "compatkit.pytest_plugin"


def test_without_the_option_nothing_is_imported(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys
        def test_a():
            known = {name for name in sys.modules if name.startswith("compatkit.")}
            assert known == {"compatkit.pytest_plugin", "compatkit.version"}
            assert not {"numpy", "click", "rich", "msgspec", "scipy", "pandas"} & set(sys.modules)
        """
    )
    # Other plugins, such as coverage's, import what they like.
    pytester.runpytest_subprocess("-p", "no:cov").assert_outcomes(passed=1)


def test_an_empty_folder_runs_just_the_gate(run: Run) -> None:
    result = run("-v")
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["compatkit.toml::max_nfr[[]qa[]] PASSED*", "*- compatkit -*", "PASS: *"]
    )


def test_the_items_stand_beside_the_usual_tests(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): pass")
    run().assert_outcomes(passed=2)
    run("test_the_items_stand_beside_the_usual_tests.py::test_a").assert_outcomes(passed=2)
    run("-k", "max_nfr and qa").assert_outcomes(passed=1, deselected=1)


def test_each_budget_slice_total_and_example_is_a_test(run: Run) -> None:
    policy = f"""{BUDGET}min_btc = 0.9
[tasks.qa.advisory]
max_nfr = 0.04
[tasks.qa.slices.tag.budgets]
max_nfr = 0.9
[tasks.qa.must_not_flip]
ids = ["q7"]
tags = {{ tag = ["safety"] }}
[total.budgets]
max_nfr = 0.05
"""
    result = run("--collect-only", "-q", policy=policy)
    assert result.outlines[:9] == [
        f"compatkit.toml::{name}"
        for name in (
            "max_nfr[qa]",
            "min_btc[qa]",
            "max_nfr[qa-advisory]",
            "max_nfr[qa-tag=rest]",
            "max_nfr[qa-tag=safety]",
            "max_nfr[total]",
            "must_not_flip[qa-q0]",
            "must_not_flip[qa-q1]",
            "must_not_flip[qa-q7]",
        )
    ]
    assert result.ret == 0


def test_a_fail_says_why_and_shows_no_traceback(run: Run) -> None:
    policy = f'{BUDGET}[tasks.qa.must_not_flip]\nids = ["q7", "q200"]\n'
    result = run(policy=policy, broken=range(60))
    result.assert_outcomes(failed=2, passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "FAIL: the negative flip rate (NFR) is at least * the budget is at most 5%",
            "must-not-flip example q7 broke: it was right, now is wrong",
            "  reference  yes",
            "  old        yes",
            "  new        no",
            "FAIL: 1 of 2 must-not-flip examples broke (q7); *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_items.py*")


@pytest.mark.parametrize(
    ("rule", "outcomes", "code"),
    [
        ("inconclusive", {"failed": 1}, 1),
        ("fail", {"failed": 1}, 1),
        ("pass", {"passed": 1}, 0),
    ],
)
def test_an_inconclusive_budget_fails_unless_the_policy_counts_it_as_a_pass(
    run: Run, rule: str, outcomes: dict[str, int], code: int
) -> None:
    result = run(head=f'inconclusive = "{rule}"', broken=range(12))
    result.assert_outcomes(**outcomes)
    assert result.ret == code
    if rule != "pass":
        result.stdout.fnmatch_lines(["INCONCLUSIVE: *about * new examples*would settle it*"])


def test_an_advisory_budget_does_not_count(run: Run) -> None:
    policy = (
        "[tasks.qa.budgets]\nmax_nfr = 0.8\n"
        "[tasks.qa.advisory]\nmax_nfr = 0.05\nmax_accuracy_drop = 0.3\n"
    )
    result = run("-rx", policy=policy, broken=range(60))
    result.assert_outcomes(xfailed=1, passed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["XFAIL *max_nfr[[]qa-advisory[]] - FAIL: the negative flip*"])
    run("--runxfail", policy=policy, broken=range(60)).assert_outcomes(failed=1, passed=2)


def test_a_waived_example_is_skipped_with_its_reason(run: Run) -> None:
    policy = """[tasks.qa.must_not_flip]
ids = ["q7", "q8"]
[[waivers]]
id = "q7"
reason = "the \\u001b[2J reference is wrong"
expires = 2999-12-31
[[waivers]]
id = "q8"
reason = "it was, once"
expires = 2020-01-01
"""
    result = run("-rs", policy=policy, broken=[7, 8])
    result.assert_outcomes(skipped=1, failed=1)
    result.stdout.fnmatch_lines(["SKIPPED*waived until 2999-12-31: the \\x1b[[]2J reference*"])
    result.stdout.fnmatch_lines(["must-not-flip example q8 broke*"])


UNMEASURABLE = {
    "cut": {"new": rows()[:200]},
    "empty": {"new": []},
    "never right": {"old": [{**row, "prediction": "no"} for row in rows()]},
    "unknown key": {"policy": "[tasks.qa.budgetts]\nmax_nfr = 0.05\n"},
    "no such example": {"policy": '[tasks.qa.must_not_flip]\nids = ["q999"]\n'},
    "not TOML": {"policy": "max_nfr"},
}


@pytest.mark.parametrize("what", UNMEASURABLE)
def test_files_that_cannot_be_measured_are_one_error(run: Run, what: str) -> None:
    result = run(**UNMEASURABLE[what])
    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert sum(line.startswith("compatkit: ") for line in result.outlines) == 1
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    "arguments",
    [
        ["-k", "test_a"],
        ["-k", "nothing"],
        ["-m", "nothing"],
        ["--collect-only"],
        ["--collect-only", "-q"],
        ["-x"],
        ["--maxfail=1"],
        ["--continue-on-collection-errors"],
        ["--collect-only", "--continue-on-collection-errors"],
        ["--deselect", "compatkit.toml"],
        ["--ignore", "compatkit.toml"],
        ["--runxfail"],
        ["test_a.py::test_a"],
        pytest.param(["-n", "2"], marks=needs_xdist),
        pytest.param(["-n", "1", "-k", "test_a", "-x"], marks=needs_xdist),
    ],
    ids=" ".join,
)
def test_what_is_selected_does_not_hide_the_error(
    run: Run, pytester: pytest.Pytester, arguments: list[str]
) -> None:
    pytester.makepyfile(test_a="def test_a(): pass")
    result = run(*arguments, "--junitxml", "junit.xml", new=rows()[:200])
    assert result.ret in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    said = [line for line in result.outlines if line.startswith("compatkit: ")]
    assert len(said) == 1
    assert "new.jsonl lacks 100 of 300 ids" in said[0]
    if "--collect-only" not in arguments:
        suite = ET.parse(pytester.path / "junit.xml").getroot()[0]  # noqa: S314
        assert suite.attrib["errors"] == "1"


def test_an_absent_policy_is_an_error_of_usage(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*OPTION)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --compatkit-policy: compatkit.toml is no file, *"])


def test_a_blocked_plugin_is_an_error_of_usage(run: Run) -> None:
    assert run("-p", "no:compatkit").ret == pytest.ExitCode.USAGE_ERROR


def test_addopts_may_name_the_policy_from_any_folder(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    run().assert_outcomes(passed=1)
    pytester.makeini(
        "[pytest]\naddopts = --compatkit-policy compatkit.toml\nfilterwarnings = error\n"
    )
    inner = pytester.mkdir("inner")
    (inner / "test_a.py").write_text("def test_a(): pass\n")
    monkeypatch.chdir(inner)
    pytester.runpytest_inprocess().assert_outcomes(passed=2)


def test_a_policy_outside_of_the_root_is_found(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    run().assert_outcomes(passed=1)
    inner = pytester.mkdir("inner")
    (inner / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(inner)
    result = pytester.runpytest_inprocess("--compatkit-policy", "../compatkit.toml")
    result.assert_outcomes(passed=1)
    assert result.ret == 0


SCORER = """
def score(predictions, references):
    with open("calls.txt", "a") as file:
        file.write("called\\n")
    return [1.0 if p in r else 0.0 for p, r in zip(predictions, references)]
"""


@pytest.mark.parametrize(
    "arguments",
    [[], pytest.param(["-n", "2"], marks=needs_xdist)],
    ids=["alone", "shared out"],
)
def test_the_files_are_measured_once_a_session(
    run: Run, pytester: pytest.Pytester, arguments: list[str]
) -> None:
    """With workers or without: each side is scored once, and the verdict is said once."""
    pytester.makepyfile(own_scorer=SCORER)
    pytester.syspathinsert()
    policy = f"""scorer = "own_scorer:score"
{BUDGET}max_accuracy_drop = 0.3
[tasks.qa.must_not_flip]
ids = ["q7", "q200"]
"""
    result = run(*arguments, policy=policy, broken=range(60))
    result.assert_outcomes(passed=2, failed=2)
    assert result.ret == 1
    assert sum(line.startswith("FAIL: 1 of 2 must-not-flip") for line in result.outlines) == 1
    assert (pytester.path / "calls.txt").read_text() == "called\n" * 2


def test_ids_are_safe_unique_and_the_same_each_time(run: Run, pytester: pytest.Pytester) -> None:
    """Hostile ids and slices, and two texts that look alike once they are visible."""
    texts = [text for text in HOSTILE.values() if text.strip()] + ["a\x1bb", "a\\x1bb", "a::b"]
    # TOML holds every character but lone surrogates.
    texts = [text for text in dict.fromkeys(texts) if not re.search("[\ud800-\udfff]", text)]
    old = [
        {"id": text, "prediction": "yes", "reference": "yes", "tag": f"{text} "} for text in texts
    ]
    new = [{**row, "prediction": row["id"]} for row in old]
    named = json.dumps(texts, ensure_ascii=False).replace("\x7f", "\\u007f")
    policy = f"""[tasks.qa.slices.tag.budgets]
max_nfr = 0.05
[tasks.qa.must_not_flip]
ids = {named}
"""
    seen = []
    for _ in range(2):
        result = run("--junitxml", "junit.xml", "-rA", policy=policy, old=old, new=new)
        assert result.ret == 1
        result.assert_outcomes(failed=2 * len(texts))
        suite = ET.parse(pytester.path / "junit.xml").getroot()[0]  # noqa: S314
        names = [case.attrib["name"] for case in suite]
        seen.append(names)
        assert len(set(names)) == len(names) == 2 * len(texts)
        for name in names:
            assert name.isascii()
            assert name.isprintable()
            assert "::" not in name
        for line in result.outlines:
            assert line.replace(WIDE_SPACE, "").isprintable(), repr(line)
            assert not line.lstrip().startswith(("::", "##["))
    assert seen[0] == seen[1]


def test_warnings_of_the_verdict_are_said(run: Run) -> None:
    result = run(new=rows())
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["warning: old.jsonl and new.jsonl hold the same bytes*"])


def test_pyproject_may_hold_the_policy(run: Run, pytester: pytest.Pytester) -> None:
    run().assert_outcomes(passed=1)
    (pytester.path / "pyproject.toml").write_text(
        '[tool.compatkit.tasks.qa]\nold = "old.jsonl"\nnew = "new.jsonl"\n'
        "[tool.compatkit.tasks.qa.budgets]\nmax_nfr = 0.05\n"
    )
    Path("compatkit.toml").unlink()
    result = pytester.runpytest_inprocess("--compatkit-policy", "pyproject.toml", "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["pyproject.toml::max_nfr[[]qa[]] PASSED*"])
