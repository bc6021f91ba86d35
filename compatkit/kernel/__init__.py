"""The compiled kernel: what ROUGE, BLEU, chrF and TER count, in C, where it was built.

It counts whole numbers only; values are made of them by the functions of `compatkit.scorers`
that make them of the counts in Python, so a score has the same bits with it and without. What it
does not count (a text of more than a million characters, say) is left to Python, row by row.

It is built with the package where there is a C compiler, and used unless the environment says
COMPATKIT_PURE=1.
"""

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

SWITCH = "COMPATKIT_PURE"
_COMPILED = "compatkit.kernel._kernel"
NOT_COUNTED = -1
"""The first count of a row that is left to Python."""


@cache
def load_kernel() -> "ModuleType | None":
    """Return the compiled functions, or None where there are none or none are wanted."""
    if _is_switched_off():
        return None
    try:
        return import_module(_COMPILED)  # which only what counts needs
    except ImportError:
        return None


def describe_kernel() -> str:
    """Tell in a line what ROUGE, BLEU, chrF and TER are counted by, and why."""
    if _is_switched_off():
        return f"in Python ({SWITCH} is set)"
    try:
        import_module(_COMPILED)
    except ModuleNotFoundError:
        return "in Python (the compiled kernel was not built)"
    except ImportError as error:
        return f"in Python (the compiled kernel does not load: {error})"
    return "by the compiled kernel"


def _is_switched_off() -> bool:
    return os.environ.get(SWITCH, "0") not in {"", "0"}
