"""Cause metrics: why answers broke, as shares of all examples; their format apart from all else.

A cause is a fact about one example, that others may share; of several that hold the first in
`CAUSES` counts, so that no example counts twice. When one holds is said in
`compatkit.comparison.causes`. To add one: a line here, a rule there, a row in the page of formats.
"""

from compatkit.metrics.flips import Flags, share_of
from compatkit.metrics.metric import Metric

ZOU = (
    "as `test_prefixes` in the code published with Zou et al. 2023 (arXiv 2307.15043), which alone "
    "was read"
)
FORMAT = "format"
UNEXPLAINED = "unexplained"  # no cause, but what is left where none holds
# What is true of the example, as the end of a sentence.
CAUSES: dict[str, str] = {
    FORMAT: "the new answer is a reference in another format: the same number, or the same text "
    "but for case, punctuation, articles and white space",
    "other order": "the new answer is the letter of the right text in another order of the choices",
    "repeats": "the new text ends in the same phrase again and again, five times at least",
    "cut off": "the new file says that the text met the largest number of tokens, and the old one "
    "does not",
    "refusal": "the new text begins with a phrase by which a model declines, and the old one does "
    "not",
    "no answer": "the new answer is null, empty or missing, or the scorer reads none in it",
    "script": "most letters of the new answer are of another script than those of the old answer "
    "and of the references",
    "language": "the new text is in another language than the old one and the references, as far "
    "as words that one language alone has tell",
}
EVERY_CAUSE = (None, *CAUSES)  # as columns number them
# Where a rule was taken from; the others are of this package.
SOURCES = {"refusal": ZOU + ", matched at the beginning of the text"}


def name_metric(cause: str) -> str:
    """Return the name of a cause's metric.

    >>> name_metric("cut off")
    'cut_off_flip_rate'
    """
    return f"{cause.replace(' ', '_')}_flip_rate"


def _has(cause: str) -> Flags:
    """Return which examples broke for a cause."""
    return lambda pair: pair.broken_for[cause]


CAUSE_METRICS: dict[str, Metric] = {
    name_metric(FORMAT): Metric(
        "NFR, format flips",
        "count(n10 and cause = format) / N",
        f"Share of the examples that broke where {CAUSES[FORMAT]}; another prompt or "
        "normalisation mends these.",
        "causes",
        share_of(_has(FORMAT)),
    ),
    "content_flip_rate": Metric(
        "NFR, content flips",
        "count(n10 and cause != format) / N",
        "Share of the examples that broke by more than their format; with the format flips they "
        "are all negative flips.",
        "causes",
        share_of(lambda pair: pair.broken & ~_has(FORMAT)(pair)),
    ),
    **{
        name_metric(cause): Metric(
            f"NFR, {cause}",
            f"count(n10 and cause = {cause}) / N",
            f"Share of the examples that broke where {meaning}.",
            "causes",
            share_of(_has(cause)),
            SOURCES.get(cause, ""),
        )
        for cause, meaning in CAUSES.items()
        if cause != FORMAT
    },
    name_metric(UNEXPLAINED): Metric(
        f"NFR, {UNEXPLAINED}",
        "count(n10 and no cause) / N",
        "Share of the examples that broke, and of which the files say no cause.",
        "causes",
        share_of(_has(UNEXPLAINED)),
    ),
}
