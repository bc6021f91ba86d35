import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from verdicts import VERDICTS

from compatkit.gate.budgets import BUDGETS
from compatkit.reports.verdicts.readable import render_json

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA, SCORE = (
    json.loads((DOCS / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("verdict", "score")
)
VALIDATOR = Draft202012Validator(
    SCHEMA,
    registry=Registry().with_resource("score.schema.json", Resource.from_contents(SCORE)),
    format_checker=FormatChecker(),
)


def faults(report: object) -> list[str]:
    return [f"{each.json_path}: {each.message[:300]}" for each in VALIDATOR.iter_errors(report)]


def test_the_schema_is_one_and_knows_every_budget() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["decision"]["properties"]["budget"]["enum"] == list(BUDGETS)


@pytest.mark.parametrize("case", VERDICTS)
def test_a_report_holds_to_the_schema(case: str) -> None:
    verdict = VERDICTS[case]()
    report = json.loads(render_json(verdict))
    assert faults(report) == []
    assert report.pop("compatkit")
    assert report.pop("headline").startswith(f"{report['outcome'].upper()}: ")
    assert report == json.loads(json.dumps(verdict.to_dict()))
    assert "compatkit" not in SCHEMA["required"]


DAMAGES: list[Callable[[Any], object]] = [
    lambda report: report.update(format=2),
    lambda report: report.update(further=1),
    lambda report: report.update(exit_code=0),
    lambda report: report.update(outcome="passed"),
    lambda report: report.update(results=[]),
    lambda report: report.pop("level"),
    lambda report: report.update(level=1),
    lambda report: report["decisions"][0].update(budget="max_flips"),
    lambda report: report["decisions"][0].update(further=1),
    lambda report: report["decisions"][0].update(more_examples=3),
    lambda report: report["decisions"][0].update(counts_as="fail"),
    lambda report: report["decisions"][0].update(numerator=-1),
    lambda report: report["decisions"][0].pop("reason"),
    lambda report: report["must_not_flip"][0].update(outcome="inconclusive"),
    lambda report: report["must_not_flip"][0].update(named=""),
    lambda report: report["must_not_flip"][0]["flip"].pop("id"),
    lambda report: report["must_not_flip"][2].update(flip=report["must_not_flip"][0]["flip"]),
    lambda report: report["waivers"][0].update(expires="31.12.2026"),
    lambda report: report["waivers"][0].update(state="lapsed"),
    lambda report: report["results"][0].pop("signature"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_schema_refuses_what_is_no_report(damage: Callable[[Any], object]) -> None:
    report = json.loads(render_json(VERDICTS["tasks"]()))
    assert faults(report) == []
    damage(report)
    assert faults(report) != []
