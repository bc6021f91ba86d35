"""A scorer of the user's own: one Python function, named as module:function."""

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import numpy as np

from compatkit.errors import CompatkitError, ConfigError, DataError
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.scorer import Scored, Scorer, is_score, whole_texts


def load_own(name: str) -> Scorer:
    """Make a scorer of `module:function`.

    The function takes two columns, the predictions (texts, None for no answer) and the
    references (a list of texts for each row), and returns one finite number per row; numbers
    in [0, 1] read best. It must not depend on how rows are batched. The module is looked
    for on Python's path and in the current folder. What it prints goes to stderr, since
    stdout is the report's.

    Raises:
        ConfigError: there is no such module or function.
        DataError: it returns something else than a number per row.
    """
    module, _, function = name.partition(":")
    return make_own(name, _load(module, function))


def make_own(name: str, function: Callable[..., Any]) -> Scorer:
    """Make a scorer of a function of two columns; see `load_own`.

    Raises:
        ConfigError: it is no function.
    """
    if not callable(function):
        raise ConfigError(
            f"scorer is {function!r:.60}, a {type(function).__name__}; a scorer's name or a "
            "function of two columns was expected."
        )

    def score(rows: Predictions) -> Scored:
        try:
            with redirect_stdout(sys.stderr):
                values = function(list(rows.prediction), [list(texts) for texts in rows.references])
                scores = np.array(values, np.float64)
        except CompatkitError:
            raise
        except (Exception, SystemExit) as error:
            raise DataError(
                f"{rows.name}:{rows.lines[0]}: the scorer {name} failed on the {len(rows)} rows "
                f"from here on: {type(error).__name__}: {error}. Two columns, predictions and "
                "lists of references, are given to it, and one number per row is expected."
            ) from error
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
        return Scored(scores, whole_texts(rows))

    return Scorer(
        name, score, {"source": _fingerprint(function)}, continuous=None, answers=whole_texts
    )


def _fingerprint(function: Callable[..., Any]) -> str:
    """Return the beginning of a hash of the function's source, for the signature."""
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        source = type(function).__name__ if code is None else code.co_code.hex()
    return hashlib.sha256(source.encode("utf-8", "backslashreplace")).hexdigest()[:12]


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
        raise ConfigError(
            f"the scorer {module}:{function} cannot be imported: {type(error).__name__}: {error}."
        ) from error
    finally:
        if here:
            sys.path.remove("")
    if not callable(scorer):
        raise ConfigError(f"{module}:{function} is a {type(scorer).__name__}, not a function.")
    return scorer  # type: ignore[no-any-return]
