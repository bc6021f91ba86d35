"""Notes: kinds are a closed list, and decisions ask for the kind."""

import json
from pathlib import Path
from typing import Any

import pytest
from gate_files import rows
from prediction_files import write_rows

from compatkit import compare
from compatkit.errors import DataError
from compatkit.gate import check
from compatkit.notes import DOUBTS, KINDS, Note

SCHEMA = Path(__file__).parents[1] / "docs" / "score.schema.json"


def test_the_kinds_are_a_closed_list_that_the_schema_repeats() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    listed = schema["$defs"]["result"]["properties"]["note_kinds"]["items"]["enum"]
    assert listed == list(KINDS)
    assert KINDS.keys() > DOUBTS
    with pytest.raises(ValueError, match="no kind of note 'other'"):
        Note("other", "a text")


@pytest.mark.parametrize(
    "name", ["were not compared.jsonl", "is no longer the file that.jsonl", "made with.jsonl"]
)
def test_a_name_of_a_file_raises_no_doubt(tmp_path: Path, name: str) -> None:
    """Its notes quote the name, and are of a kind that a strict gate lets pass."""
    old = [{**row, "output": row["prediction"]} for row in rows()]
    for row in old:
        del row["prediction"]
    write_rows(tmp_path / "old.jsonl", old)
    write_rows(tmp_path / name, [{**row, "at": "new"} for row in old])
    pair = str(tmp_path / "old.jsonl"), str(tmp_path / name)
    assert any(name in note for note in compare(*pair).notes)
    assert check(*pair, max_nfr=0.5, strict=True).outcome == "pass"


def test_a_doubt_is_refused_by_a_strict_gate(tmp_path: Path) -> None:
    write_rows(tmp_path / "old.jsonl", [{**row, "input": f"{row['id']}?"} for row in rows()])
    write_rows(tmp_path / "new.jsonl", [{**row, "input": None} for row in rows()])
    pair = str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl")
    comparison = compare(*pair)
    assert [note.kind for note in comparison.noted] == ["unchecked"]
    assert comparison.to_dict()["note_kinds"] == ["unchecked"]
    with pytest.raises(DataError, match="inputs were not compared"):
        check(*pair, max_nfr=0.5, strict=True)


@pytest.mark.parametrize("reference", ["none", None])
def test_what_is_not_read_is_not_compared(tmp_path: Path, reference: str | None) -> None:
    """Prompts may be meant to differ; without references, that is a doubt."""
    for side, mark in {"old": "?", "new": "!"}.items():
        marked = [{**row, "input": f"{row['id']}{mark}", "right": 1.0} for row in rows()]
        write_rows(tmp_path / f"{side}.jsonl", marked)
    pair = str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl")
    options: dict[str, Any] = {"scorer": "field:right"}
    with pytest.raises(DataError, match="--input-field none if prompts are meant"):
        check(*pair, max_nfr=0.5, **options)
    options["fields"] = {"input": "none"} | ({"references": reference} if reference else {})
    notes = [note for note in compare(*pair, **options).noted if "not compared" in note.text]
    assert {note.kind for note in notes} == {"unchecked" if reference else "field"}
    assert len(notes) == len(options["fields"])
    if reference:
        assert any(
            "inputs were not" in text for text in check(*pair, max_nfr=0.5, **options).warnings
        )
        with pytest.raises(DataError, match="references were not compared"):
            check(*pair, max_nfr=0.5, strict=True, **options)
    else:
        assert check(*pair, max_nfr=0.5, strict=True, **options).outcome == "pass"
