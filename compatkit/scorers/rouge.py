"""ROUGE: the overlap of a summary with a reference, as F1."""

from functools import cache, partial
from typing import TYPE_CHECKING, Annotated

from compatkit.errors import ConfigError, DataError
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.sacrebleu_tokens import TOKENIZE
from compatkit.scorers.scorer import Scored, Scorer, score_best, whole_texts
from compatkit.scorers.token_characters import TooManyTokensError
from compatkit.scorers.tokens_seen import NO_WORDS, NOT_LATIN, has_latin_tokens, words_seen_by
from compatkit.scorers.unseen import leave_out_unseen

if TYPE_CHECKING:
    from compatkit.scorers.rouge_columns import RougeColumns


def rouge(
    kind: str,
    *,
    stemmer: Annotated[bool, Option(help="compare Porter's stems of words.")] = False,
    tokenize: Annotated[str | None, TOKENIZE] = None,
) -> Scorer:
    """Score by ROUGE F1, the best over the references.

    F1 = 2pr / (p + r) of overlapping unigrams (`rouge1`), bigrams (`rouge2`), the longest
    common subsequence (`rougeL`), or its union over the sentences, one a line (`rougeLsum`).
    Equal to rouge-score 0.1.2 to the last bit. The answer that churn compares is the
    prediction as it stands. An example whose references have no tokens is left out and
    counted.

    Args:
        kind: `rouge1`, `rouge2`, `rougeL` or `rougeLsum`.
        stemmer: compare Porter's stems of words longer than three letters.
        tokenize: a tokenizer of sacrebleu, such as `intl`, `char`, `zh`, `ja-mecab`, in the place
            of rouge-score's own, which knows the letters a to z alone. It keeps the case.

    Raises:
        ConfigError: a tokenizer beside the stemmer, or one that sacrebleu does not have.

    Source: Lin 2004, ROUGE: a package for automatic evaluation of summaries.
    """
    if stemmer and tokenize is not None:
        raise ConfigError("--stemmer is of ROUGE's own tokens. Leave it or --tokenize out.")
    sees = has_latin_tokens if tokenize is None else words_seen_by(tokenize)
    sentence = NOT_LATIN if tokenize is None else NO_WORDS

    @cache  # made at the first batch: naming the scorer costs no import of its libraries
    def columns() -> "RougeColumns":
        from compatkit.scorers.rouge_columns import RougeColumns  # noqa: PLC0415

        return RougeColumns(kind, stemmer=stemmer, tokenize=tokenize)

    def score(rows: Predictions) -> Scored:
        try:
            scored = Scored(score_best(rows, columns()), whole_texts(rows))
        except TooManyTokensError as error:
            raise DataError(f"{rows.name}:{_longest_line(rows)}: {error}") from None
        return leave_out_unseen(scored, rows, sees, sentence)

    options: dict[str, object] = {"stemmer": stemmer}
    options |= {} if tokenize is None else {"tokenize": tokenize}
    return Scorer(kind, score, options, continuous=True, answers=whole_texts)


rouge1 = partial(rouge, "rouge1")
rouge2 = partial(rouge, "rouge2")
rouge_l = partial(rouge, "rougeL")
rouge_lsum = partial(rouge, "rougeLsum")


def _longest_line(rows: Predictions) -> int:
    """Return the line of the row with the most text."""
    pairs = zip(rows.prediction, rows.references, strict=True)
    sizes = [len(text or "") + sum(map(len, references)) for text, references in pairs]
    return rows.lines[sizes.index(max(sizes))]
