import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from rows_of import rows_of

from compatkit.errors import DataError
from compatkit.scorers import rouge_columns, token_characters
from compatkit.scorers.make import make_scorer
from compatkit.scorers.rouge_columns import RougeColumns
from compatkit.scorers.sacrebleu_tokens import load_tokenizer

pytestmark = pytest.mark.usefixtures("counted_by")

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


@pytest.mark.parametrize("tokenize", ["char", "zh", "intl"])
@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_another_tokenizer_gives_what_rouge_scores_hook_gives(
    tokenize: str, pairs: list[tuple[str, str]]
) -> None:
    line = load_tokenizer(tokenize)

    class Hook:
        def tokenize(self, text: str) -> list[str]:
            return line(text).split()

    for kind in ("rouge1", "rouge2", "rougeL", "rougeLsum"):
        peer = RougeScorer([kind], tokenizer=Hook())
        found = RougeColumns(kind, tokenize=tokenize)(*([p[n] for p in pairs] for n in (0, 1)))
        assert found.tolist() == [peer.score(b, a)[kind].fmeasure for a, b in pairs]


def test_a_tokenizer_sees_what_the_own_tokens_do_not() -> None:
    rows = rows_of(["\u6771\u4eac"], ["\u6771\u4eac"])
    own = make_scorer("rouge1").score(rows)
    assert own.scores.tolist() == [0]
    assert own.unscored is not None
    assert own.unscored.tolist() == [True]
    seen = make_scorer("rouge1", tokenize="char").score(rows)
    assert (seen.scores.tolist(), seen.unscored) == ([1], None)


def test_a_pair_of_too_many_words_is_refused_with_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rouge_columns, "load_kernel", lambda: None)
    monkeypatch.setattr(token_characters, "CODE_POINTS", 10)
    rouge_columns._shared_encoder.cache_clear()
    rows = rows_of(["a b", " ".join("cdefghij"), "a"], ["a", "c", "b"])
    for tokenize in (None, "char"):
        with pytest.raises(DataError, match=f"{rows.name}:{rows.lines[1]}: more than .* words"):
            make_scorer("rougeL", tokenize=tokenize).score(rows)
    rouge_columns._shared_encoder.cache_clear()
