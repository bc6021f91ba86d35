"""Draw the report of a made-up update: `python docs/draw_reports.py` writes docs/images."""

import io
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from compatkit import compare
from compatkit.reports import REPORTS

IMAGES = Path(__file__).parent / "images"
TOPICS = {"capitals": 0.04, "rivers": 0.05, "mountains": 0.06, "flags": 0.2}
COLORS = 64
RIGHT, MENDED = 0.7, 0.4  # shares of the old answers, and of its wrong ones


def make_update() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the answers of two models that never were, to questions by topic."""
    chance = random.Random(1)
    old, new = [], []
    for number in range(1200):
        topic = [*TOPICS][number % len(TOPICS)]
        row = {
            "id": f"{topic}-{number}",
            "topic": topic,
            "input": f"Question {number} on {topic}: which of the four is right?",
            "reference": "B",
        }
        was, breaks, mends = chance.random() < RIGHT, chance.random(), chance.random() < MENDED
        now = breaks > TOPICS[topic] if was else mends
        for rows, right in ((old, was), (new, now)):
            letter = "B" if right else chance.choice("ACD")
            why = "Of the four this is the best." if right else "Each of the others is less likely."
            rows.append({**row, "prediction": f"{why} The answer is {letter}."})
    return old, new


def main() -> None:
    """Draw the page at two widths and in two themes."""
    comparison = compare(*make_update(), scorer="choice", by="topic")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as runner:
        page = Path(folder, "report.html")
        page.write_text(REPORTS["html"]([comparison], None), encoding="utf-8")
        browser = runner.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for width, height in ((1280, 1720), (390, 1100)):
            for theme in ("light", "dark"):
                size = {"width": width, "height": height}
                shown = browser.new_context(viewport=size, color_scheme=theme).new_page()
                shown.goto(page.as_uri())
                picture = Image.open(io.BytesIO(shown.screenshot()))
                name = f"report-{width}-{theme}.png"
                picture.convert("RGB").quantize(COLORS).save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
