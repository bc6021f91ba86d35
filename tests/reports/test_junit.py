import io
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import pytest
import xmlschema
from hostile_texts import HOSTILE
from junitparser import Error, Failure, JUnitXml, Skipped
from verdicts import VERDICTS, decided, judge

from compatkit.gate.verdict import Verdict
from compatkit.notes import Note
from compatkit.record import replace
from compatkit.reports.verdicts.junit import render_junit

SCHEMA = Path(__file__).with_name("junit.xsd")


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


def parse(verdict: Verdict) -> ET.Element:
    return ET.fromstring(render_junit(verdict))  # noqa: S314


def results(verdict: Verdict) -> dict[str, str]:
    """Return what each test case came to, by its name."""
    return {
        case.get("name", ""): next((each.tag for each in case if each.tag != "system-out"), "pass")
        for case in parse(verdict).iter("testcase")
    }


@pytest.mark.parametrize("case", VERDICTS)
def test_a_report_holds_to_the_schema(case: str) -> None:
    report = render_junit(VERDICTS[case]())
    assert report.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    assert [str(each) for each in schema().iter_errors(io.StringIO(report))] == []


def test_the_schema_refuses_what_is_no_report() -> None:
    report = render_junit(VERDICTS["tasks"]())
    for old, new in (
        ("<testcase name=", "<testcase label="),
        ('tests="', 'tests="x'),
        ("<failure", "<flaw"),
        ("<properties>", "<properties><testcase/>"),
    ):
        text = report.replace(old, new).replace("</failure>", f"</{new[1:]}>" * ("flaw" in new))
        assert text != report
        with pytest.raises((xmlschema.XMLSchemaException, ET.ParseError)):
            schema().validate(io.StringIO(text))


@pytest.mark.parametrize("case", VERDICTS)
def test_the_counts_are_right_and_a_parser_reads_them(case: str) -> None:
    verdict = VERDICTS[case]()
    report = JUnitXml.fromstring(render_junit(verdict).encode())
    cases = [each for suite in report for each in suite]
    assert report.tests == len(cases) == len(verdict.decisions) + len(verdict.guarded)
    for kind, said in ((Failure, report.failures), (Error, report.errors)):
        found = [each for each in cases if any(isinstance(one, kind) for one in each.result)]
        assert said == len(found)
    for suite in report:
        skipped = [each for each in suite if any(isinstance(one, Skipped) for one in each.result)]
        assert (suite.tests, suite.skipped) == (len(list(suite)), len(skipped))
    assert (report.failures > 0) == (verdict.outcome == "fail")
    assert (report.failures + report.errors > 0) == (verdict.outcome != "pass")


def test_what_blocks_is_a_failure_or_an_error_and_the_rest_is_not() -> None:
    name = "negative flip rate (NFR)"
    for decision, result in (
        (decided("pass"), {name: "pass"}),
        (decided("fail"), {name: "failure"}),
        (decided("inconclusive"), {name: "error"}),
        (decided("inconclusive", counts_as="fail"), {name: "failure"}),
        (decided("inconclusive", counts_as="pass"), {name: "pass"}),
        (decided("fail", tier="advisory"), {f"{name}, advisory": "skipped"}),
        (decided("inconclusive", tier="advisory"), {f"{name}, advisory": "skipped"}),
        (decided("pass", tier="advisory"), {f"{name}, advisory": "pass"}),
        (decided("fail", field="lang", slice="de"), {f"{name}, lang = de": "failure"}),
    ):
        assert results(judge("fail", decision)) == result


def test_a_suite_is_a_task() -> None:
    root = parse(VERDICTS["tasks"]())
    assert root.get("name") == "nightly"
    suites = {suite.get("name"): suite for suite in root}
    assert [*suites] == ["compatkit.arc", "compatkit.gsm8k", "compatkit.safety", "compatkit.total"]
    for name, suite in suites.items():
        assert {case.get("classname") for case in suite.iter("testcase")} == {name}
    properties = {each.get("name"): each.get("value") for each in suites["compatkit.arc"][0]}
    assert properties["new"] == "new/arc/answers.jsonl"
    assert properties["signature"] == VERDICTS["tasks"]().comparisons[0].signature
    said = [each.text for each in root.iter("system-out")]
    assert said.count("warning: safety: the policy names max_nfr twice") == 1


def test_must_not_flip_examples_are_cases() -> None:
    verdict = VERDICTS["guarded"]()
    found = results(verdict)
    assert found["must not flip: q1"] == "failure"
    assert found["must not flip: q10"] == "skipped"
    assert found["must not flip: q40"] == found["must not flip: q399"] == "pass"
    root = parse(verdict)
    [failure] = root.findall(".//testcase[@name='must not flip: q1']/failure")
    assert failure.get("message") == "was right and is now wrong (guarded by safety=yes)"
    assert failure.text == (
        "input: What is the capital of country 1?\nreference: Paris\nold: Paris\n"
        "new: I am not sure."
    )
    [skipped] = root.findall(".//testcase[@name='must not flip: q10']/skipped")
    assert skipped.get("message") == "waived until 2026-12-31: the reference is wrong"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_every_text_is_xml(text: str) -> None:
    verdict = VERDICTS["guarded"]()
    flip = replace(
        verdict.guarded[0].flip,  # type: ignore[type-var]
        id=text,
        new_prediction=text,
        old_prediction=None,
        references=(text,),
        input=text,
    )
    case = replace(verdict.guarded[0], task=text, id=text, named=text, flip=flip)
    hostile = judge(
        "fail",
        decided("fail", task=text, field=text, slice=text, reason=text),
        guarded=(case,),
        comparisons=(
            replace(verdict.comparisons[0], task=text, signature=text, noted=(Note("log", text),)),
        ),
        name=text,
        warnings=(text,),
    )
    report = render_junit(hostile)
    assert [str(each) for each in schema().iter_errors(io.StringIO(report))] == []
    assert JUnitXml.fromstring(report.encode()).tests == 2
