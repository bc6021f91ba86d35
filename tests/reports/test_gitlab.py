import json
from pathlib import Path
from typing import Any

import pytest
from verdicts import VERDICTS, compared, decided, guard, judge

from compatkit.gate.verdict import Verdict
from compatkit.record import replace
from compatkit.reports.verdicts.gitlab import render_gitlab


def issues(verdict: Verdict) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render_gitlab(verdict))
    return found


@pytest.mark.parametrize("case", VERDICTS)
def test_an_issue_has_what_gitlab_needs(case: str) -> None:
    verdict = VERDICTS[case]()
    found = issues(verdict)
    for each in found:
        assert set(each) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert each["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert each["location"]["lines"]["begin"] >= 1
        assert each["location"]["path"]
    assert len({each["fingerprint"] for each in found}) == len(found)
    serious = [each for each in found if each["severity"] != "minor"]
    assert bool(serious) == (verdict.outcome != "pass")


def test_all_is_well() -> None:
    assert render_gitlab(VERDICTS["pass"]()) == "[]\n"
    assert render_gitlab(VERDICTS["zero flips"]()) == "[]\n"


def test_how_serious_an_issue_is() -> None:
    decisions = (
        decided("fail"),
        decided("inconclusive", budget="max_churn"),
        decided("inconclusive", budget="max_nfi", counts_as="fail"),
        decided("inconclusive", budget="min_btc", counts_as="pass"),
        decided("fail", tier="advisory"),
        decided("pass", budget="min_bec"),
    )
    one = compared()
    found = issues(judge("fail", *decisions, guarded=(guard(one), guard(one, 1, waived=True))))
    assert [(each["check_name"], each["severity"]) for each in found] == [
        ("compatkit-must-not-flip", "blocker"),
        ("compatkit-max_nfr", "critical"),
        ("compatkit-max_churn", "major"),
        ("compatkit-max_nfi", "critical"),
        ("compatkit-min_btc", "minor"),
        ("compatkit-max_nfr", "minor"),
    ]
    assert found[0]["description"] == "The must-not-flip example q1 was right and is now wrong."


def test_a_fingerprint_knows_no_number() -> None:
    def fingerprint(**values: Any) -> str:
        return str(issues(judge("fail", decided("fail", **values)))[0]["fingerprint"])

    same = fingerprint()
    assert fingerprint(value=0.5, low=0.4, high=0.6, limit=0.1, numerator=9, total=7) == same
    others = [{"budget": "max_nfi"}, {"field": "f", "slice": "a"}, {"field": "f", "slice": "b"}]
    others += [{"tier": "advisory"}, {"task": "total"}]
    assert len({same, *(fingerprint(**each) for each in others)}) == 6
    named = issues(judge("fail", decided("fail"), name="nightly"))
    assert named[0]["fingerprint"] != same


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("new.jsonl", "new.jsonl"),
        ("./runs/../new.jsonl", "new.jsonl"),
        ("{cwd}/runs/new.jsonl", "runs/new.jsonl"),
        ("/elsewhere/new.jsonl", "/elsewhere/new.jsonl"),
        ("../new.jsonl", "../new.jsonl"),
        ("new\n.jsonl", "new\\n.jsonl"),
    ],
)
def test_a_file_is_named_from_the_working_directory(
    name: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one = replace(compared(), new=name.replace("{cwd}", str(tmp_path)))
    [issue] = issues(judge("fail", decided("fail"), comparisons=(one,)))
    assert issue["location"]["path"] == shown


def test_a_total_is_placed_in_the_policy() -> None:
    verdict = judge("fail", decided("fail", task="total"))
    assert issues(verdict)[0]["location"]["path"] == "compatkit.toml"
    nowhere = replace(verdict, policy="")
    assert issues(nowhere)[0]["location"]["path"] == "new/answers.jsonl"
