"""What every harness of the table promises."""

import gzip
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import zstandard
from fuzz_scripts import OF_LOGS, loaded
from harness_runs import RUNS, edit_lines, refusal
from prediction_files import rows_of_model, write_rows

from compatkit import compare
from compatkit.errors import CompatkitError
from compatkit.readers import READERS, logs
from compatkit.readers.logs import LOGS
from compatkit.readers.logs.harness import Harness
from compatkit.readers.logs.signs import FileSign
from compatkit.readers.prediction_file import open_run

ROOT = Path(__file__).parents[2]
every_harness = pytest.mark.parametrize("name", LOGS)
MADE = {
    "inspect": "inspect",
    "lighteval": "lighteval",
    "lm-eval": "lm_eval",
    "promptfoo": "promptfoo",
    "swe-bench": "swe_bench",
    "human-eval": "human_eval",
}


def module_of(name):
    return import_module(f"compatkit.readers.logs.{LOGS[name].module}")


def test_the_table_is_sorted_and_shares_no_name_with_the_readers():
    assert list(LOGS) == sorted(LOGS)
    assert not LOGS.keys() & READERS.keys()


@every_harness
def test_a_harness_is_documented_and_tested(name):
    module = module_of(name)
    file = module.__name__.rpartition(".")[2]
    assert len(module.__doc__ or "") > 200
    assert (ROOT / f"tests/readers/logs/test_{file}.py").is_file()
    assert f"`{name}`" in (ROOT / "docs/formats.md").read_text()
    assert f"## {LOGS[name].title}" in (ROOT / "docs/harnesses.md").read_text()
    assert LOGS[name].example.startswith("compatkit score ")
    for function in (module.open_logs, module.read_log):
        assert function.__module__ == module.__name__
        assert function.__doc__


@every_harness
@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "eval", "parquet"])
def test_other_files_are_left_alone(tmp_path, name, kind):
    path = write_rows(tmp_path / f"samples.{kind}", rows_of_model("old"))
    if kind == "json":
        path.write_text(json.dumps(rows_of_model("old")))
    assert LOGS[name].find([path]) == []


@every_harness
def test_no_harness_takes_the_logs_of_another(name):
    for other, folder in MADE.items():
        files = [path for path in (RUNS / folder).rglob("*") if path.is_file()]
        if other != name:
            assert LOGS[name].find(files) == []


@every_harness
def test_a_folder_without_its_logs_is_refused_when_it_is_named(tmp_path, name):
    write_rows(tmp_path / "old.jsonl", rows_of_model("old"))
    with pytest.raises(CompatkitError, match="no log of "):
        open_run(tmp_path, reader=name)


@pytest.mark.parametrize("name", sorted(MADE.keys() - {"lighteval"}))
def test_rows_have_compatkit_s_own_names_and_come_again_the_same(name):
    for side in ("v1", "v2"):
        for task, file in open_run(RUNS / MADE[name] / side).items():
            rows = [row for batch in file.batches() for row in batch.rows]
            lines = [line for batch in file.batches() for line in batch.lines]
            assert rows == [row for batch in file.batches() for row in batch.rows]
            wanted = np.array([len(rows) - 1, 0])
            assert list(file.pick(wanted, np.array(lines)[wanted])) == [rows[-1], rows[0]]
            assert file.log.task == task
            for row in rows:
                assert {"id", "prediction"} <= row.keys()
                assert len({"score", "unscored", "error"} & row.keys()) == 1
                assert {"reference", "references"} & row.keys()


def test_logs_of_two_harnesses_in_one_folder_are_refused(tmp_path):
    for name in ("lm_eval", "promptfoo"):
        for path in (RUNS / name / "v1").rglob("*.jsonl"):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CompatkitError, match=r"logs of several harnesses: .*--reader NAME"):
        open_run(tmp_path)
    assert list(open_run(tmp_path, reader="promptfoo")) == ["capitals"]


BOM = b"\xef\xbb\xbf"
TEXTS = (".json", ".jsonl")
# How bytes may differ while a file says the same; what is no text is compressed alone.
WAYS = {
    "a byte order mark": (lambda data: BOM + data, ""),
    "carriage returns": (lambda data: data.replace(b"\n", b"\r\n"), ""),
    "white space ahead": (lambda data: b"\n \n" + data, ""),
    "gzip": (gzip.compress, ".gz"),
    "zstd": (zstandard.compress, ".zst"),
    "a byte order mark in gzip": (lambda data: gzip.compress(BOM + data), ".gz"),
}


@pytest.fixture(scope="module")
def fuzz():
    with loaded(OF_LOGS) as modules:
        yield modules


def rows_of(trial, folder, options):
    """Return the rows of a run, its answers being called whatever they are."""
    for path in folder.glob("answers.*"):
        path.rename(folder / "answers.json")
    return trial.read_rows(folder, options | trial.dataset_of(folder))


@pytest.mark.parametrize("way", WAYS)
def test_a_log_is_read_alike_however_its_bytes_are_written(tmp_path, fuzz, way):
    pack, suffix = WAYS[way]
    trial = fuzz["fuzz_log_trial"]
    for number, (name, fixture) in enumerate(fuzz["fuzz_log_runs"].FIXTURES.items()):
        texts = {path for path in fixture.files if path.endswith(TEXTS) and path != trial.DATASET}
        written = {
            path + suffix * (path in texts): pack(data) if path in texts else data
            for path, data in fixture.files.items()
        }
        plain = trial.write_run(tmp_path / f"plain{number}", fixture.files)
        altered = trial.write_run(tmp_path / f"altered{number}", written)
        options = dict(fixture.options)
        assert rows_of(trial, altered, options) == rows_of(trial, plain, options), name


def test_details_of_lighteval_may_be_compressed(tmp_path):
    whole = RUNS / "lighteval/v1"
    for path in whole.rglob("*"):
        if path.is_file():
            target = tmp_path / path.relative_to(whole).with_name(f"{path.name}.gz")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(gzip.compress(path.read_bytes()))
    tasks = {task: file.log.metrics for task, file in open_run(tmp_path).items()}
    assert tasks == {task: file.log.metrics for task, file in open_run(whole).items()}


READER = '''"""Quizzer: a file `quiz_NAME.jsonl`, a line a question, which `number` tells apart."""

from compatkit.predictions.records import Records
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.logs.log import Log, set_score


def open_logs(files, selection):
    measures = {"metrics": ("points", "grade"), "directions": {"points": False}}
    return [Log("quizzer", path.stem.removeprefix("quiz_"), path, **measures) for path in files]


def read_log(stream, log):
    for batch in read_jsonl(stream, str(log.path), by_hand=False):
        records = []
        for row, line in zip(batch.rows, batch.lines, strict=True):
            record = {"id": row["number"], "prediction": row["says"], "reference": row["key"]}
            if log.metric:
                set_score(record, row[log.metric], log, f"{log.path}:{line}")
            records.append(record)
        yield Records(records, batch.lines, str(log.path))
'''


@pytest.fixture
def quizzes(tmp_path, monkeypatch):
    """Add a harness as one does, a file and an entry, and return the logs of two runs."""
    monkeypatch.setitem(
        LOGS,
        "quizzer",
        Harness(
            "Quizzer",
            "quizzer",
            "compatkit score v1 v2",
            "number",
            (FileSign((".jsonl",), name="^quiz_"),),
        ),
    )
    (tmp_path / "quizzer.py").write_text(READER)
    monkeypatch.setattr(logs, "__path__", [*logs.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "compatkit.readers.logs.quizzer", raising=False)
    for side, says in (("v1", ["a", "b", "c", "-"]), ("v2", ["a", "-", "c", "d"])):
        (tmp_path / side).mkdir()
        write_rows(
            tmp_path / side / "quiz_letters.jsonl",
            [
                {"number": n, "says": answer, "key": key, "points": int(answer == key)}
                for n, (answer, key) in enumerate(zip(says, "abcd", strict=True))
            ],
        )
    return tmp_path


def test_one_more_harness_is_a_file_and_an_entry(quizzes):
    comparison = compare(quizzes / "v1", quizzes / "v2")
    assert (comparison.counts.total, comparison.counts.both_right) == (4, 2)
    assert comparison.negative_flip_rate == comparison.positive_flip_rate == 0.25
    judged = compare(quizzes / "v1", quizzes / "v2", scorer="exact_match")
    assert judged.counts == comparison.counts
    assert list(open_run(quizzes / "v1", reader="quizzer")) == ["letters"]


def test_what_all_harnesses_refuse_is_refused_of_one_more(quizzes):
    pair = (quizzes / "v1", quizzes / "v2")
    assert "nonsense" in refusal(*pair, metric="nonsense")
    assert "not as Quizzer writes it" in refusal(*pair, metric="grade", higher_is_better=True)
    path = pair[0] / "quiz_letters.jsonl"
    edit_lines(path, lambda row: row.update(number=row["number"] // 2))
    assert "number" in refusal(*pair)


def test_a_plain_file_loads_no_harness(tmp_path):
    path = write_rows(tmp_path / "old.jsonl", rows_of_model("old"))
    code = (
        "import sys; from compatkit import compare; "
        f"compare({str(path)!r}, {str(path)!r}); "
        "print(sorted(m for m in sys.modules if m.startswith('compatkit.readers.logs.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for harness in LOGS.values():
        assert f"compatkit.readers.logs.{harness.module}'" not in done.stdout
