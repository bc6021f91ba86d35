"""The JSON report in parts: the same text, whatever its flips are and however many go together."""

import json
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest

from compatkit import compare
from compatkit.commands.printing import hold_report
from compatkit.errors import CompatkitError
from compatkit.gate import check
from compatkit.reports import PARTS, REPORTS, json_report
from compatkit.reports.json_report import write_json
from compatkit.reports.verdicts import VERDICT_PARTS, VERDICT_REPORTS

HOSTILE = ["##vso[x]", '"flips": []', '\n      "flips": []', "caf\u00e9", "[{}]", "", "\\"]


def rows(side: int, texts: list[str]) -> list[dict[str, Any]]:
    return [
        {"id": f"{n} {text}", "prediction": text if side else "a", "reference": "a", "input": text}
        for n, text in enumerate(texts)
    ]


@pytest.mark.parametrize("together", [1, 3, 1000])
@pytest.mark.parametrize("texts", [HOSTILE, [*HOSTILE, "half of a pair \ud800"], ["a", "a"], ["b"]])
def test_parts_are_the_whole(
    monkeypatch: pytest.MonkeyPatch, together: int, texts: list[str]
) -> None:
    monkeypatch.setattr(json_report, "TOGETHER", together)
    results = [compare(rows(0, texts), rows(1, some)) for some in (texts, texts[::-1])[:1]] * 2
    results.append(compare(rows(0, texts), rows(1, texts), keep_flips=False))
    report = "".join(PARTS["json"](results, None))
    assert report == REPORTS["json"](results, None)
    read = json.loads(report)
    assert [result["flips"] for result in read["results"]] == [
        json.loads(json.dumps(result.to_dict()["flips"])) for result in results
    ]
    assert report == write_json(read)


def test_the_parts_of_a_verdict_are_the_whole() -> None:
    verdict = check(rows(0, HOSTILE), rows(1, HOSTILE), max_nfr=0.5, must_not_flip=["0 ##vso[x]"])
    report = "".join(VERDICT_PARTS["json"](verdict, None))
    assert report == VERDICT_REPORTS["json"](verdict, None)
    assert json.loads(report)["results"][0]["flips"] == [
        json.loads(json.dumps(example)) for example in verdict.comparisons[0].to_dict()["flips"]
    ]


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_no_part_is_printed_before_the_last_is_made(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr("compatkit.commands.printing.HELD", size)
    made: list[str] = []
    filed: list[int] = []

    def open_file(*how: Any, **more: Any) -> Any:
        filed.append(len(made))
        return TemporaryFile(*how, **more)

    monkeypatch.setattr("tempfile.TemporaryFile", open_file)

    def make() -> Any:
        for part in ("one ", "two ", "three\n"):
            made.append(part)
            yield part

    with hold_report(make()) as held:
        assert len(made) == 3
        assert "".join(held) == "one two three\n"
    assert filed == ([1] if size == 1 else [])
    with hold_report("text") as held:
        assert held == "text"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_long_report_that_has_no_room_to_wait_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    parts = iter(["x" * 1_000_000] * 40)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with (
        pytest.raises(CompatkitError, match=r"absent: no room .* No such file"),
        hold_report(parts),
    ):
        pass
    full = partial(Path("/dev/full").open, "w+", encoding="ascii")
    monkeypatch.setattr("tempfile.TemporaryFile", lambda *_, **__: full())
    parts = iter(["x" * 1_000_000] * 40)
    with pytest.raises(CompatkitError, match=r"no room for a temporary file"), hold_report(parts):
        pass
