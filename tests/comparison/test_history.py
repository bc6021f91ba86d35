"""A history as Python has it: what it returns of three versions that were worked by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

import compatkit
from compatkit.comparison.history import History
from compatkit.errors import ConfigError

# Right and wrong of each example; v2 breaks b and d, v3 breaks c and repairs d.
STRINGS = {"a": "RRR", "b": "RWW", "c": "RRW", "d": "RWR", "e": "WWW"}


def versions() -> dict[str, list[dict[str, Any]]]:
    return {
        f"v{number + 1}": [
            {"id": name, "prediction": text[number], "reference": "R"}
            for name, text in STRINGS.items()
        ]
        for number in range(3)
    }


def made(**options: Any) -> History:
    return compatkit.history(versions(), **options)


def test_the_examples_that_a_version_first_broke() -> None:
    of = made()
    assert [of.broke_in(name) for name in of.names] == [[], ["b", "d"], ["c"]]
    with pytest.raises(ConfigError, match="no version 'v4'; there are v1, v2, v3"):
        of.broke_in("v4")


def test_a_dictionary_holds_every_example_and_every_version() -> None:
    of = made()
    held = of.to_dict()
    assert held["ids"] == list(STRINGS)
    assert held["right"] == list(STRINGS.values())
    assert held["patterns"] == dict.fromkeys(STRINGS.values(), 1)
    # b, c and d are forgotten once; d is learned again.
    assert held["events"] == {"forgetting": 3, "learning": 1}
    assert [version["counts"]["broken"] for version in held["versions"]] == [0, 2, 2]
    assert held["short_signature"] == of.short_signature
    assert json.loads(of.to_json())["history"] == json.loads(json.dumps(held))


def test_a_total_over_tasks_names_no_example_of_a_task(tmp_path: Path) -> None:
    for name, rows in versions().items():
        (tmp_path / name).mkdir()
        for task in ("math", "text"):
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (tmp_path / name / f"{task}.jsonl").write_text(lines)
    of = compatkit.history(tmp_path)
    assert [part.task for part in of.of_tasks] == ["math", "text"]
    assert of.total == 2 * len(STRINGS)
    held = of.to_dict()
    assert (held["ids"], held["right"]) == (None, None)
    assert of.broke_in("v3") == ["c", "c"]
    assert of.to_frame()["task"].tolist() == ["math"] * 5 + ["text"] * 5


def test_a_frame_has_a_row_for_each_example() -> None:
    frame = made().to_frame()
    assert frame["right"].tolist() == list(STRINGS.values())
    assert frame["changes"].tolist() == [0, 1, 1, 2, 0]
    assert frame["first_broken"].tolist() == [None, "v2", "v3", "v2", None]
    assert frame[["v1", "v2", "v3"]].to_numpy().tolist() == [
        [letter == "R" for letter in text] for text in STRINGS.values()
    ]


def test_a_history_shows_itself() -> None:
    of = made()
    assert repr(of) == (
        "<History of v1, v2, v3: 5 examples by exact_match, 2 ever right and now wrong; print() "
        "shows all>"
    )
    assert "v3" in str(of)
    assert "<table" in of._repr_html_()


def test_a_picture_is_written_as_its_suffix_says(tmp_path: Path) -> None:
    made().plot(tmp_path / "history.svg")
    assert "<svg" in (tmp_path / "history.svg").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="gif"):
        made().plot(tmp_path / "history.gif")
    assert not (tmp_path / "history.gif").exists()


def test_notes_are_the_texts_of_what_was_noted() -> None:
    rows = versions()
    of = compatkit.history({**rows, "v4": rows["v3"]})
    assert of.notes == tuple(note.text for note in of.noted)
    assert of.to_dict()["note_kinds"] == [note.kind for note in of.noted]
