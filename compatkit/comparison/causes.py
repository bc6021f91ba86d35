"""Causes: when the cause of a broken answer holds, as the files say it; never guessed.

`compatkit.metrics.cause_metrics.CAUSES` lists the causes and what is true where one holds; `RULES`
tells whether it is. Of several that hold the first of that list is named.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from compatkit.comparison.refusals import is_refusal
from compatkit.metrics.cause_metrics import CAUSES, FORMAT
from compatkit.predictions.choices import find_choice, list_choices
from compatkit.predictions.fields import Record
from compatkit.predictions.languages import find_language
from compatkit.predictions.scripts import find_script
from compatkit.scorers.normalize import normalize_column
from compatkit.scorers.number import read_reference
from compatkit.scorers.reasoning import after_reasoning

TIMES = 5  # how often a phrase stands at the end of a text that repeats itself
LEAST_REPEATED = 100  # characters that the repetitions cover at least
LONGEST_PHRASE = 1000
SEED = LEAST_REPEATED // TIMES  # characters by which a phrase is found again
# Where logs and files say why a model stopped, and what they call the limit of its length.
STOP_FIELDS = ("finish_reason", "stop_reason", "finishReason", "stopReason")
LENGTH = {"length", "max_tokens", "max_output_tokens", "model_length", "token_limit"}
ALONE = re.compile(r"[\s\d.,'\u2019_\u00a0\u2009\u202f+\-/$\u20ac\u00a3\u00a5*`]+")
# What is more than punctuation: words with a digit, and symbols, so that neither -5 is 5 nor C++ C.
MEANT = re.compile(r"\S*\d\S*|[#$%&+/<=>@\\^|~]")

# A letter, and a text in one line behind it: "B. Paris", "(B) Paris".
LABELLED = re.compile(r"[(\[*]*([A-Z])(?:[)\]*]+[.:]?|[.:]\**)\s+(\S.*)")


class Row(NamedTuple):
    """What was read of a row: its record, and what that says of one sample.

    Attributes:
        record: as it stands in the file; empty where the file lacks the example.
        text: the prediction; None for no answer.
        answer: what is judged of it; None where the scorer reads no answer.
        references: the accepted answers.
        input: the prompt; None where there is none.
        sample: which of the record's predictions the text is, from 0.
        by_run: `compatkit run` made the file, so that its word on `finished` is known.
    """

    record: Record
    text: str | None
    answer: str | None
    references: tuple[str, ...]
    input: str | None
    sample: int
    by_run: bool = False


class Broken(NamedTuple):
    """What is at hand of an answer that broke.

    Attributes:
        new: the new model's row.
        old: the old model's row.
    """

    new: Row
    old: Row

    @property
    def references(self) -> tuple[str, ...]:
        """The accepted answers."""
        return self.old.references or self.new.references


def find_cause(broken: Broken) -> str | None:
    """Return the first cause that holds, a name in `CAUSES`; None where none does."""
    return next((cause for cause in CAUSES if RULES[cause](broken)), None)


def is_format(broken: Broken) -> bool:
    """Tell whether the answer is a reference in another format.

    Both are the same number and nothing else, written in two ways; or the same text after the
    normalisation of SQuAD, with the same numbers and symbols in it.
    """
    answer = broken.new.answer
    if answer is None or answer in broken.references:
        return False
    if ALONE.fullmatch(answer):
        number = read_reference(answer)
        alone = filter(ALONE.fullmatch, broken.references)
        return number is not None and number in map(read_reference, alone)
    form, *accepted = normalize_column([answer, *broken.references])
    if form not in accepted:
        return False
    same = zip(accepted, broken.references, strict=True)
    return any(form == other and _meant(answer) == _meant(text) for other, text in same)


def _meant(text: str) -> list[str]:
    return [part.lower().rstrip(".,;:!?") for part in MEANT.findall(text)]


def repeats(text: str) -> bool:
    """Tell whether a text ends in the same phrase again and again.

    White space at its end apart, its last max(100, 5 p) characters have a period of p, for a
    phrase of p characters, 1,000 at most: each of them is the one p before.

    >>> repeats("It is so. " + "No. " * 30), repeats("na" * 8 + " Batman")
    (True, False)
    """
    tail = text.rstrip()[-TIMES * LONGEST_PHRASE :]
    if len(tail) < LEAST_REPEATED:
        return False
    # The last characters stand one phrase before the end, too.
    end = len(tail) - SEED
    place = tail.rfind(tail[end:], 0, len(tail) - 1)
    while place >= 0 and (size := end - place) <= LONGEST_PHRASE:
        covered = max(LEAST_REPEATED, TIMES * size)
        if covered <= len(tail) and tail[-covered:-size] == tail[size - covered :]:
            return True
        place = tail.rfind(tail[end:], 0, place + SEED - 1)
    return False


def is_cut_off(broken: Broken) -> bool:
    """Tell whether the files say that the new text met the largest number of tokens.

    Where the old one did too, as where a single letter is asked for, it is no cause.
    """
    return _met_the_limit(broken.new) and not _met_the_limit(broken.old)


def _met_the_limit(row: Row) -> bool:
    record = row.record
    if row.by_run and record.get("finished") is False:
        return True
    reasons = (_of_sample(record.get(name), row.sample) for name in STOP_FIELDS if name in record)
    return any(isinstance(reason, str) and reason.lower() in LENGTH for reason in reasons)


def _of_sample(value: Any, sample: int) -> Any:
    """Return what a field says of one of several samples."""
    if isinstance(value, list):
        return value[sample] if sample < len(value) else None
    return value.get("reason") if isinstance(value, Mapping) else value


def is_other_script(broken: Broken) -> bool:
    """Tell whether most letters of the answer are of another script than those it should be.

    Most letters of the old answer are of one other script, and those of no reference are of the
    new answer's.
    """
    if broken.new.answer is None or broken.old.answer is None:
        return False
    new, old = find_script(broken.new.answer), find_script(broken.old.answer)
    return None not in {new, old} and new not in {old, *map(find_script, broken.references)}


def is_other_language(broken: Broken) -> bool:
    """Tell whether the new text is in another language than the old one and the references.

    Where the language of both texts is known, and that of no reference is the new one's.
    """
    new, old = (_language_of(row.text) for row in broken)
    return None not in {new, old} and new not in {old, *map(_language_of, broken.references)}


def _language_of(text: str | None) -> str | None:
    answer = None if text is None else after_reasoning(text)[0]
    return None if answer is None else find_language(answer)


def is_other_order(broken: Broken) -> bool:
    """Tell whether the new answer is the letter of the right text in another order of the choices.

    The right text is the choice that the old reference names. The other order is that of the other
    file, where both hold the same choices in two orders; or the new text itself has the right text
    behind another letter ("B. Paris", where Paris is A).
    """
    orders = [list_choices(row.record, row.input) for row in broken]
    named = broken.old.references and orders[1]
    right = _right_texts(*((broken.old, orders[1]) if named else (broken.new, orders[0])))
    if not right:
        return False
    letter, text = _split_label(broken.new)
    if letter is None or letter in (broken.new.references or broken.old.references):
        return False
    shuffled = orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])
    place = ord(letter) - ord("A")
    if shuffled and any(order[place] in right for order in orders if place < len(order)):
        return True
    own = orders[0] or orders[1]
    return text in right and place < len(own) and own[place] not in right


def _right_texts(row: Row, choices: Sequence[str]) -> set[str]:
    places = (find_choice(reference, choices) for reference in row.references)
    return {choices[place] for place in places if place is not None}


def _split_label(row: Row) -> tuple[str | None, str]:
    """Return the letter that was answered, and the text behind it, as far as there are such."""
    answer = None if row.text is None else after_reasoning(row.text)[0]
    labelled = LABELLED.fullmatch((answer or "").strip())
    if labelled:
        return labelled[1], labelled[2].strip().rstrip(".*")
    letter = (row.answer or "").strip(" ()[].:*")
    return (letter if len(letter) == 1 and "A" <= letter <= "Z" else None), ""


RULES: dict[str, Callable[[Broken], bool]] = {
    FORMAT: is_format,
    "other order": is_other_order,
    "repeats": lambda broken: broken.new.text is not None and repeats(broken.new.text),
    "cut off": is_cut_off,
    "refusal": lambda broken: is_refusal(broken.new.text) and not is_refusal(broken.old.text),
    "no answer": lambda broken: not (broken.new.answer or "").strip(),
    "script": is_other_script,
    "language": is_other_language,
}
