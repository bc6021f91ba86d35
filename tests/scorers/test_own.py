import linecache
import sys
from pathlib import Path

import pytest
from rows_of import rows_of

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
