"""Examples of this module: columns, options of `compute`, and the result."""

test_cases = [
    {
        "old_predictions": ["the cat sat on the mat", "dogs bark"],
        "predictions": ["a cat sat", "dogs bark at night"],
        "references": ["the cat sat on the mat", "dogs bark at night"],
        "result": {
            "negative_flip_rate": 0.5,
            "positive_flip_rate": 0.0,
            "score_old": 0.8333333333333333,
            "score_new": 0.7222222222222222,
            "smooth_negative_flip_rate": 0.5,
            "smooth_positive_flip_rate": 0.5,
            "tie_rate": 0.0,
            "mean_gain": 0.33333333333333337,
            "mean_regression": 0.5555555555555556,
        },
    },
    {
        "old_predictions": ["the cat sat on the mat", "dogs bark"],
        "predictions": ["a cat sat", "dogs bark at night"],
        "references": ["the cat sat on the mat", "dogs bark at night"],
        "options": {"rouge_type": "rouge1", "threshold": 0.7, "stemmer": True},
        "result": {
            "negative_flip_rate": 0.5,
            "positive_flip_rate": 0.5,
            "score_old": 0.8333333333333333,
            "score_new": 0.7222222222222222,
            "smooth_negative_flip_rate": 0.5,
            "smooth_positive_flip_rate": 0.5,
            "tie_rate": 0.0,
            "mean_gain": 0.33333333333333337,
            "mean_regression": 0.5555555555555556,
        },
    },
]
