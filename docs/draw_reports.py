"""Draw reports of real updates: `python docs/draw_reports.py [NAME ...]` writes docs/images.

The answers are those of ../shared/data, read and not kept; docs/reports.md says whose they are.
Each page is made by the command that stands beside it there, and photographed by chromium. What the
heads of the pages said stands in docs/images/heads.json: a picture whose page says something else
by now fails a test.
"""

import gzip
import hashlib
import html
import io
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import split
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

DOCS = Path(__file__).parent
DATA = DOCS.parents[1] / "shared" / "data"
HEADS = DOCS / "images" / "heads.json"
CHROMIUM = "/usr/bin/chromium"
PHONE = 390, 1100
MOST_BYTES = 150_000
COLORS = (256, 128, 64)
SUBJECTS = ("physics", "law", "math")
RUN = "2026-01-01T00-00-00.000000"


@dataclass(frozen=True, slots=True)
class Page:
    """A report that is drawn.

    Attributes:
        command: makes it, in the folder of the data.
        height: of the picture at 1280 pixels.
    """

    command: str
    height: int


PAGES = {
    "mmlu_pro": Page(
        "score Llama-3-8B=mmlu_pro/old.jsonl.gz Llama-3.1-8B=mmlu_pro/new.jsonl.gz --edited skip "
        "--by meta.category --show-field output_text",
        1560,
    ),
    "mmlu_pro-gate": Page(
        "gate Llama-3-8B=mmlu_pro/old.jsonl.gz Llama-3.1-8B=mmlu_pro/new.jsonl.gz --edited skip "
        "--max-left-out 0.11 --max-nfr 0.09 --max-accuracy-drop 0 --by meta.category "
        "--max-slice-nfr 0.11 --must-not-flip mmlupro-87 --must-not-flip mmlupro-70",
        1560,
    ),
    "gsm8k": Page("score gsm8k/old.jsonl gsm8k/new.jsonl -s numeric", 1360),
    "xsum": Page(
        "score ConvS2S=xsum/old.jsonl Topic-ConvS2S=xsum/new.jsonl -s rougeL -t 0.3 --sweep "
        "--by meta.ref_len_bucket",
        1560,
    ),
    "cnndm": Page(
        "score base=cnndm/t5_base.jsonl 3B=cnndm/t5_3b.jsonl 11B=cnndm/t5_11b.jsonl -s rougeL "
        "-t 0.3",
        1360,
    ),
    "tasks": Page("score {runs}/Llama-3-8B {runs}/half-way {runs}/Llama-3.1-8B", 1560),
}


def main() -> None:
    """Draw the pages that are named, or all, at two widths and in two themes."""
    names = sys.argv[1:] or list(PAGES)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as runner:
        browser = runner.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        heads = json.loads(HEADS.read_text(encoding="utf-8")) if HEADS.exists() else {}
        for name in names:
            page = write_page(name, Path(temporary))
            photograph(browser, page, PAGES[name].height)
            heads[name] = read_head(page)
        text = json.dumps({name: heads[name] for name in PAGES}, indent=1, ensure_ascii=False)
        HEADS.write_text(f"{text}\n", encoding="utf-8")


def write_page(name: str, folder: Path) -> Path:
    """Write a report into a folder; a gate may fail, and says so by its exit code."""
    command, page, runs = PAGES[name].command, folder / f"{name}.html", folder / "runs"
    if "{runs}" in command:
        write_runs(runs)
    command = command.format(runs=runs)
    arguments = [sys.executable, "-m", "compatkit", *split(command), "-o", str(page)]
    subprocess.run(arguments, cwd=DATA, stdout=subprocess.DEVNULL, check=False)  # noqa: S603
    if not page.exists():
        raise SystemExit(f"no page was written by: compatkit {command}")
    return page


def read_head(page: Path) -> list[str]:
    """Return what the head of a page says: sentences and cards, each in one line."""
    text = page.read_text(encoding="utf-8")
    head = text[text.index("<header>") : text.index("</header>")]
    blocks = re.findall(r"<(p|h1|li)\b[^>]*>(.*?)</\1>", head, re.DOTALL)
    return [html.unescape(" ".join(re.sub(r"<[^>]+>", "", block).split())) for _, block in blocks]


def photograph(browser: Browser, page: Path, height: int) -> None:
    """Write the pictures of a page, in as many colours as keep them small."""
    for size in ((1280, height), PHONE):
        for theme in ("light", "dark"):
            viewport = {"width": size[0], "height": size[1]}
            context = browser.new_context(viewport=viewport, color_scheme=theme)  # type: ignore[arg-type]
            shown = context.new_page()
            shown.goto(page.as_uri())
            picture = Image.open(io.BytesIO(shown.screenshot())).convert("RGB")
            context.close()
            path = DOCS / "images" / f"{page.stem}-{size[0]}-{theme}.png"
            for colors in COLORS:
                # Few dots are red: a palette by how many have a colour would lose them.
                few = picture.quantize(colors, Image.Quantize.MAXCOVERAGE)
                few.save(path, optimize=True)
                if path.stat().st_size <= MOST_BYTES:
                    break


def write_runs(folder: Path) -> None:
    """Write three checkpoints' answers to three subjects as lm-evaluation-harness leaves them.

    The checkpoint between the two real ones is made up: each answer is one of theirs, by chance.
    """
    chance = random.Random(1)
    old, new = (dict(read_subjects(side)) for side in ("old", "new"))
    # The source itself edited a few questions between the two runs.
    same = [name for name in old if old[name]["input"] == new[name]["input"]]
    between = {name: chance.choice((old, new))[name] for name in same}
    for model, rows in (("Llama-3-8B", old), ("half-way", between), ("Llama-3.1-8B", new)):
        target = folder / model
        target.mkdir(parents=True, exist_ok=True)
        tasks = {f"mmlu_pro_{subject}": [] for subject in SUBJECTS}  # type: dict[str, list[str]]
        for name in same:
            lines = tasks[f"mmlu_pro_{rows[name]['meta']['category']}"]
            lines.append(json.dumps(write_sample(len(lines), rows[name])))
        for task, lines in tasks.items():
            (target / f"samples_{task}_{RUN}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
        results = {
            "model_name": model,
            "results": {task: {"alias": task} for task in tasks},
            "configs": {task: {"task": task, "num_fewshot": 5} for task in tasks},
            "higher_is_better": {task: {"exact_match": True} for task in tasks},
            "n-samples": {task: {"effective": len(lines)} for task, lines in tasks.items()},
        }
        (target / f"results_{RUN}.json").write_text(json.dumps(results), "utf-8")


def read_subjects(side: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rows of some subjects, by id."""
    with gzip.open(DATA / "mmlu_pro" / f"{side}.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            if row["meta"]["category"] in SUBJECTS:
                yield row["id"], row


def write_sample(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of `--log_samples`."""
    answer = row["prediction"] or "[invalid]"
    return {
        "doc_id": number,
        "doc": {"question_id": row["id"], "question": row["input"]},
        "target": row["reference"],
        "arguments": {"gen_args_0": {"arg_0": row["input"], "arg_1": {"until": ["Question:"]}}},
        "resps": [[row["output_text"]]],
        "filtered_resps": [answer],
        "filter": "custom-extract",
        "metrics": ["exact_match"],
        "doc_hash": hash_text(row["input"]),
        "target_hash": hash_text(row["reference"]),
        "exact_match": float(answer == row["reference"]),
    }


def hash_text(text: str) -> str:
    """Return the hash by which the harness knows a text again."""
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    main()
