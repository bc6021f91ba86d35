"""What a user would write instead: pandas, SQuAD's normalisation, scipy's Wilson interval.

Run `python benchmarks/speed_pandas_script.py OLD NEW`: a peer that speed.py measures.
"""

import re
import string
import sys

import pandas as pd
from scipy.stats import binomtest


def normalize_answer(text: str) -> str:
    """Lower-case, without punctuation, articles and extra spaces: SQuAD's evaluation script."""

    def remove_articles(text: str) -> str:
        return re.sub(r"\b(a|an|the)\b", " ", text)

    def white_space_fix(text: str) -> str:
        return " ".join(text.split())

    def remove_punctuation(text: str) -> str:
        exclude = set(string.punctuation)
        return "".join(ch for ch in text if ch not in exclude)

    return white_space_fix(remove_articles(remove_punctuation(text.lower())))


def main() -> None:
    old = pd.read_json(sys.argv[1], lines=True)
    new = pd.read_json(sys.argv[2], lines=True)
    both = old.merge(new[["id", "prediction"]], on="id", suffixes=("_old", "_new"))
    reference = both["reference"].map(normalize_answer)
    old_right = both["prediction_old"].map(normalize_answer) == reference
    new_right = both["prediction_new"].map(normalize_answer) == reference
    negative = int((old_right & ~new_right).sum())
    interval = binomtest(negative, len(both)).proportion_ci(method="wilson")
    print(f"accuracy {old_right.mean():.4f} -> {new_right.mean():.4f}")
    print(f"{negative} negative flips of {len(both)}")
    print(f"NFR {negative / len(both):.4f}, {interval.low:.4f} to {interval.high:.4f}")


if __name__ == "__main__":
    main()
