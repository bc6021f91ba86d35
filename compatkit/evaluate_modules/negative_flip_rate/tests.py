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
        "options": {"intervals": True},
        "result": {
            "negative_flip_rate": 0.25,
            "negative_flip_rate_low": 0.04558726080970059,
            "negative_flip_rate_high": 0.699358157417598,
            "negative_flips": 1,
        },
    },
    {
        "old_predictions": [0.9, 0.8, 0.1],
        "predictions": [0.7, 0.4, 0.6],
        "options": {"threshold": 0.5},
        "result": {"negative_flip_rate": 0.3333333333333333, "negative_flips": 1},
    },
]
