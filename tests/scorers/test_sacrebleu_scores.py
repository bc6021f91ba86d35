import pytest
import sacrebleu
from rows_of import rows_of

from compatkit.errors import ConfigError
from compatkit.scorers.make import make_scorer

pytestmark = pytest.mark.usefixtures("counted_by")

PREDICTIONS = ["the cat sat on the mat", "It costs 1,000.50 today!", None, "", "a b"]
REFERENCES = [
    ("the cat is on the mat", "a cat sat on a mat"),
    ("It cost 1,000.50 yesterday.",),
    ("x",),
    ("y z",),
    ("a b",),
]


def expected(name: str) -> list[float]:
    scores = []
    for text, references in zip(PREDICTIONS, REFERENCES, strict=True):
        if text is None:
            scores.append(0.0)
            continue
        score = getattr(sacrebleu, f"sentence_{name}")(text, list(references)).score / 100
        scores.append(1 - min(score, 1) if name == "ter" else score)
    return scores


@pytest.mark.parametrize("name", ["bleu", "chrf", "ter"])
def test_the_sentence_score_of_sacrebleu_to_the_last_bit(name: str) -> None:
    scorer = make_scorer(name)
    assert scorer.score(rows_of(PREDICTIONS, REFERENCES)).scores.tolist() == expected(name)
    assert scorer.options["sacrebleu"] == sacrebleu.__version__


def test_a_batch_without_answers_scores_0() -> None:
    assert make_scorer("bleu").score(rows_of([None], ["x"])).scores.tolist() == [0.0]


def test_an_unknown_tokenizer_is_refused() -> None:
    with pytest.raises(ConfigError, match="13a"):
        make_scorer("bleu", tokenize="14b").score(rows_of(["a"], ["a"]))
