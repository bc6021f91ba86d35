"""The notebook of the documentation shows what its cells show."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_notebook", DOCS / "write_notebook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_notebook_shows_what_its_cells_show_now(writer: ModuleType) -> None:
    written = (DOCS / "notebook.ipynb").read_text(encoding="utf-8")
    assert written == writer.make_notebook(), "run python docs/write_notebook.py"


def test_every_cell_of_code_was_run_and_shows_something() -> None:
    notebook = json.loads((DOCS / "notebook.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    assert all(cell["outputs"] for cell in code)
    shown = [output.get("data", {}) for cell in code for output in cell["outputs"]]
    assert sum("text/html" in data for data in shown) == 3
