"""Examples of this module: columns, options of `compute`, and the result."""

test_cases = [
    {
        "old_predictions": ["Paris", "Rome", "4", "7"],
        "predictions": ["Paris", "rome", "4", None],
        "references": ["Paris", ["Rome", "Roma"], "5", "7"],
        "result": {
            "negative_flip_rate": 0.5,
            "positive_flip_rate": 0.0,
            "accuracy_old": 0.75,
            "accuracy_new": 0.25,
            "accuracy_delta": -0.5,
            "inconsistency_flip_rate": 0.5,
            "churn": 0.5,
        },
    },
    {
        "old_predictions": ["Paris", "Rome", "4", "7"],
        "predictions": ["Paris", "rome", "4", None],
        "references": ["Paris", ["Rome", "Roma"], "5", "7"],
        "options": {"normalize": "squad"},
        "result": {
            "negative_flip_rate": 0.25,
            "positive_flip_rate": 0.0,
            "accuracy_old": 0.75,
            "accuracy_new": 0.5,
            "accuracy_delta": -0.25,
            "inconsistency_flip_rate": 0.25,
            "churn": 0.25,
        },
    },
]
