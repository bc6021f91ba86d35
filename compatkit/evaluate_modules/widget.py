"""Widget: the page of a module's Space, three columns in and the numbers out."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from compatkit.errors import CompatkitError
from compatkit.evaluate_modules import MODULES
from compatkit.evaluate_modules.columns import COLUMNS, REFERENCES, to_column
from compatkit.evaluate_modules.measure_columns import Result, measure_columns

CARD_HEAD = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
LABEL = "{name}: a JSON list{empty}"
EXAMPLE = (
    '["Paris", "Rome", "4", "7"]',
    '["Paris", "rome", "4", null]',
    '["Paris", ["Rome", "Roma"], "4", "7"]',
)


def compute_texts(module: str, *texts: str) -> Result | dict[str, str]:
    """Compute of three texts, each a JSON list; a fault is the entry `error`.

    >>> compute_texts("negative_flip_rate", '["a", "b"]', '["a", "c"]', '["a", "b"]')["total"]
    2
    >>> compute_texts("negative_flip_rate", '[1', '[1]', '[1]')["error"]
    'old_predictions are no JSON list: Expecting , delimiter at column 3.'
    """
    columns: dict[str, list[Any]] = {}
    try:
        for name, text in zip(COLUMNS, texts, strict=True):
            if name == REFERENCES and not text.strip():
                columns[name] = [None] * len(columns["predictions"])
            else:
                columns[name] = to_column(name, json.loads(text))
        return measure_columns(module, columns, {"intervals": True, "counts": True})
    except json.JSONDecodeError as error:
        message = error.msg.replace("'", "")
        return {"error": f"{name} are no JSON list: {message} at column {error.colno}."}
    except CompatkitError as error:
        return {"error": str(error)}


def make_interface(module: str, card: Path) -> Any:
    """Return the page as a gradio interface.

    Args:
        module: the module's name.
        card: its README.md, which is shown below without its head.
    """
    gradio = import_module("gradio")  # a Space has it; nothing of compatkit needs it
    return gradio.Interface(
        fn=lambda *texts: compute_texts(module, *texts),
        inputs=[
            gradio.Textbox(
                label=LABEL.format(name=name, empty=", or nothing" * (name == REFERENCES)),
                value=value,
                lines=3,
            )
            for name, value in zip(COLUMNS, EXAMPLE, strict=True)
        ],
        outputs=gradio.JSON(label=module),
        title=module,
        description=MODULES[module].description,
        article=CARD_HEAD.sub("", card.read_text(encoding="utf-8")),
    )
