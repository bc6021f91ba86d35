"""How fast and in how much memory the logs of harnesses are read, beside `json.loads`.

    python benchmarks/reading_logs.py [--rows N] [--quick]

Writes benchmarks/results/reading_logs.md. The logs are made on the spot, in the shapes that
harnesses write, with texts from a seed.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from log_shapes import SHAPES, WORDS, text_of, write_shape
from speed_table import Line, Section, describe_machine

from compatkit import compare
from compatkit.readers.prediction_file import open_predictions

RESULTS = Path(__file__).parent / "results" / "reading_logs.md"
DATE = "2026-11-01T10-00-00.000000"


def write_lm_eval(folder: Path, rows: int, seed: int) -> Path:
    """Write a generative task whose prompts have 120 words and whose answers have 40."""
    folder.mkdir()
    draw = random.Random(seed)
    documents = random.Random(0)
    path = folder / f"samples_made_{DATE}.jsonl"
    with path.open("w") as file:
        for number in range(rows):
            prompt, target = text_of(documents, 120), documents.choice(WORDS)
            answer = draw.choice(WORDS)
            row = {
                "doc_id": number,
                "doc": {"question": prompt, "answer": target},
                "target": target,
                "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": ["\n"]}}},
                "resps": [[f"{text_of(draw, 40)} {answer}"]],
                "filtered_resps": [answer],
                "filter": "none",
                "metrics": ["exact_match"],
                "doc_hash": f"{number:064x}",
                "prompt_hash": f"{number:064x}",
                "target_hash": f"{number:064x}",
                "exact_match": float(answer == target),
            }
            file.write(json.dumps(row) + "\n")
    results = {"results": {"made": {"exact_match,none": 0.1}}, "model_name": "made"}
    results["n-samples"] = {"made": {"original": rows, "effective": rows}}
    (folder / f"results_{DATE}.json").write_text(json.dumps(results))
    return path


def sample_of(number: int, draw: random.Random) -> dict[str, object]:
    """Return a sample of Inspect whose events are most of its bytes."""
    question = f"{number} {text_of(draw, 40)}"
    events = [{"event": "model", "uuid": str(n), "input": text_of(draw, 80)} for n in range(10)]
    answer = draw.choice(WORDS)
    return {
        "id": number,
        "epoch": 1,
        "input": question,
        "target": "alpha",
        "messages": [{"role": "user", "content": question}],
        "output": {"choices": [{"message": {"content": answer}}], "completion": answer},
        "scores": {"match": {"value": "C" if answer == "alpha" else "I", "answer": answer}},
        "metadata": {},
        "events": events,
        "attachments": {},
    }


def write_inspect(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write the same samples as `.json` and as `.eval`."""
    draw = random.Random(0)
    header = {"version": 2, "status": "success", "eval": {"task": "made", "model": "m"}}
    as_json, as_zip = folder / "made.json", folder / "made.eval"
    with as_json.open("w") as file, zipfile.ZipFile(as_zip, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(header))
        file.write(json.dumps(header)[:-1] + ', "samples": [')
        for number in range(rows):
            text = json.dumps(sample_of(number, draw))
            file.write(", " * bool(number) + text)
            archive.writestr(f"samples/{number}_epoch_1.json", text)
        file.write("]}")
    return as_json, as_zip


def read_rows(path: Path) -> int:
    return sum(len(batch.rows) for batch in open_predictions(path).batches())


def load_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum("doc_id" in json.loads(line) for line in file)


def seconds(
    function: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> float:
    start = clock()
    function()
    return clock() - start


def peak_of(what: str, path: Path) -> float:
    """Return the peak of memory in MB of a process, and those it starts, for one thing."""
    child = Path(__file__).with_name("speed_child.py")
    command = [sys.executable, child, "tree", sys.executable, __file__, "--child", what, path]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1])["peak"])


CHILDREN: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: 0,
    "compare": lambda path: compare(path, path, keep_flips=False),
    "json.load": lambda path: json.loads(path.read_bytes()),
}


def measure_speed(old: Path, new: Path, rows: int, repetitions: int) -> Section:
    plain = {path: load_lines(path) for path in (old, new)}
    assert set(plain.values()) == {read_rows(old)} == {rows}
    found = compare(old, new, keep_flips=False)
    assert found.counts.total == rows
    read, loaded, compared = [], [], []
    for _ in range(repetitions):
        read.append(seconds(lambda: read_rows(old)))
        loaded.append(seconds(lambda: load_lines(old)))
        compared.append(seconds(lambda: compare(old, new, keep_flips=False)))
    size = old.stat().st_size / 1e6
    both = [2 * each for each in loaded]
    return Section(
        f"An lm-eval log of {rows:,} rows, {size:.0f} MB",
        "time of `json.loads` line by line = 1",
        "One process each, file in the cache of the system; the new run has other answers.",
        [
            Line("read as records, SHA-256 of the file included", read, loaded),
            Line(
                "`compare` of two, from files to the report's numbers, beside both read",
                compared,
                both,
            ),
        ],
    )


def load_all(files: Sequence[Path]) -> None:
    """Decode whole files, and JSON Lines line by line."""
    for path in files:
        with path.open("rb") as file:
            for line in file if path.suffix == ".jsonl" else [file.read()]:
                json.loads(line)


def measure_shapes(folder: Path, rows: int, repetitions: int) -> Section:
    lines = []
    for name in SHAPES:
        run = folder / name.partition(" ")[0]
        files = write_shape(run, name, rows)
        assert read_rows(run) == rows
        read, loaded = [], []
        for _ in range(repetitions):
            read.append(seconds(partial(read_rows, run), time.process_time))
            loaded.append(seconds(partial(load_all, files), time.process_time))
        size = sum(path.stat().st_size for path in files) / 1e6
        lines.append(Line(f"{name}, {size:.1f} MB", read, loaded))
    return Section(
        f"Runs of {rows:,} rows of other harnesses, read as records",
        "CPU time of `json.loads` of all files = 1",
        "Each file is read for its metrics and keys, and again for its rows.",
        lines,
    )


def measure_memory(files: dict[str, Path]) -> Section:
    base = peak_of("nothing", next(iter(files.values())))
    lines = []
    for name, path in files.items():
        size = path.stat().st_size / 1e6
        peak = peak_of("compare", path) - base
        lines.append(
            Line(f"`compare`, {name}", [peak], [size], detail=f"{peak:.0f} of {size:.0f} MB")
        )
    json_file = files["Inspect `.json`"]
    size = json_file.stat().st_size / 1e6
    peak = peak_of("json.load", json_file) - base
    lines.append(
        Line(
            "`json.loads` of the Inspect `.json`",
            [peak],
            [size],
            detail=f"{peak:.0f} of {size:.0f} MB",
        )
    )
    return Section(
        "Memory: peak of a process, less that of one that only imports compatkit",
        "size of the file = 1",
        "A process each, with those that it starts, sampled every 20 ms.",
        lines,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="fewer rows; prints, writes nothing")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        CHILDREN[given.child[0]](Path(given.child[1]))
        return
    rows = 5_000 if given.quick else given.rows
    machine = describe_machine()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        old, new = (write_lm_eval(folder / f"v{n}", rows, n) for n in (1, 2))
        as_json, as_zip = write_inspect(folder, rows // 5)
        speed = measure_speed(old, new, rows, 3 if given.quick else 7)
        shapes = measure_shapes(folder, rows // 5, 3 if given.quick else 7)
        memory = measure_memory(
            {"lm-eval": old, "Inspect `.json`": as_json, "Inspect `.eval`": as_zip}
        )
    text = (
        "# Reading the logs of harnesses\n\n"
        f"Command: `python benchmarks/reading_logs.py --rows {rows}`. {machine}\n\n"
        "The two sides took turns in one run: the ratio is the quotient of the medians, beside it\n"
        "the smallest and the largest quotient of single repetitions. The machine's load was "
        f"{os.getloadavg()[1]:.1f}.\n\n"
        f"{speed}\n{shapes}\n{memory}"
    )
    print(text)
    if not given.quick:
        RESULTS.write_text(text.rstrip() + "\n")


if __name__ == "__main__":
    main()
