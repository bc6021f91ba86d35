"""The tutorials on models: their commands run in order, and show what the page shows.

A number that training made is not the same on every machine, nor with every version, so that it may
differ by a quarter; what the page claims of the numbers is held beside it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import compatkit

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "tutorials"
SESSION = re.compile(r"^```shell-session\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def commands_of(page: str) -> list[tuple[str, str]]:
    """Return each command of a page with the output that it shows."""
    blocks = SESSION.findall((PAGES / page).read_text(encoding="utf-8"))
    parts = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def match_text(shown: str, printed: str) -> re.Match[str] | None:
    """Match an output: `...` stands for anything, a number for a number, a space for spaces."""
    parts = []
    for piece in shown.split("..."):
        words = re.sub(r"\s+", " ", piece)
        parts.append(r"(\d[\d,]*(?:\.\d+)?)".join(map(re.escape, NUMBER.split(words))))
    return re.fullmatch(".*?".join(parts), re.sub(r"\s+", " ", printed))


def value(text: str) -> float:
    return float(text.replace(",", ""))


def run_page(page: str, folder: Path) -> None:
    """Run the commands of a page in a folder that holds the clone's docs, and compare."""
    (folder / "docs").symlink_to(ROOT / "docs")
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "100"}
    for command, shown in commands_of(page):
        if command.startswith("export "):
            name, _, word = command.removeprefix("export ").partition("=")
            environment[name] = word
            continue
        program, *words = command.split()
        line = [sys.executable, *(["-m", "compatkit"] if program == "compatkit" else []), *words]
        done = subprocess.run(
            line,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            # Progress of transformers stands there, which no page shows.
            stderr=subprocess.STDOUT if program == "compatkit" else subprocess.DEVNULL,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == (3 if "INCONCLUSIVE" in shown else 0), done.stdout
        same = match_text(shown, done.stdout)
        assert same, f"{command}\n{done.stdout}"
        for stated, printed in zip(NUMBER.findall(shown), same.groups(), strict=True):
            near = pytest.approx(value(stated), rel=0.25, abs=4)
            assert value(printed) == near, f"{command}: {stated}, {printed}"


def figure(comparison: compatkit.Comparison, metric: str) -> float:
    """Return the value of a metric that is defined."""
    measured = comparison.metrics[metric].value
    assert measured is not None
    return measured


def test_the_adapter_breaks_less_than_its_control(tmp_path: Path) -> None:
    run_page("adapter.md", tmp_path)
    folder = tmp_path / "tiny" / "compatible" / "predictions"
    new, adapter, control = compatkit.compare_candidates(
        folder / "old.jsonl", [folder / f"{name}.jsonl" for name in ("new", "compatibility", "ce")]
    )
    rate = "negative_flip_rate"
    assert figure(adapter, rate) < figure(control, rate) < figure(new, rate)
    assert figure(adapter, "accuracy_new") > figure(new, "accuracy_new")


def test_fewer_bits_break_more(tmp_path: Path) -> None:
    run_page("quantisation.md", tmp_path)
    folder = tmp_path / "tiny"
    four, three = compatkit.compare_candidates(
        folder / "full.jsonl", [folder / "4bit.jsonl", folder / "3bit.jsonl"]
    )
    assert 0 < figure(four, "negative_flip_rate") < figure(three, "negative_flip_rate")
    assert figure(four, "kl_divergence") < figure(three, "kl_divergence") / 2
