"""What an installation takes: megabytes, packages and seconds of the wheel and of each extra.

Run `python benchmarks/install.py [--constraint FILE]`: for each it makes a fresh environment,
installs the wheel that it built, runs what the extra is for there, and writes
`benchmarks/results/install.md`. pip's cache serves whom it can, so that seconds are pip's own work
more than the network's.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from speed_table import describe_machine

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "install.md"
HEAD = """# Installations

Command: `python benchmarks/install.py`. {machine}.

Each in a fresh environment, from the built wheel; megabytes without pip's own. "Ran" is a command
that the extra is for, run there, away from the clone. torch is {torch}. Load average when it began:
{load:.1f}.

| | packages | MB | seconds | ran |
| --- | --- | --- | --- | --- |
"""
LARGEST = """
## The largest packages of the core

| | MB |
| --- | --- |
"""
SHOWN = 12
MEASURE = """import compatkit, evaluate
flips = evaluate.load(compatkit.evaluate_module("negative_flip_rate"))
print(flips.compute(old_predictions=["a", "b"], predictions=["a", "c"], references=["a", "b"]))
"""
SERVE = """from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
import compatkit
server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_port}"
print(compatkit.compare(f"{address}/old.jsonl", f"{address}/new.jsonl", scorer="numeric"))
"""
MODEL = """import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tiny_models import make_llama
make_llama(Path("model"))
"""
PAIR = ("old.jsonl", "new.jsonl")
MADE = ["python", "-c", MODEL, str(ROOT / "tests/runner")]
SMOKE: dict[str, list[list[str]]] = {
    "": [
        [
            "compatkit",
            "score",
            "old.jsonl",
            "new.jsonl",
            "--scorer",
            "numeric",
            "-o",
            "report.html",
        ],
        ["compatkit", "gate", "old.jsonl", "new.jsonl", "-s", "numeric", "--max-nfr", "0.1"],
    ],
    "dask": [
        ["compatkit", "score", "old.jsonl", "new.jsonl", "-s", "numeric", "--scheduler", "local"]
    ],
    "evaluate": [["python", "-c", MEASURE]],
    "json": [
        ["compatkit", "score", "json.jsonl", "json.jsonl", "-s", "json", "--schema", "s.json"]
    ],
    "url": [["python", "-c", SERVE]],
    "math": [["compatkit", "score", "old.jsonl", "new.jsonl", "-s", "math"]],
    "run": [
        MADE,
        [
            "compatkit",
            "run",
            "-m",
            "model",
            "--data",
            "asked.jsonl",
            "-o",
            "answers.jsonl",
            "--max-new-tokens",
            "4",
        ],
    ],
    "muscle": [
        MADE,
        [
            "compatkit",
            "muscle",
            "finetune",
            "--base",
            "model",
            "--data",
            "asked.jsonl",
            "-o",
            "adapter",
            "--epochs",
            "1",
        ],
    ],
}
IN_PYTHON = {"evaluate": ["evaluate.load"], "url": ["compatkit.compare"]}


@dataclass(frozen=True, slots=True)
class Installation:
    """What one takes.

    Attributes:
        packages: name and version of each.
        sizes: megabytes of what lies in the environment, by its name.
        seconds: that pip took.
    """

    packages: dict[str, str]
    sizes: dict[str, float]
    seconds: float

    @property
    def size(self) -> float:
        """All megabytes."""
        return sum(self.sizes.values())


def build_wheel(folder: Path) -> Path:
    """Build the wheel as a release does, from a copy of what git holds."""
    source = folder / "source"
    source.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        str(folder),
        str(source),
    ]
    subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, extra: str, home: Path, options: list[str]) -> Installation:
    """Install the wheel with an extra in a fresh environment."""
    venv.create(home, with_pip=True)
    python = str(home / "bin" / "python")
    (site,) = home.glob("lib/python*/site-packages")
    before = {path.name for path in site.iterdir()}
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    start = time.perf_counter()
    subprocess.run([python, "-m", "pip", "install", "-q", *options, wanted], check=True)
    seconds = time.perf_counter() - start
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    packages = {row["name"]: row["version"] for row in json.loads(listed)}
    sizes = {path.name: size_of(path) for path in site.iterdir() if path.name not in before}
    return Installation(packages, sizes, seconds)


def size_of(path: Path) -> float:
    """Return the megabytes of a file, or of all in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def prepare(folder: Path) -> None:
    """Write what the commands read."""
    for name in PAIR:
        shutil.copy(ROOT / "docs/examples" / name, folder)
    row = {"id": "1", "prediction": '{"a": 1}', "reference": '{"a": 1}'}
    (folder / "json.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (folder / "s.json").write_text('{"type": "object"}', encoding="utf-8")
    asked = [
        {"id": str(n), "prompt": f"the cat {n}", "completion": "runs", "reference": "runs"}
        for n in range(10)
    ]
    (folder / "asked.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in asked), encoding="utf-8"
    )


def try_out(extra: str, home: Path, folder: Path) -> list[str]:
    """Run what an extra is for, and return its commands as a table shows them."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hub"),
    }
    for command in SMOKE[extra]:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    shown = [command for command in SMOKE[extra] if command[0] == "compatkit"]
    return [" ".join(command[:3] if command[1] == "muscle" else command[:2]) for command in shown]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--constraint", action="append", default=[], help="as pip's")
    parser.add_argument("--only", choices=SMOKE, help="one extra; nothing is written")
    chosen = parser.parse_args()
    options = [word for name in chosen.constraint for word in ("-c", name)]
    load = os.getloadavg()[0]
    rows, core, torch = [], None, "no version"
    for extra in SMOKE if chosen.only is None else [chosen.only]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            prepare(folder)
            made = install(build_wheel(folder), extra, folder / "env", options)
            ran = try_out(extra, folder / "env", folder) or IN_PYTHON[extra]
        core = core or made
        torch = made.packages.get("torch", torch)
        what = f"`compatkit[{extra}]`" if extra else "`compatkit`"
        counts = f"{len(made.packages) - 1} | {made.size:,.0f} | {made.seconds:.0f}"
        rows.append(f"| {what} | {counts} | {', '.join(f'`{command}`' for command in ran)} |")
        print(rows[-1], flush=True)
    if core is None or chosen.only is not None:
        return
    largest = sorted(core.sizes.items(), key=lambda item: -item[1])[:SHOWN]
    report = (
        HEAD.format(machine=describe_machine(), torch=torch, load=load) + "\n".join(rows) + "\n"
    )
    report += LARGEST + "".join(f"| {name} | {size:.0f} |\n" for name, size in largest)
    RESULTS.write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main()
