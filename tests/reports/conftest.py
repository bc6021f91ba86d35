"""Golden files: `pytest tests/reports --accept` writes them as the reports are now."""

import re
from pathlib import Path

import pytest
from golden_files import GOLDEN, Check
from prediction_files import write_models

from compatkit.version import __version__


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="write the golden files anew")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give the files of `prediction_files.ANSWERS`, by names without a folder."""
    monkeypatch.chdir(tmp_path)
    return {model: path.name for model, path in write_models(tmp_path).items()}


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Check:
    """Hold a text against the golden file of this name."""
    accept = bool(request.config.getoption("--accept", default=False))

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if accept:
            path.write_text(portable(text), encoding="utf-8", newline="")
        assert path.exists(), f"no golden file {name}; pytest tests/reports --accept writes it"
        with path.open(encoding="utf-8", newline="") as file:
            assert portable(text) == file.read()

    return check


def portable(text: str) -> str:
    """Take out what differs between versions and machines: ours, and the last digits.

    The style, the script and the pictures of a page have tests of their own.
    """
    text = re.sub(r'(?s)<svg [^>]*class="picture (\w+)".*?</svg>', r"<svg>\1</svg>", text)
    text = re.sub(r"(?s)<(style|script)>.*?</\1>", r"<\1>...</\1>", text)
    text = re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-...", text)
    text = text.replace(f"compatkit:{__version__}", "compatkit:VERSION")
    text = text.replace(f'"compatkit": "{__version__}"', '"compatkit": "VERSION"')
    text = re.sub(r"(signatures?\W+|, )[0-9a-f]{8}(?=\"|;| of |, )", r"\1SIGNED", text)
    return re.sub(r"\d\.\d{9,}(e-\d+)?", lambda match: f"{float(match[0]):.8g}", text)
