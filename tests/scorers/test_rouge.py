import pytest
from rouge_score.rouge_scorer import RougeScorer
from rows_of import rows_of

from compatkit.scorers import make_scorer

PREDICTIONS = ["the cats were running", "a dog\nbarked at cats", None, "", "same text"]
REFERENCES = [
    ("a cat runs", "the cats ran home"),
    ("dogs bark\nat cats", "nothing"),
    ("x",),
    ("y",),
    ("same text",),
]


@pytest.mark.parametrize("kind", ["rouge1", "rouge2", "rougeL", "rougeLsum"])
@pytest.mark.parametrize("stemmer", [False, True])
def test_the_best_reference_counts_to_the_last_bit(kind: str, stemmer: bool) -> None:
    peer = RougeScorer([kind], use_stemmer=stemmer)
    expected = [
        0.0 if text is None else max(peer.score(r, text)[kind].fmeasure for r in references)
        for text, references in zip(PREDICTIONS, REFERENCES, strict=True)
    ]
    scorer = make_scorer(kind, stemmer=stemmer)
    scored = scorer.score(rows_of(PREDICTIONS, REFERENCES))
    assert scored.scores.tolist() == expected
    assert scored.answers == PREDICTIONS
    assert scorer.continuous is True


def test_a_row_without_reference_scores_0() -> None:
    assert make_scorer("rougeL").score(rows_of(["a"], [()])).scores.tolist() == [0.0]
