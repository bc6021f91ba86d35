"""Examples of this module: columns, options of `compute`, and the result."""

test_cases = [
    {
        "old_predictions": ["Paris", "Rome", "4", "7"],
        "predictions": ["Paris", "rome", "4", None],
        "references": ["Paris", ["Rome", "Roma"], "5", "7"],
        "result": {"negative_flip_rate": 0.5, "negative_flips": 2},
    },
    {
        "old_predictions": [0, 1, 1, 2],
        "predictions": [0, 1, 0, 2],
        "references": [0, 1, 1, 1],
        "options": {"counts": True},
        "result": {
            "negative_flip_rate": 0.25,
            "total": 4,
            "both_right": 2,
            "negative_flips": 1,
            "positive_flips": 0,
            "both_wrong": 1,
            "no_answer_old": 0,
            "no_answer_new": 0,
        },
    },
    {
        "old_predictions": [0.9, 0.8, 0.1],
        "predictions": [0.7, 0.4, 0.6],
        "options": {"threshold": 0.5},
        "result": {"negative_flip_rate": 0.3333333333333333, "negative_flips": 1},
    },
]
