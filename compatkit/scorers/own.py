"""A scorer of the user's own: one Python function, named as module:function."""

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from types import CodeType
from typing import Any

import numpy as np

from compatkit.arrays import FloatArray
from compatkit.errors import CompatkitError, ConfigError, DataError
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, is_score, whole_texts

COLUMNS = ("predictions", "references", "inputs", "records", "ids")
CELLS = ("prediction", "references", "input", "record", "id")


def load_own(name: str) -> Scorer:
    """Make a scorer of `module:function`, or of `module:function?per_row=true`.

    See `own_scorer` for what the function takes and returns. The module is looked for on
    Python's path and in the current folder. What it prints goes to stderr, since stdout is the
    report's.

    Raises:
        ConfigError: there is no such module or function.
        DataError: it returns something else than a number per row.
    """
    path, mark, query = name.partition("?")
    module, _, function = path.partition(":")
    if query not in {"", "per_row=true", "per_row=false"} or (mark and not query):
        raise ConfigError(
            f"the scorer {path} has the options {query!r}; ?per_row=true was expected behind its "
            "name, or nothing."
        )
    return make_own(name, _load(module, function), per_row=query == "per_row=true")


def own_scorer(function: Callable[..., Any], *, per_row: bool = False) -> Scorer:
    """Make a scorer of a function of one's own: a rubric, a judge, a measure.

    It takes two columns, the predictions (texts, None for no answer) and the references (a list of
    texts for each row), and returns one finite number per row; numbers in [0, 1] read best. Or it
    takes what it names, of `predictions`, `references`, `inputs`, `records` (as they stand in
    the file) and `ids`. It must not depend on how rows are batched.

    Args:
        function: what scores.
        per_row: it takes one row and returns one number: a prediction and its references, or
            what it names of `prediction`, `references`, `input`, `record` and `id`.

    Raises:
        ConfigError: it is no function, or takes something else.

    >>> from compatkit import own_scorer
    >>> short = own_scorer(lambda prediction, references: len(prediction) < 3, per_row=True)
    >>> short.continuous is None, short.needs_references
    (True, True)
    """
    return make_own(getattr(function, "__name__", "function"), function, per_row=per_row)


def make_own(name: str, function: Callable[..., Any], *, per_row: bool = False) -> Scorer:
    """Make a scorer of a function under a name; see `own_scorer`."""
    if not callable(function):
        raise ConfigError(
            f"scorer is {function!r:.60}, a {type(function).__name__}; a scorer's name or a "
            "function of two columns was expected."
        )
    taken = _taken(name, function, CELLS if per_row else COLUMNS)

    def score(rows: Predictions) -> Scored:
        columns = _columns(rows)
        given = [columns[place] for place in taken]
        try:
            with redirect_stdout(sys.stderr):
                values = [*map(function, *given)] if per_row else function(*given)
                scores = np.array(values, np.float64)
        except CompatkitError:
            raise
        except (Exception, SystemExit) as error:
            what = ", ".join((CELLS if per_row else COLUMNS)[place] for place in taken)
            raise DataError(
                f"{rows.name}:{rows.lines[0]}: the scorer {name} failed on the {len(rows)} rows "
                f"from here on: {type(error).__name__}: {error}. {_describe(per_row, what)}"
            ) from error
        return Scored(_checked(scores, rows, name), list(rows.prediction))

    options = {"source": _fingerprint(function), **({"per_row": True} if per_row else {})}
    return Scorer(
        name, score, options, continuous=None, answers=whole_texts, needs_references=1 in taken
    )


def _taken(name: str, function: Callable[..., Any], names: Sequence[str]) -> list[int]:
    """Return which of the columns a function takes: those that it names, or the first two."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return [0, 1]
    needed = [p for p in parameters if p.default is p.empty and p.kind not in _VARIABLE]
    if needed and all(parameter.name in names for parameter in needed):
        if any(parameter.kind is parameter.KEYWORD_ONLY for parameter in needed):
            raise ConfigError(f"the scorer {name} takes its columns by keyword alone; drop the *.")
        return [names.index(parameter.name) for parameter in needed]
    if len(needed) > len(CELLS[:2]):
        wrong = ", ".join(parameter.name for parameter in needed)
        hint = ""
        if {parameter.name for parameter in needed} <= {*CELLS}:
            hint = " A function of one row is told by ?per_row=true behind its name."
        raise ConfigError(
            f"the scorer {name} takes {wrong}; two columns were expected, or some of "
            f"{', '.join(names)}.{hint}"
        )
    return [0, 1]


_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _columns(rows: Predictions) -> tuple[list[Any], ...]:
    references = [list(texts) for texts in rows.references]
    return list(rows.prediction), references, list(rows.input), list(rows.records), list(rows.id)


def _describe(per_row: bool, taken: str) -> str:
    if per_row:
        return f"One row is given to it ({taken}; references are a list), and a number is expected."
    return (
        f"Columns are given to it ({taken}; references are lists), one number per row is expected; "
        "a function of one row is told by ?per_row=true behind its name."
    )


def _checked(scores: FloatArray, rows: Predictions, name: str) -> FloatArray:
    if scores.shape != (len(rows),):
        raise DataError(
            f"the scorer {name} returned shape {scores.shape} for {len(rows)} rows; "
            "one number per row was expected."
        )
    wrong = np.flatnonzero(~is_score(scores) & ~np.array(rows.errored, bool))
    if len(wrong):
        raise DataError(
            f"{rows.name}:{rows.lines[wrong[0]]}: the scorer {name} returned "
            f"{scores[wrong[0]]}; a finite number was expected."
        )
    return scores


def _fingerprint(function: Callable[..., Any]) -> str:
    """Return the beginning of a hash of the function's source, for the signature."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        source = type(function).__name__ if code is None else _outline(code)
    return hashlib.sha256(source.encode("utf-8", "backslashreplace")).hexdigest()[:12]


def _outline(code: CodeType) -> str:
    """Return what code does, without where it stood: its steps alone lack the values in it."""
    constants = (
        _outline(value)
        if isinstance(value, CodeType)
        else repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)
        for value in code.co_consts
    )
    return "\n".join([code.co_code.hex(), *code.co_names, *constants])


def _load(module: str, function: str) -> Callable[..., Any]:
    here = "" not in sys.path
    if here:
        sys.path.insert(0, "")
    try:
        with redirect_stdout(sys.stderr):
            scorer = getattr(importlib.import_module(module), function)
    except AttributeError as error:
        raise ConfigError(f"the module {module} has no function {function!r}.") from error
    except (Exception, SystemExit) as error:
        fix = module.removesuffix(".py").replace("/", ".").replace("\\", ".").strip(".")
        hint = f" Name the module, not its file: {fix}:{function}." if fix != module else ""
        raise ConfigError(
            f"the scorer {module}:{function} cannot be imported: {type(error).__name__}: {error}."
            f"{hint}"
        ) from error
    finally:
        if here:
            sys.path.remove("")
    if not callable(scorer):
        raise ConfigError(f"{module}:{function} is a {type(scorer).__name__}, not a function.")
    return scorer  # type: ignore[no-any-return]
