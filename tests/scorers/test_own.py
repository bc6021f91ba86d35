import json
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from rows_of import rows_of

from compatkit import compare, own_scorer
from compatkit.errors import ConfigError, DataError
from compatkit.scorers.make import make_scorer

SOURCE = """
def length(predictions, references):
    pairs = zip(predictions, references)
    return [0.0 if p is None else min(1.0, len(p) / len(r[0])) for p, r in pairs]

def short(predictions, references):
    return [1.0]

def words(predictions, references):
    return ["many"] * len(predictions)

def nothing(predictions, references):
    return [float("nan")] * len(predictions)

def loud(predictions, references):
    print("called")
    return [1.0] * len(predictions)

def leaving(predictions, references):
    raise SystemExit(7)

def interrupted(predictions, references):
    raise KeyboardInterrupt

def judge(record, prediction, input):
    return record["rubric"] in prediction and input == "Q"

def needy(a, b, c):
    return a

def keyword(*, predictions):
    return [1.0] * len(predictions)

print("imported")
number = 3
"""


@pytest.fixture
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_scorers.py").write_text(SOURCE)
    (tmp_path / "broken_scorers.py").write_text("def f(:")
    (tmp_path / "leaving_scorers.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "my_scorers", raising=False)


@pytest.mark.usefixtures("_module")
def test_a_function_of_the_current_folder_is_a_scorer() -> None:
    path = list(sys.path)
    scored = make_scorer("my_scorers:length").score(rows_of(["ab", None], ["abcd", "x"]))
    assert scored.scores.tolist() == [0.5, 0.0]
    assert sys.path == path


@pytest.mark.usefixtures("_module")
@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("my_scorers:short", DataError, r"shape \(1,\) for 2 rows"),
        ("my_scorers:words", DataError, "failed on the 2 rows from here on: ValueError"),
        ("my_scorers:nothing", DataError, r"rows.jsonl:1: .* returned nan"),
        ("my_scorers:number", ConfigError, "is a int, not a function"),
        ("my_scorers:absent", ConfigError, "no function 'absent'"),
        ("no_such_module:f", ConfigError, "cannot be imported: ModuleNotFoundError"),
        ("my/scorers.py:f", ConfigError, r"Name the module, not its file: my\.scorers:f\."),
        ("my_scorers:needy", ConfigError, "takes a, b, c; two columns were expected, or some of"),
        ("my_scorers:keyword", ConfigError, "by keyword alone"),
        ("my_scorers:length?per_row", ConfigError, r"\?per_row=true was expected"),
        ("my_scorers:length?", ConfigError, r"\?per_row=true was expected"),
        ("my_scorers:judge", ConfigError, r"told by \?per_row=true"),
        (":f", ConfigError, "cannot be imported: ValueError"),
        ("broken_scorers:f", ConfigError, "cannot be imported: SyntaxError"),
        ("leaving_scorers:f", ConfigError, "cannot be imported: SystemExit: 3"),
        ("my_scorers:leaving", DataError, "failed on the 2 rows from here on: SystemExit: 7"),
        ("json:dumps", DataError, r"rows.jsonl:1: .* failed on the 2 rows from here on: TypeError"),
    ],
)
def test_what_is_no_scorer_is_refused(name: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make_scorer(name).score(rows_of(["a", "b"], ["a", "b"]))


def test_a_function_is_a_scorer() -> None:
    def half(predictions: list[str], references: list[list[str]]) -> list[float]:
        return [0.5] * len(predictions)

    scorer = make_scorer(half)
    assert scorer.name == "half"
    assert scorer.score(rows_of(["a"], ["b"])).scores.tolist() == [0.5]


@pytest.mark.usefixtures("_module")
def test_what_it_prints_stays_off_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    make_scorer("my_scorers:loud").score(rows_of(["a"], ["a"]))
    output, error = capsys.readouterr()
    assert (output, error) == ("", "imported\ncalled\n")


@pytest.mark.usefixtures("_module")
def test_an_interrupt_passes() -> None:
    with pytest.raises(KeyboardInterrupt):
        make_scorer("my_scorers:interrupted").score(rows_of(["a"], ["a"]))


@pytest.mark.usefixtures("_module")
def test_an_edited_function_has_another_signature(tmp_path: Path) -> None:
    before = make_scorer("my_scorers:length").options["source"]
    path = tmp_path / "my_scorers.py"
    path.write_text(path.read_text().replace("0.0 if", "0.5 if"))
    sys.modules.pop("my_scorers")
    linecache.checkcache()
    assert make_scorer("my_scorers:length").options["source"] != before


@pytest.mark.usefixtures("_module")
def test_a_function_of_one_row_may_take_the_record_and_the_input(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "prediction": "it is red", "rubric": "red", "input": "Q"},
        {"id": 2, "prediction": "it is red", "rubric": "blue", "input": "Q"},
    ]
    comparison = compare(rows, rows, scorer="my_scorers:judge?per_row=true")
    assert comparison.accuracy_new == 0.5
    assert "judge?per_row=true" in comparison.signature
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert compare(path, path, scorer="my_scorers:judge?per_row=true").accuracy_new == 0.5


def test_columns_may_be_named() -> None:
    def by_id(ids: list[str], records: list[dict[str, int]]) -> list[float]:
        return [float(record["n"] > 1) for record in records] if ids else []

    scorer = own_scorer(by_id)
    assert not scorer.needs_references
    rows = [{"id": number, "prediction": "x", "n": number} for number in range(4)]
    assert compare(rows, rows, scorer=by_id).accuracy_new == 0.5
    assert own_scorer(lambda prediction, references: prediction in references, per_row=True).score(
        rows_of(["a", "b"], ["a", ["a", "b"]])
    ).scores.tolist() == [1, 1]


def test_a_builtin_is_given_two_columns() -> None:
    scored = own_scorer(max, per_row=False)
    with pytest.raises(DataError, match="is expected"):
        scored.score(rows_of(["a"], ["b"]))


def test_a_function_without_a_source_is_known_by_its_code_or_its_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module: Any = ModuleType("made_up")
    exec(  # noqa: S102  (no file holds its source)
        "def half(p, r): return [0.5] * len(p)\ndef whole(p, r): return [1.0] * len(p)",
        vars(module),
    )
    module.built_in = max
    monkeypatch.setitem(sys.modules, "made_up", module)
    known_by = {
        name: make_scorer(f"made_up:{name}").options["source"]
        for name in ("half", "whole", "built_in")
    }
    assert len(set(known_by.values())) == 3
    assert known_by["half"] == make_scorer("made_up:half").options["source"]
