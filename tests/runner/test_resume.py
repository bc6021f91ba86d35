"""A run that was cut goes on to the same bytes, and loses no finished example."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from runner.conftest import Ask
from runner.tiny_models import DEVICE

from compatkit.errors import ConfigError, DataError
from compatkit.runner.answers import Answerer
from compatkit.runner.journal import Journal, find_journals, read_journals

KILLS = 20


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1"}


def start_server(folder: Path) -> "subprocess.Popen[str]":
    """Start a process that has the libraries imported, and forks a run for each line it reads."""
    code = """
import json, os, sys, time
import torch, transformers, peft
torch.set_num_threads(1)
from transformers import AutoModelForCausalLM, AutoTokenizer
from compatkit.runner import answers
from compatkit import cli
real = answers.Answerer.answer
def slowly(self, batch):
    time.sleep(0.02)
    return real(self, batch)
answers.Answerer.answer = slowly
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        sys.argv = ["compatkit", *json.loads(line)]
        cli.main()
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(folder),
    )
    assert server.stdout is not None
    assert server.stdout.readline() == "ready\n"
    return server


Fork = Callable[..., int]


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a function that runs the command line in a fork, and may kill it; it gives the code."""
    server = start_server(tmp_path_factory.mktemp("server"))

    def run(*words: str, kill_when: Callable[[], bool] | None = None) -> int:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(words) + "\n")
        server.stdin.flush()
        child = int(server.stdout.readline())
        if kill_when is not None:
            while not kill_when():
                time.sleep(0.001)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(server.stdout.readline())

    yield run
    server.stdin.close()  # type: ignore[union-attr]
    server.wait(timeout=30)
    server.stdout.close()  # type: ignore[union-attr]


@pytest.mark.parametrize("task", ["gsm8k", "hellaswag"])
def test_killed_at_random_points_and_resumed_the_bytes_are_the_same(
    fork: Fork, tiny: Path, tmp_path: Path, task: str
) -> None:
    words = [
        "run",
        "-m",
        str(tiny / "llama"),
        "--task",
        task,
        "--data",
        str(tiny / f"{task}.jsonl"),
    ]
    words += ["--batch-size", "4"]
    if task == "gsm8k":
        words += ["--max-new-tokens", "12", "--samples", "2", "--temperature", "0.8"]
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    assert fork(*words, "-o", str(whole)) == 0
    draw = random.Random(task)
    kept: list[int] = []
    for number in range(KILLS // 2):
        more, rest = draw.randint(0, 2_500), draw.uniform(0, 0.03)

        def reached(wanted: int = more + sum(kept[-1:]), rest: float = rest) -> bool:
            if not cut.exists() and _journalled(cut) < wanted:
                return False
            time.sleep(rest)
            return True

        code = fork(*words, "-o", str(cut), "--resume", kill_when=reached)
        assert code in {-signal.SIGKILL, 0}, number
        if cut.exists():  # the run was quicker: begin anew
            assert cut.read_bytes() == whole.read_bytes()
            for path in (cut, cut.with_name("cut.meta.json"), *find_journals(cut)):
                path.unlink(missing_ok=True)
        kept.append(_journalled(cut))
    assert len({size for size in kept if size}) > 2, "the points were all alike"
    assert fork(*words, "-o", str(cut), "--resume") == 0
    assert cut.read_bytes() == whole.read_bytes()
    assert (
        cut.with_name("cut.meta.json").read_text() == whole.with_name("whole.meta.json").read_text()
    )
    assert not find_journals(cut)


def _journalled(output: Path) -> int:
    return sum(path.stat().st_size for path in find_journals(output))


class StopError(Exception):
    """What ends a run in the middle."""


def cut_after(monkeypatch: pytest.MonkeyPatch, batches: int, error: BaseException) -> list[int]:
    """Let so many batches pass, then raise; return the list that grows with each batch."""
    real, asked = Answerer.answer, []

    def answer(self: Answerer, batch: Any) -> Any:
        if len(asked) == batches:
            raise error
        asked.append(len(batch))
        return real(self, batch)

    monkeypatch.setattr(Answerer, "answer", answer)
    return asked


def test_what_was_finished_is_not_asked_again(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = ask(
        "llama", None, "plain.jsonl", batch_size=4, max_new_tokens=5, output="a.jsonl"
    )
    with monkeypatch.context() as patch:
        cut_after(patch, 2, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            ask("llama", None, "plain.jsonl", batch_size=4, max_new_tokens=5)
    assert not (tmp_path / "out.jsonl").exists()
    with monkeypatch.context() as patch:
        asked = cut_after(patch, 99, StopError())
        rows, outcome = ask(
            "llama", None, "plain.jsonl", batch_size=4, max_new_tokens=5, resume=True
        )
    assert rows == expected
    assert asked == [4]
    assert (outcome.made, outcome.rows) == (4, 12)


def test_a_cut_run_is_neither_begun_anew_nor_resumed_otherwise_unless_asked(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        cut_after(patch, 1, StopError())
        with pytest.raises(StopError):
            ask("llama", None, "plain.jsonl", batch_size=4, max_new_tokens=5)
    with pytest.raises(ConfigError, match="--resume goes on, --overwrite begins anew"):
        ask("llama", None, "plain.jsonl", batch_size=4, max_new_tokens=5)
    for changed, said in (
        ({"max_new_tokens": 6}, "generation.max_new_tokens was 5 and is 6"),
        ({"batch_size": 3}, "batches.size was 4 and is 3"),
        ({"limit": 3}, "data.examples was 12 and is 3"),
    ):
        values: dict[str, Any] = {"batch_size": 4, "max_new_tokens": 5, **changed}
        with pytest.raises(ConfigError, match=said):
            ask("llama", None, "plain.jsonl", resume=True, **values)
    with pytest.raises(ConfigError, match=r"model\.digest was"):
        ask("llama-v2", None, "plain.jsonl", batch_size=4, max_new_tokens=5, resume=True)
    rows, _ = ask("llama", None, "plain.jsonl", batch_size=4, max_new_tokens=6, overwrite=True)
    assert len(rows) == 12


@pytest.mark.parametrize("name", ["config.json", "generation_config.json"])
def test_a_run_is_not_resumed_with_an_edited_configuration(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tiny: Path, tmp_path: Path, name: str
) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny / "llama", model)
    values: dict[str, Any] = {"batch_size": 4, "max_new_tokens": 5}
    with monkeypatch.context() as patch:
        cut_after(patch, 1, StopError())
        with pytest.raises(StopError):
            ask(str(model), None, "plain.jsonl", **values)
    kept = (model / name).read_bytes()
    edited = {**json.loads(kept), "rms_norm_eps": 0.5, "eos_token_id": 5}
    (model / name).write_text(json.dumps(edited))
    with pytest.raises(ConfigError, match=r"model\.digest was"):
        ask(str(model), None, "plain.jsonl", **values, resume=True)
    (model / name).write_bytes(kept)
    rows, _ = ask(str(model), None, "plain.jsonl", **values, resume=True)
    header = json.loads((tmp_path / "out.meta.json").read_text())
    assert (len(rows), header["model"]["digest"][:7]) == (12, "sha256:")


@pytest.mark.parametrize("content", ['{"mine": 1}', "[1]", "notes", ""])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_where_the_header_goes_is_kept(
    ask: Ask, tmp_path: Path, content: str, overwrite: bool
) -> None:
    path = tmp_path / "out.meta.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"out\.meta\.json: is there, and no header of a run"):
        ask("llama", None, "plain.jsonl", max_new_tokens=3, overwrite=overwrite)
    assert path.read_text() == content
    assert not (tmp_path / "out.jsonl").exists()
    path.write_text('{"compatkit_run": 99}')
    rows, _ = ask("llama", None, "plain.jsonl", max_new_tokens=3, overwrite=overwrite)
    assert len(rows) == json.loads(path.read_text())["predictions"]["rows"] == 12


def test_a_file_that_is_there_is_kept_unless_asked(ask: Ask, tmp_path: Path) -> None:
    ask("llama", None, "plain.jsonl", max_new_tokens=3)
    before = (tmp_path / "out.jsonl").read_bytes()
    with pytest.raises(ConfigError, match="is there already"):
        ask("llama", None, "plain.jsonl", max_new_tokens=3)
    _, outcome = ask("llama", None, "plain.jsonl", max_new_tokens=3, resume=True)
    assert (outcome.made, outcome.rows) == (0, 12)
    with pytest.raises(ConfigError, match="max_new_tokens was 3 and is 4"):
        ask("llama", None, "plain.jsonl", max_new_tokens=4, resume=True)
    assert (tmp_path / "out.jsonl").read_bytes() == before
    (tmp_path / "out.jsonl").write_bytes(before + b"\n")
    with pytest.raises(ConfigError, match="no header that describes it"):
        ask("llama", None, "plain.jsonl", max_new_tokens=3, resume=True)


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit of file size here")
def test_a_full_disk_loses_no_finished_example(ask: Ask, tmp_path: Path, tiny: Path) -> None:
    """A limit of the file's size stands in for the disk: writing fails in the middle of a line."""
    expected, _ = ask(
        "llama", None, "plain.jsonl", batch_size=3, max_new_tokens=4, output="a.jsonl"
    )
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, limits[1]))
        with pytest.raises(DataError, match="make room, and run the same command with --resume"):
            ask("llama", None, "plain.jsonl", batch_size=3, max_new_tokens=4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    [journal] = find_journals(tmp_path / "out.jsonl")
    assert journal.stat().st_size == 4_000
    rows, outcome = ask("llama", None, "plain.jsonl", batch_size=3, max_new_tokens=4, resume=True)
    assert rows == expected
    assert 0 < outcome.made < 12


def test_a_journal_that_ends_in_the_middle_of_a_line_is_read_to_there(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    for cut in (0, 5):
        journal = Journal(output, 0, {"seed": 1})
        journal.add(cut, 8, [{"id": "a"}])
        journal.close()
        [path] = find_journals(output)
        path.write_bytes(path.read_bytes() + b'{"batch": 1, "si')
    found = read_journals(output, {"seed": 1})
    assert sorted(found.batches) == [0, 5]
    assert (found.rows, found.size) == (2, 8)
    with pytest.raises(ConfigError, match="seed was 1 and is 2"):
        read_journals(output, {"seed": 2})
    path.write_bytes(path.read_bytes().replace(b'"rows"', b'"lost"'))
    with pytest.raises(DataError, match="journal-0:2: no entry of a journal"):
        read_journals(output, {"seed": 1})


def test_two_processes_make_the_file_of_one(tiny: Path, tmp_path: Path) -> None:
    words = ["run", "-m", str(tiny / "llama"), "--task", "hellaswag"]
    words += ["--data", str(tiny / "hellaswag.jsonl"), "--batch-size", "8", "--device", DEVICE]
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    launch += ["--main_process_port", "0"]
    for number, start in enumerate((launch, [sys.executable])):
        output = tmp_path / f"{number}" / "out.jsonl"
        output.parent.mkdir()
        done = subprocess.run(
            [*start, "-m", "compatkit", *words, "-o", str(output)],
            capture_output=True,
            text=True,
            check=False,
            env=environment(tmp_path),
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stdout == ""
        assert done.stderr.count(f"{output}: 20 answers\n") == 1
        assert sorted(path.name for path in output.parent.iterdir()) == [
            "out.jsonl",
            "out.meta.json",
        ]
    for name in ("out.jsonl", "out.meta.json"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()
