"""The real library, in a process of its own: an empty home, and no network."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from evaluate_module_cases import FOLDER

# Forks a process for each line it reads, so that the library is imported once; its home is a link.
SERVER = """
import json, os, socket, sys, traceback
def refuse(*_, **__):
    raise AssertionError("a socket was opened")
socket.socket.connect = refuse
import evaluate
import compatkit
name = "negative_flip_rate"
given = {"old_predictions": ["a", "b"], "predictions": ["a", "c"], "references": ["a", "b"]}
for line in sys.stdin:
    child = os.fork()
    if not child:
        code, home, output, error = json.loads(line)
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), 1)
        os.dup2(os.open(error, os.O_WRONLY | os.O_CREAT), 2)
        os.environ["HOME"] = home
        if os.path.isdir(home):
            os.chdir(home)
        try:
            exec(code)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        sys.stdout.flush()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
Printed = Callable[[str, Path], Any]


@pytest.fixture(scope="module")
def link() -> Iterator[Path]:
    """Return the home of the library, a link to that of each test."""
    # Not below pytest's folder, which is closed to the user that root becomes.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name) / "link"


@pytest.fixture(scope="module")
def printed(link: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Printed]:
    """Give a function that runs code in a fork with a home, and reads the JSON it prints last."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    own = {"HF_HOME": str(link), "HF_HUB_OFFLINE": "1", "USE_TORCH": "0"}
    link.symlink_to(tmp_path_factory.mktemp("import"))

    def printed(code: str, home: Path) -> Any:
        link.unlink()
        link.symlink_to(home)
        output, error = (tmp_path_factory.mktemp("fork") / stream for stream in ("out", "err"))
        server.stdin.write(json.dumps([code, *map(str, (home, output, error))]) + "\n")
        server.stdin.flush()
        assert server.stdout.readline() == "0\n", error.read_text()
        return json.loads(output.read_text().splitlines()[-1])

    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**inherited, **own},
    ) as server:
        yield printed
        server.stdin.close()


def test_load_by_folder_by_file_and_from_a_clone(printed, tmp_path) -> None:
    clone = tmp_path / "clone" / "negative_flip_rate"
    shutil.copytree(FOLDER / "negative_flip_rate", clone)
    found = printed(
        f"""
folder = compatkit.evaluate_module(name)
paths = [folder, folder + "/negative_flip_rate.py", {str(clone)!r}, "clone/negative_flip_rate"]
modules = [evaluate.load(path) for path in paths]
print(json.dumps([[module.name, module.compute(**given)] for module in modules]))
""",
        tmp_path,
    )
    assert found == [["negative_flip_rate", {"negative_flip_rate": 0.5, "negative_flips": 1}]] * 4


def test_combine_and_save(printed, tmp_path) -> None:
    (tmp_path / "share_of_a").mkdir()
    (tmp_path / "share_of_a" / "share_of_a.py").write_text(
        """
import datasets
import evaluate

class ShareOfA(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({"predictions": text, "references": text})
        return evaluate.MetricInfo(description="", citation="", features=features)

    def _compute(self, predictions, references):
        return {"share_of_a": predictions.count("a") / len(predictions)}
""",
        encoding="utf-8",
    )
    found = printed(
        """
load = lambda name, **options: evaluate.load(compatkit.evaluate_module(name), **options)
names = ["negative_flip_rate", "positive_flip_rate"]
paths = [compatkit.evaluate_module(name) for name in names]
both = evaluate.combine(paths).compute(**given)
beside = evaluate.combine(["./share_of_a", paths[0]])
beside.add_batch(**given)
beside.add(prediction="a", reference="b", old_predictions="b")
held = evaluate.combine(["./share_of_a", load(name, old_predictions=given.pop("old_predictions"))])
held = held.compute(**given)
path = evaluate.save("results/one.json", **both, model="v2")
print(json.dumps([both, beside.compute(), held, json.load(open(path))]))
""",
        tmp_path,
    )
    both, beside, held, saved = found
    assert both == {
        "negative_flip_rate": 0.5,
        "negative_flips": 1,
        "positive_flip_rate": 0.0,
        "positive_flips": 0,
    }
    assert beside == {"share_of_a": 2 / 3, "negative_flip_rate": 2 / 3, "negative_flips": 2}
    assert held == {"share_of_a": 0.5, "negative_flip_rate": 0.5, "negative_flips": 1}
    assert saved.items() >= {**both, "model": "v2"}.items()


def test_two_instances_take_no_lock_and_write_no_rows(printed, tmp_path) -> None:
    found = printed(
        """
one, two = (evaluate.load(compatkit.evaluate_module(name)) for _ in range(2))
import evaluate.module
evaluate.module.FileLock = evaluate.module.ArrowWriter = refuse
for module in (one, two, one):
    module.add_batch(**given)
print(json.dumps([one.compute(counts=True)["total"], two.compute(counts=True)["total"]]))
""",
        tmp_path,
    )
    assert found == [4, 2]
    assert not list(tmp_path.rglob("*.arrow"))


def test_processes_meet_in_evaluate_s_cache(printed, tmp_path) -> None:
    # Ranks 0 and 1 hold one half each; rank 0 alone has a result.
    code = """
import threading
shares = [
    {"old_predictions": ["a", 1], "predictions": [None, "x"], "references": ["a", [1, "x"]]},
    {"old_predictions": ["b"], "predictions": ["b"], "references": ["b"]},
]
path = compatkit.evaluate_module("exact_match_flips")
results = [None, None]
def work(rank):
    module = evaluate.load(path, num_process=2, process_id=rank, experiment_id="two", timeout=60)
    module.add_batch(**shares[rank])
    results[rank] = module.compute(counts=True)
threads = [threading.Thread(target=work, args=(rank,)) for rank in (0, 1)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(results))
"""
    first, second = printed(code, tmp_path)
    assert second is None
    assert (first["total"], first["negative_flips"], first["no_answer_new"]) == (3, 1, 1)
    assert first["both_right"] == 2


def test_a_home_that_cannot_be_written_is_a_sentence(printed, tmp_path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    code = """
try:
    compatkit.evaluate_module(name)
except compatkit.ConfigError as error:
    print(json.dumps(str(error)))
"""
    assert "cannot be written: Not a directory. Set HF_HOME" in printed(code, file / "home")


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are POSIX's")
@pytest.mark.parametrize("made", [False, True])
def test_a_read_only_home_is_a_sentence(printed, link, made) -> None:
    # Not below tmp_path, for the same reason as the link.
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        if made:
            (home / "modules").mkdir(mode=0o555)
        home.chmod(0o555)
        message = printed(
            """
import os
import compatkit.evaluate_modules
if os.geteuid() == 0:
    os.setuid(65534)
try:
    compatkit.evaluate_module(name)
except compatkit.ConfigError as error:
    print(json.dumps(str(error)))
""",
            home,
        )
        home.chmod(0o755)
    assert message.startswith(f"{link}/modules: evaluate copies modules into this folder")
    assert "cannot be written: Permission denied. Set HF_HOME" in message


def test_without_evaluate_the_extra_is_named(printed, tmp_path) -> None:
    code = """
from compatkit import extras
find_spec = extras.find_spec
extras.find_spec = lambda name: None if name == "evaluate" else find_spec(name)
messages = []
for call in (lambda: compatkit.evaluate_module(name), lambda: compatkit.evaluate_metric("x")):
    try:
        call()
    except compatkit.MissingExtraError as error:
        messages.append(str(error))
print(json.dumps(messages))
"""
    messages = printed(code, tmp_path)
    assert len(messages) == 2
    assert all('pip install "compatkit[evaluate]"' in message for message in messages)
