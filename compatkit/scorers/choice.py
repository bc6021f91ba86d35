"""Choice: 1 if the chosen label is the reference."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from compatkit.arrays import as_index
from compatkit.errors import DataError
from compatkit.option import Option
from compatkit.predictions.predictions import Predictions
from compatkit.scorers.label import LAST, STATEMENTS, find_label, find_labels
from compatkit.scorers.scorer import Scored, Scorer, score_right
from compatkit.scorers.unread import count_unread

NO_LABEL = "predictions without a choice label: wrong"
SEVERAL = (
    "predictions state several different answers, of which the {} counts; --stop cuts a text that "
    "runs on, and --statement says which one counts"
)
MIXED = (
    "predictions name an index where the reference is a letter, or the reverse: wrong unless "
    "--first-index says which index stands for A"
)


def choice(
    *,
    first_index: Annotated[
        int | None,
        Option(choices=(0, 1), help="the index that stands for A, where one side names letters."),
    ] = None,
    statement: Annotated[
        str, Option(choices=STATEMENTS, help="which of several stated answers counts.")
    ] = LAST,
) -> Scorer:
    r"""Score 1 if the label that the prediction chooses is the reference's, else 0.

    A label is a letter (case apart) or an index. It is read from the whole text ('B',
    '(b).'), else from the last 'answer is B', 'Answer: B', '\boxed{B}', '<answer>B</answer>',
    '[[B]]' or 'B is correct', else from a last or first line that is a label alone, else from the
    opening of a short text ('B. Paris'), else from the only option that is named ('so option
    B.'). After 'answer is' a label without brackets counts only where prose does not go on: 'the
    answer is a dog' has none. No label is no answer.

    Args:
        first_index: the index that stands for A, 0 or 1, where one side names letters and
            the other indices; without it a letter never equals an index.
        statement: which of several stated answers counts, `last` or `first`.

    Raises:
        DataError: a reference that is no label.
    """

    def score(rows: Predictions) -> Scored:
        accepted = _accepted(rows, first_index)
        labels: list[str | None] = []
        read: dict[tuple[str, str], str | None] = {}
        for text, references in zip(rows.prediction, rows.references, strict=True):
            key = (text or "", references[0] if references else "A")
            if key not in read:
                like = key[1].strip("()[]. ") or "A"
                read[key] = _as_letter(
                    find_label(key[0], statement=statement, like=like), first_index
                )
            labels.append(None if text is None else read[key])
        several = {text for text, _ in read if len(find_labels(text)) > 1}
        notes = {
            NO_LABEL: count_unread(labels, rows),
            MIXED: _count_mixed(rows, labels, accepted),
            SEVERAL.format(statement): sum(text in several for text in rows.prediction),
        }
        return score_right(rows, labels, lambda texts: [accepted[text] for text in texts], notes)

    options: dict[str, object] = {} if first_index is None else {"first_index": first_index}
    return Scorer("choice", score, {**options, "statement": statement})


def _as_letter(label: str | None, first_index: int | None) -> str | None:
    index = None if label is None else as_index(label)
    if index is None:
        return label
    if first_index is None:
        return str(index)
    letter = index - first_index
    return chr(ord("A") + letter) if 0 <= letter < 26 else None  # noqa: PLR2004


def _accepted(rows: Predictions, first_index: int | None) -> dict[str, str | None]:
    accepted: dict[str, str | None] = {}
    for row, references in enumerate(rows.references):
        for text in references:
            if text not in accepted:
                accepted[text] = _as_letter(find_label(text), first_index)
                if accepted[text] is None:
                    raise DataError(
                        f"{rows.name}:{rows.lines[row]}: the reference {text[:40]!r} is no label; "
                        "a letter or an index was expected. Another --scorer may fit."
                    )
    return accepted


def _count_mixed(
    rows: Predictions, labels: Sequence[str | None], accepted: Mapping[str, str | None]
) -> int:
    """Count the labels that are letters where every reference is an index, or the reverse."""
    return sum(
        label is not None
        and all((accepted[text] or "").isdigit() != label.isdigit() for text in references)
        for label, references in zip(labels, rows.references, strict=True)
        if references
    )
