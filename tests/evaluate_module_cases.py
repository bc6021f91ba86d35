"""Data that every module of the table can be held to compatkit.compare on."""

from pathlib import Path

from compatkit.evaluate_modules import MODULES

FOLDER = Path(__file__).parents[1] / "compatkit" / "evaluate_modules"

TEXTS = (
    ["the cat sat", "dogs bark", None, "Paris", "a b c d"],
    ["the cat sat on the mat", "dogs", "Rome", "paris", None],
    ["the cat sat on the mat", ["dogs bark", "a dog barks"], "Rome", "Paris", ["a b", "c d"]],
)
LABELS = ([0, 1, 2, 1, 0, 2], [0, 2, 2, 0, 1, 2], [0, 1, 2, 0, 1, 1])
SCORES = ([0.9, 0.4, 1.0, 0.5, 0.1], [0.2, 0.6, 1.0, 0.49, 0.1], None)

# Module, columns, options of compute, options of compatkit.compare.
CASES = [
    *((name, TEXTS, {}, {}) for name in MODULES if name != "rouge_flips"),
    *((name, LABELS, {}, {}) for name in MODULES if name != "rouge_flips"),
    *(
        (name, SCORES, {"threshold": 0.5}, {"scorer": "field:score", "threshold": 0.5})
        for name in MODULES
        if not MODULES[name].scorers
    ),
    ("rouge_flips", TEXTS, {}, {"scorer": "rougeL"}),
    (
        "rouge_flips",
        TEXTS,
        {"rouge_type": "rouge1", "stemmer": True, "threshold": 0.8, "epsilon": 0.1},
        {"scorer": "rouge1", "stemmer": True, "threshold": 0.8, "epsilon": 0.1},
    ),
    ("exact_match_flips", TEXTS, {"normalize": "squad"}, {"normalize": "squad"}),
    ("compatibility", TEXTS, {"scorer": "chrf", "seed": 3}, {"scorer": "chrf", "seed": 3}),
    ("compatibility", TEXTS, {"scorer": "contains"}, {"scorer": "contains"}),
]


def to_rows(predictions: list, references: list | None) -> list[dict]:
    """Return the rows that compatkit.compare takes."""
    if references is None:
        return [{"score": score} for score in predictions]
    pairs = zip(predictions, references, strict=True)
    return [{"prediction": prediction, "reference": reference} for prediction, reference in pairs]
