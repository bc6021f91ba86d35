import json
import sys
from pathlib import Path

import pytest

import compatkit
from compatkit.errors import ConfigError, DataError
from compatkit.pairing import engine

ROWS = [
    {"id": n, "prediction": "The Cat" if n % 3 else None, "reference": "cat"} for n in range(50)
]


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    new = [{**row, "prediction": "dog" if row["id"] < 9 else "a cat!"} for row in ROWS]
    return write(tmp_path / "old.jsonl", ROWS), write(tmp_path / "new.jsonl", new)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every file count as large, and tell which were scored elsewhere."""
    monkeypatch.setattr(engine, "LARGE", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    names: list[str] = []
    run = engine._run_in_process

    def spy(job: engine.Job, seed: str, progress: object) -> object:
        names.append(job.file.name)
        return run(job, seed, progress)

    monkeypatch.setattr(engine, "_run_in_process", spy)
    return names


def test_processes_give_what_this_one_gives(pair: tuple[Path, Path], elsewhere: list[str]) -> None:
    shares: list[tuple[str, float]] = []
    options = {"normalize": "squad", "by": "id"}
    found = compatkit.compare(*pair, progress=lambda *each: shares.append(each), **options)
    assert sorted(elsewhere) == sorted(map(str, pair))
    rows = [[json.loads(line) for line in path.read_text().splitlines()] for path in pair]
    expected = compatkit.compare(*rows, **options)
    assert found.counts == expected.counts
    assert found.counts.negative_flips == 6
    assert found.metrics == expected.metrics
    assert {name for name, share in shares if share == 1.0} == set(map(str, pair))


def test_an_error_of_another_process_is_the_same_error(
    pair: tuple[Path, Path], elsewhere: list[str]
) -> None:
    with pair[1].open("a") as file:
        file.write('{"id": 50\n')
    with pytest.raises(DataError, match=r"new\.jsonl:51: the JSON value that begins here"):
        compatkit.compare(*pair)
    assert elsewhere


def test_a_function_and_rows_in_memory_stay_here(
    pair: tuple[Path, Path], elsewhere: list[str]
) -> None:
    compatkit.compare(*pair, scorer=lambda predictions, _: [1.0] * len(predictions))
    compatkit.compare(ROWS, pair[1])
    assert elsewhere == []


def test_what_a_scorer_prints_is_no_result_and_is_passed_on(
    pair: tuple[Path, Path],
    elsewhere: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = (
        "def f(predictions, references):\n    print('said')\n    return [1.0] * len(predictions)\n"
    )
    (pair[0].parent / "loud_scorer.py").write_text(source)
    monkeypatch.chdir(pair[0].parent)
    monkeypatch.delitem(sys.modules, "loud_scorer", raising=False)
    found = compatkit.compare("old.jsonl", "new.jsonl", scorer="loud_scorer:f")
    assert found.accuracy_new == 1.0
    assert capsys.readouterr().err == "said\n" * 2


def test_a_process_that_dies_is_an_error(
    pair: tuple[Path, Path], elsewhere: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (pair[0].parent / "deadly_scorer.py").write_text("import os\n\n\ndef f(*_):\n    os._exit(7)\n")
    monkeypatch.chdir(pair[0].parent)
    with pytest.raises(compatkit.CompatkitError, match="ended with code 7 and no result"):
        compatkit.compare("old.jsonl", "new.jsonl", scorer="deadly_scorer:f")


def test_an_option_that_does_not_exist_is_refused_before_any_process(
    pair: tuple[Path, Path], elsewhere: list[str]
) -> None:
    with pytest.raises(ConfigError, match="no option 'stemmer'"):
        compatkit.compare(*pair, stemmer=True)
    assert elsewhere == []
