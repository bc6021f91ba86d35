"""compatkit: what a model update broke, counted.

The public names are loaded when they are first used, so that `import compatkit` costs
next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from compatkit.version import __version__

if TYPE_CHECKING:
    from compatkit.comparison.compare import compare, compare_candidates
    from compatkit.comparison.comparison import Comparison
    from compatkit.comparison.history import History
    from compatkit.comparison.matrix import compare_matrix
    from compatkit.comparison.tasks import compare_folders
    from compatkit.comparison.trace import history
    from compatkit.errors import CompatkitError, ConfigError, DataError, MissingExtraError
    from compatkit.evaluate_modules import evaluate_module
    from compatkit.evaluate_modules.trainer_history import trainer_history
    from compatkit.evaluate_modules.trainer_metrics import flip_metrics
    from compatkit.gate import check, check_policy
    from compatkit.scorers.evaluate_metric import evaluate_metric
    from compatkit.scorers.own import own_scorer

__all__ = [
    "Comparison",
    "CompatkitError",
    "ConfigError",
    "DataError",
    "History",
    "MissingExtraError",
    "__version__",
    "check",
    "check_policy",
    "compare",
    "compare_candidates",
    "compare_folders",
    "compare_matrix",
    "evaluate_metric",
    "evaluate_module",
    "flip_metrics",
    "history",
    "own_scorer",
    "trainer_history",
]

_HOMES = {
    "CompatkitError": "errors",
    "Comparison": "comparison.comparison",
    "ConfigError": "errors",
    "DataError": "errors",
    "History": "comparison.history",
    "MissingExtraError": "errors",
    "check": "gate",
    "check_policy": "gate",
    "compare": "comparison.compare",
    "compare_candidates": "comparison.compare",
    "compare_folders": "comparison.tasks",
    "compare_matrix": "comparison.matrix",
    "evaluate_metric": "scorers.evaluate_metric",
    "evaluate_module": "evaluate_modules",
    "flip_metrics": "evaluate_modules.trainer_metrics",
    "history": "comparison.trace",
    "own_scorer": "scorers.own",
    "trainer_history": "evaluate_modules.trainer_history",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its home (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'compatkit' has no attribute {name!r}")
    return getattr(import_module(f"compatkit.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)
