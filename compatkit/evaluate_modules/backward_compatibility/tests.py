"""Examples of this module: columns, options of `compute`, and the result."""

test_cases = [
    {
        "old_predictions": ["Paris", "Rome", "4", "7"],
        "predictions": ["Paris", "rome", "4", None],
        "references": ["Paris", ["Rome", "Roma"], "5", "7"],
        "result": {
            "backward_trust_compatibility": 0.3333333333333333,
            "backward_error_compatibility": 0.3333333333333333,
            "negative_flip_impact": 0.6666666666666666,
            "relative_negative_flip_rate": 0.8888888888888888,
            "churn": 0.5,
            "inconsistency_flip_rate": 0.5,
        },
    },
    {
        "old_predictions": [0, 1, 1, 0],
        "predictions": [0, 1, 0, 0],
        "references": [0, 1, 1, 1],
        "result": {
            "backward_trust_compatibility": 0.6666666666666666,
            "backward_error_compatibility": 0.5,
            "negative_flip_impact": 0.5,
            "relative_negative_flip_rate": 0.6666666666666666,
            "churn": 0.25,
            "inconsistency_flip_rate": 0.25,
        },
    },
]
