"""Late: a report whose module is imported when the report is made."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def late(module: str, function: str) -> Callable[..., Any]:
    """Return the report that a function of a module makes; the first to ask imports the module.

    Args:
        module: its name.
        function: takes what is shown and a `View`, or None for the plain one.
    """

    def render(subject: object, view: object = None) -> Any:
        return getattr(import_module(module), function)(subject, view)

    return render
