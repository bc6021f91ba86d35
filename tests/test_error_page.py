"""Documented errors, provoked by the command line: the text is the page's, and the remedy helps.

A command is refused with a message of the page, exit code 2 and nothing on the standard output.
The second command of a case does what the message says, and is carried out.
"""

import importlib.util
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from compatkit.cli import main

pytest.importorskip("sphinx", reason="sphinx is not installed: the group docs has it")
ROOT = Path(__file__).parents[1]
PAIR = "old.jsonl new.jsonl -s numeric"
CASES = (
    ("score old.jsonl few.jsonl -s numeric", "score old.jsonl few.jsonl -s numeric --missing skip"),
    ("score old.jsonl twice.jsonl -s numeric", f"score {PAIR}"),
    ("score old.jsonl nosuch.jsonl -s numeric", f"score {PAIR}"),
    ("score old.jsonl empty.jsonl -s numeric", f"score {PAIR}"),
    ("score old.jsonl cut.jsonl -s numeric", f"score {PAIR}"),
    (
        "score no_id.jsonl no_id.jsonl -s numeric",
        "score no_id.jsonl no_id.jsonl -s numeric --by-position",
    ),
    (
        "score old.jsonl other_name.jsonl -s numeric",
        "score old.jsonl other_name.jsonl -s numeric --new-field prediction=mine",
    ),
    (
        "score no_reference.jsonl no_reference.jsonl -s numeric",
        "score no_reference.jsonl no_reference.jsonl -s numeric --references references.jsonl",
    ),
    ("score old.txt old.txt", "score old.txt old.txt --references old.txt"),
    ("score both.jsonl", "score both.jsonl --old-field prediction=a --new-field prediction=b"),
    ("score - - -s numeric", f"score {PAIR}"),
    ("score old.jsonl new.jsonl -s numerc", f"score {PAIR}"),
    (f"score {PAIR} --by topic", f"score {PAIR} --by meta.topic"),
    ("score old.jsonl new.jsonl -s regex", r"score old.jsonl new.jsonl -s regex --pattern '\d+'"),
    (
        "score old.jsonl new.jsonl -s regex --pattern '('",
        r"score old.jsonl new.jsonl -s regex --pattern '\('",
    ),
    (f"score {PAIR} --threshold 3", f"score {PAIR}"),
    ("score old.jsonl new.jsonl -s field", "score old.jsonl new.jsonl -s field:right"),
    ("score old.jsonl new.jsonl -s nothing:score", f"score {PAIR}"),
    (f"score {PAIR} --tokenize zh", "score old.jsonl new.jsonl -s bleu --tokenize zh"),
    (
        "score old.jsonl new.jsonl -s bleu --tokenize words",
        "score old.jsonl new.jsonl -s bleu --tokenize char",
    ),
    (
        "score old.jsonl new.jsonl -s verdict",
        "score old.jsonl new.jsonl -s verdict --scale 0-1 --prediction-field right",
    ),
    (f"score {PAIR} -o report.docx", f"score {PAIR} -o report.html"),
    (f"score {PAIR} -o nofolder/report.md", f"score {PAIR} -o report.md"),
    (f"score {PAIR} -o old.md -o old.md", f"score {PAIR} -o old.md -o older.md"),
    (f"score {PAIR} --flips old.jsonl", f"score {PAIR} --flips flips.jsonl"),
    (f"score {PAIR} --flips flips.txt", f"score {PAIR} --flips flips.csv"),
    (f"score {PAIR} --intervals", f"score {PAIR} --intervals -o table.tex"),
    (f"score {PAIR} --picture slices", f"score {PAIR} --by meta.topic -o slices.svg"),
    (
        f"score {PAIR} --show-field meta.topic",
        f"score {PAIR} --show-field meta.topic --show-flips 1",
    ),
    (f"score {PAIR} --json --markdown", f"score {PAIR} --json -o report.md"),
    (f"score {PAIR} --matrix --by meta.topic", f"score {PAIR} --matrix"),
    (f"score {PAIR} --pass-at 4", f"score {PAIR} --pass-at 1"),
    (f"score {PAIR} --close-margin 0.1", f"score {PAIR}"),
    (f"score {PAIR} --where topic", f"score {PAIR} --where meta.topic=sums"),
    (f"gate {PAIR}", f"gate {PAIR} --max-nfr 50%"),
    ("gate", f"gate {PAIR} --max-nfr 0.5"),
    ("gate --init", f"gate --init {PAIR}"),
    (f"gate --policy nosuch.toml {PAIR}", f"gate {PAIR} --max-nfr 50%"),
    (f"gate {PAIR} --max-nfr 50", f"gate {PAIR} --max-nfr 50%"),
    (
        f"gate {PAIR} --max-nfr 50% --max-slice-nfr 90%",
        f"gate {PAIR} --max-nfr 50% --max-slice-nfr 90% --by meta.topic",
    ),
    (f"gate {PAIR} --max-nfr 50% --must-not-flip zz", f"gate {PAIR} --max-nfr 50%"),
    (
        f"gate {PAIR} --max-nfr 50% --must-not-flip-tag sums",
        f"gate {PAIR} --max-nfr 50% --must-not-flip-tag meta.topic=differences",
    ),
    ("history old.jsonl", f"history {PAIR}"),
    ("power --margin 2%", "power --margin 2% --discordance 10%"),
    ("power --nfr-budget 5", "power --nfr-budget 5%"),
)


def documented() -> ModuleType:
    spec = importlib.util.spec_from_file_location("error_page", ROOT / "docs/error_messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PAGE = documented()
PATTERNS = [PAGE.pattern(message) for message in PAGE.find_messages()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the example pair, and files of which each has one fault."""
    folder = tmp_path_factory.mktemp("files")
    old, new = (
        [
            {**json.loads(line), "right": 1}
            for line in (ROOT / f"docs/examples/{side}.jsonl").read_text("utf-8").splitlines()
        ]
        for side in ("old", "new")
    )

    def write(name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def without(field: str) -> list[dict[str, Any]]:
        return [{key: row[key] for key in row if key != field} for row in old]

    write("old.jsonl", old)
    write("new.jsonl", new)
    write("few.jsonl", new[:-3])
    write("twice.jsonl", [*new, new[0]])
    write("no_id.jsonl", without("id"))
    write("no_reference.jsonl", without("reference"))
    write("references.jsonl", [{key: row[key] for key in ("id", "reference")} for row in old])
    renamed = [{**row, "mine": row["prediction"]} for row in new]
    write("other_name.jsonl", [{k: row[k] for k in row if k != "prediction"} for row in renamed])
    write("both.jsonl", [{"id": 1, "a": "x", "b": "y", "reference": "x"}])
    write("empty.jsonl", [])
    (folder / "cut.jsonl").write_text((folder / "new.jsonl").read_text("utf-8")[:-20], "utf-8")
    (folder / "old.txt").write_text("yes\nno\n", "utf-8")
    return folder


def run(command: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> int:
    """Run a command as a shell does, in the folder of the files, and return its exit code."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "10000")
    monkeypatch.setattr("sys.argv", ["compatkit", *shlex.split(command)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(("wrong", "mended"), CASES)
def test_a_documented_error_is_what_is_said_and_its_remedy_helps(
    wrong: str,
    mended: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(wrong, monkeypatch, folder) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert any(pattern.search(printed.err) for pattern in PATTERNS), printed.err
    assert run(mended, monkeypatch, folder) == 0, capsys.readouterr().err


def test_cause_and_remedy_stand_apart() -> None:
    messages = list(PAGE.find_messages())
    parts = [PAGE.split_remedy(message.text) for message in messages]
    assert sum(bool(remedy) for _, remedy in parts) > len(parts) / 2
    assert PAGE.split_remedy("<path>: exists already. Remove it.") == (
        "<path>: exists already.",
        "Remove it.",
    )
    assert PAGE.split_remedy("<task>: no word. <ways>") == ("<task>: no word. <ways>", "")
    assert {message.room or "compatkit" for message in messages} == set(PAGE.TITLES)
