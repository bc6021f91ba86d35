"""Examples of this module: columns, options of `compute`, and the result."""

test_cases = [
    {
        "old_predictions": ["Paris", "Rome", "4", "7"],
        "predictions": ["Paris", "rome", "4", None],
        "references": ["Paris", ["Rome", "Roma"], "5", "7"],
        "result": {"positive_flip_rate": 0.0, "positive_flips": 0},
    },
    {
        "old_predictions": ["4", "6"],
        "predictions": ["4.0", "It is 7."],
        "references": ["4", "7"],
        "options": {"scorer": "numeric"},
        "result": {"positive_flip_rate": 0.5, "positive_flips": 1},
    },
]
