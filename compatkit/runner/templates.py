"""Templates: the texts of a task, rendered with the fields of a row in a sandbox.

A field that a row lacks is an error, never an empty text.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from compatkit.errors import DataError
from compatkit.predictions.fields import MISSING, get_path, list_keys

Row = Mapping[str, Any]
Evaluate = Callable[[Row, str], Any]  # the row, and where it stands, to a value


class Templates:
    """Compiles templates and expressions; each becomes a function of a row."""

    def __init__(self, name: str) -> None:
        """Make a sandbox.

        Args:
            name: what messages call the file that the templates come from.
        """
        from jinja2 import StrictUndefined  # noqa: PLC0415
        from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

        self._name = name
        self._sandbox = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
        )
        self._sandbox.filters["regex_replace"] = _regex_replace
        self._sandbox.filters["field"] = _get_field

    def template(self, text: str, what: str) -> Evaluate:
        """Compile a text with `{{ ... }}` in it.

        Raises:
            DataError: it is no template; and, when it is rendered, what a row lacks.
        """
        compiled = self._compile(self._sandbox.from_string, text, what)
        return lambda row, where: self._call(compiled.render, row, where, what)

    def expression(self, text: str, what: str) -> Evaluate:
        """Compile an expression, whose value may be of any kind.

        Raises:
            DataError: it is no expression; and, when it is evaluated, what a row lacks.
        """
        from jinja2 import Undefined  # noqa: PLC0415

        make = self._compile(self._sandbox.compile_expression, text, what, undefined_to_none=False)

        def evaluate(row: Row, where: str) -> Any:
            value = self._call(make, row, where, what)
            if isinstance(value, Undefined):
                raise DataError(f"{where}: {what}: {text!r} is undefined. {_fields(row)}")
            return value

        return evaluate

    def _compile(self, compiler: Callable[..., Any], text: str, what: str, **options: Any) -> Any:
        from jinja2 import TemplateError  # noqa: PLC0415

        try:
            return compiler(text, **options)
        except TemplateError as error:
            raise DataError(f"{self._name}: {what} cannot be understood: {_say(error)}.") from error

    def _call(self, function: Callable[..., Any], row: Row, where: str, what: str) -> Any:
        try:
            return function({**row, "row": row})
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        except Exception as error:  # what a template does with a row is anybody's guess
            raise DataError(f"{where}: {what}: {_say(error)}. {_fields(row)}") from error


def _say(error: Exception) -> str:
    """Return an error's message without its full stop, which some have."""
    return str(error).rstrip(".")


def _fields(row: Row) -> str:
    return f"The fields of the row are {list_keys(row)}."


def _regex_replace(text: str, pattern: str, by: str = "") -> str:
    return re.sub(pattern, by, text)


def _get_field(row: Row, path: str) -> Any:
    value = get_path(row, path)
    if value is MISSING:
        raise DataError(
            f'no field "{path}"; the fields are {list_keys(row)}. '
            "Name another: --prompt-field, --reference-field, --id-field."
        )
    return value
