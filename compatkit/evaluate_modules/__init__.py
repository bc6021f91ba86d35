"""Modules for Hugging Face `evaluate`: one folder each, which `evaluate.load` takes.

To add one: a line in `MODULES`, and a folder of that name with the module's script, its card
(README.md), requirements.txt, app.py and tests.py.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from compatkit.errors import ConfigError
from compatkit.extras import require_extra
from compatkit.metrics.definitions import METRICS

ROUGE_TYPES = ("rougeL", "rouge1", "rouge2", "rougeLsum")
EVERYTHING = tuple(
    name for name, metric in METRICS.items() if metric.family in {"accuracy", "flips", "smooth"}
)


@dataclass(frozen=True, slots=True)
class Module:
    """What a module computes.

    Attributes:
        description: one sentence.
        metrics: names in `compatkit.metrics.definitions.METRICS`, in the order of the result.
        counts: counts of a comparison that always stand beside them.
        scorers: the scorers that it takes, the default first; empty for any.
        scorer_option: the option of `compute` that names the scorer; empty where there is one.
        sources: keys of `compatkit.evaluate_modules.citations.CITATIONS`.
    """

    description: str
    metrics: tuple[str, ...]
    counts: tuple[str, ...] = ()
    scorers: tuple[str, ...] = ()
    scorer_option: str = "scorer"
    sources: tuple[str, ...] = ("yan2021",)


MODULES: dict[str, Module] = {
    "negative_flip_rate": Module(
        "The share of examples that the old model answers right and the new one wrong.",
        ("negative_flip_rate",),
        ("negative_flips",),
    ),
    "positive_flip_rate": Module(
        "The share of examples that the old model answers wrong and the new one right.",
        ("positive_flip_rate",),
        ("positive_flips",),
    ),
    "backward_compatibility": Module(
        "Backward trust and error compatibility, negative flip impact, relative negative flip "
        "rate, churn, and the share of wrong answers that changed.",
        (
            "backward_trust_compatibility",
            "backward_error_compatibility",
            "negative_flip_impact",
            "relative_negative_flip_rate",
            "churn",
            "inconsistency_flip_rate",
        ),
        sources=("srivastava2020", "yan2021", "echterhoff2024"),
    ),
    "rouge_flips": Module(
        "Negative and positive flips of generated text by ROUGE, over a threshold and as gains "
        "and regressions of the score.",
        (
            "negative_flip_rate",
            "positive_flip_rate",
            "score_old",
            "score_new",
            "smooth_negative_flip_rate",
            "smooth_positive_flip_rate",
            "tie_rate",
            "mean_gain",
            "mean_regression",
        ),
        scorers=ROUGE_TYPES,
        scorer_option="rouge_type",
        sources=("echterhoff2024",),
    ),
    "exact_match_flips": Module(
        "Negative and positive flips of answers that are right when they equal a reference.",
        (
            "negative_flip_rate",
            "positive_flip_rate",
            "accuracy_old",
            "accuracy_new",
            "accuracy_delta",
            "inconsistency_flip_rate",
            "churn",
        ),
        scorers=("exact_match",),
        scorer_option="",
        sources=("yan2021", "echterhoff2024"),
    ),
    "compatibility": Module(
        "Every metric of what an update broke and mended, by any scorer of compatkit.",
        EVERYTHING,
        ("total", "both_right", "negative_flips", "positive_flips", "both_wrong"),
        sources=("yan2021", "srivastava2020", "echterhoff2024"),
    ),
}


def evaluate_module(name: str) -> str:
    """Return the path of a module that `evaluate.load` takes.

    Args:
        name: a name in `compatkit.evaluate_modules.MODULES`.

    Raises:
        ConfigError: no such module, or evaluate's cache cannot be written, where it copies
            modules to.
        MissingExtraError: `evaluate` is not installed.

    >>> from pathlib import Path
    >>> from compatkit import evaluate_module
    >>> Path(evaluate_module("negative_flip_rate")).name
    'negative_flip_rate'
    """
    if name not in MODULES:
        raise ConfigError(f"no evaluate module {name!r}; there are {', '.join(MODULES)}.")
    require_extra("evaluate")
    _check_cache()
    return str(Path(__file__).parent / name)


def _check_cache() -> None:
    """Refuse a cache that cannot be written before evaluate trips over it."""
    from evaluate import config  # noqa: PLC0415

    folder = Path(config.HF_MODULES_CACHE)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(_not_writable(folder, error.strerror or "it cannot be made")) from error
    if not os.access(folder, os.W_OK):
        raise ConfigError(_not_writable(folder, "Permission denied"))


def _not_writable(folder: Path, reason: str) -> str:
    return (
        f"{folder}: evaluate copies modules into this folder, which cannot be written: {reason}. "
        "Set HF_HOME, before Python starts, to a folder that can."
    )
