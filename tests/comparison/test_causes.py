"""Why an answer broke: tables worked by hand, then properties, then hostile texts."""

from typing import Any

import pytest
from harness_runs import RUNS, SHARED, needs_shared
from hypothesis import given
from hypothesis import strategies as st

from compatkit import compare
from compatkit.comparison.causes import RULES, Broken, Row, find_cause, repeats
from compatkit.metrics.cause_metrics import CAUSES
from compatkit.predictions.scripts import find_script
from compatkit.readers.prediction_file import open_run

LOOP = "I do not know. " * 20


def cause(new: str | None, *references: str, old: str | None = "", **record: Any) -> str | None:
    """Return the cause of an answer of which all is judged; the old one is a reference."""
    old = references[0] if old == "" else old
    was = Row({}, old, old, references, None, 0)
    return find_cause(Broken(was._replace(record=record, text=new, answer=new), was))


@pytest.mark.parametrize(
    ("new", "references", "expected"),
    [
        ("paris", ("Paris",), "format"),
        ("The Paris.", ("London", "Paris"), "format"),
        ("New\n York ", ("new york",), "format"),
        ("1,250.50", ("1250.5",), "format"),
        ("$18", ("18",), "format"),
        ("1/2", ("0.5",), "format"),
        ("In 1990.", ("in 1990",), "format"),
        ("-5", ("5",), None),
        ("3.5", ("35",), None),
        ("3,5", ("35",), None),
        ("25%", ("0.25",), None),
        ("x = -5", ("x = 5",), None),
        ("it is -5", ("it is 5",), None),
        ("C++", ("C",), None),
        ("a < b", ("a b",), None),
        ("Rome", ("Paris",), None),
        ("Paris", ("Paris",), None),  # judged wrong by something else than its text
        ("...", ("!!!",), None),
        ("the", ("a",), None),
        ("A.", ("a",), "format"),
        ("", ("Paris",), "no answer"),
        ("  \n", ("Paris",), "no answer"),
        (None, ("Paris",), "no answer"),
        ("\u041c\u043e\u0441\u043a\u0432\u0430", ("Moscow",), "script"),
        ("\u6771\u4eac", ("\u3068\u3046\u304d\u3087\u3046",), None),
        ("\u041c\u043e\u0441\u043a\u0432\u0430", ("Moscow", "\u041a\u0438\u0435\u0432"), None),
        ("\u041c\u043e\u0441\u043a\u0432\u0430", ("1147",), None),
        ("Moscow \u041c\u043e\u0441\u043a\u0432\u0430", ("Paris",), None),
        ("\uff32\uff4f\uff4d\uff45", ("Paris",), None),
        (LOOP, ("Paris",), "repeats"),
    ],
)
def test_the_cause_that_the_texts_show(
    new: str | None, references: tuple[str, ...], expected: str | None
) -> None:
    assert cause(new, *references) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"finish_reason": "length"}, "cut off"),
        ({"finish_reason": "stop"}, None),
        ({"stop_reason": "max_tokens"}, "cut off"),
        ({"stop_reason": "model_length"}, "cut off"),
        ({"finishReason": "MAX_TOKENS"}, "cut off"),
        ({"finish_reason": {"reason": "length"}}, "cut off"),
        ({"finish_reason": ["length", "stop"]}, "cut off"),
        ({"finish_reason": ["stop", "length"]}, None),
        ({"finish_reason": []}, None),
        ({"finish_reason": None}, None),
        ({"finish_reason": 7}, None),
        ({"finished": False}, None),  # whose word that is nobody knows
        ({"length": "length"}, None),
    ],
)
def test_that_a_text_was_cut_off_is_what_the_file_says(
    record: dict[str, Any], expected: str | None
) -> None:
    assert cause("Rome is", "Paris", **record) == expected
    assert cause(None, "Paris", **record) == (expected or "no answer")


def test_a_file_of_our_own_runner_says_what_was_cut_off() -> None:
    new = Row({"finished": False}, "Rome", "Rome", ("Paris",), None, 0, by_run=True)
    old = new._replace(record={"finished": True}, text="Paris", answer="Paris")
    assert find_cause(Broken(new, old)) == "cut off"
    assert find_cause(Broken(new._replace(by_run=False), old)) is None


def test_what_both_files_say_is_no_cause() -> None:
    """A letter that may have one token meets the largest number of tokens on both sides."""
    new = Row({"finish_reason": {"reason": "length"}}, "B", "B", ("A",), None, 0)
    old = new._replace(text="A", answer="A")
    assert find_cause(Broken(new, old)) is None
    assert find_cause(Broken(new, old._replace(record={}))) == "cut off"


def test_the_first_cause_of_the_table_is_named() -> None:
    assert RULES.keys() == CAUSES.keys()
    assert cause("paris", "Paris", finish_reason="length") == "format"
    assert cause(LOOP, "Paris", finish_reason="length") == "repeats"


def test_an_answer_that_the_scorer_does_not_read_is_none() -> None:
    old = [{"id": "a", "prediction": "(A)", "reference": "A"}]
    new = [{"id": "a", "prediction": "That depends.", "reference": "A"}]
    (example,) = compare(old, new, scorer="choice").examples or ()
    assert (example.old_answer, example.new_answer) == ("A", None)
    assert example.cause == "no answer"


CITIES, SHUFFLED = ["Paris", "Rome", "Oslo", "Bonn"], ["Oslo", "Paris", "Bonn", "Rome"]
LISTED = "Where?\nA. Paris\nB. Rome\nC. Oslo\nAnswer:"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # Shuffled, and judged by the old letter: B is Paris in the new order.
        (("A", "A", CITIES), ("B", "A", SHUFFLED), "other order"),
        (("A", "A", CITIES), ("D", "A", SHUFFLED), None),
        # Shuffled, and judged by the new letter: the old letter was answered.
        (("A", "A", CITIES), ("A", "B", SHUFFLED), "other order"),
        (("A", "Paris", CITIES), ("B", "Paris", SHUFFLED), "other order"),
        (("A", "A", CITIES), ("(B)", "A", SHUFFLED), "other order"),
        # Not shuffled, or other choices: another letter is another answer.
        (("A", "A", CITIES), ("B", "A", CITIES), None),
        (("A", "A", CITIES), ("B", "A", ["Nice", "Paris", "Bonn", "Rome"]), None),
        (("A", "A", CITIES), ("B", "A", None), None),
        (("A", "A", CITIES), ("Z", "A", SHUFFLED), None),
        # The right text behind another letter.
        (("A", "A", CITIES), ("B. Paris", "A", CITIES), "other order"),
        (("A", "A", CITIES), ("(B) Paris.", "A", None), "other order"),
        (("A", "A", CITIES), ("**B.** Paris", "A", CITIES), "other order"),
        (("A", "A", CITIES), ("B. Rome", "A", CITIES), None),
        (("A", "A", CITIES), ("A. Paris", "A", CITIES), None),  # judged by something else
        (("A", "A", None), ("B. Paris", "A", None), None),
        # A letter that is the text of another choice names none.
        (("A", "A", ["B", "A"]), ("B", "A", ["A", "B"]), None),
    ],
)
def test_a_letter_of_another_order(
    old: tuple[str, str, list[str] | None],
    new: tuple[str, str, list[str] | None],
    expected: str | None,
) -> None:
    rows = [
        Row({"choices": choices} if choices else {}, text, text, (right,), None, 0)
        for text, right, choices in (new, old)
    ]
    assert find_cause(Broken(*rows)) == expected


def test_the_order_is_that_of_the_question_where_no_field_holds_it() -> None:
    old = Row({}, "A", "A", ("A",), LISTED, 0)
    turned = LISTED.replace("Paris", "-").replace("Rome", "Paris").replace("-", "Rome")
    new = Row({}, "B", "B", ("A",), turned, 0)
    assert find_cause(Broken(new, old)) == "other order"
    assert find_cause(Broken(new._replace(input=LISTED), old)) is None


GERMAN = "Das ist nicht die Hauptstadt, sondern eine Stadt, die auch sehr alt ist."
ENGLISH = "That is the capital of this country, which has been there for long."


@pytest.mark.parametrize(
    ("old", "new", "reference", "expected"),
    [
        (ENGLISH, GERMAN, "Paris", "language"),
        (GERMAN, ENGLISH, "Paris", "language"),
        (ENGLISH, ENGLISH, "Paris", None),
        (ENGLISH, "Hauptstadt", "Paris", None),
        ("Paris", GERMAN, "Paris", None),
        (ENGLISH, GERMAN, GERMAN + " Ja.", None),  # as the reference is
        (ENGLISH, f"<think>{GERMAN}</think>{ENGLISH} No.", "Paris", None),
        (ENGLISH, f"<think>{GERMAN}", "Paris", None),
    ],
)
def test_another_language(old: str, new: str, reference: str, expected: str | None) -> None:
    rows = (Row({}, text, text, (reference,), None, 0) for text in (new, old))
    assert find_cause(Broken(*rows)) == expected


def test_a_refusal_comes_before_no_answer_and_not_where_both_refuse() -> None:
    assert cause("I'm sorry, but I can't help with that.", "Paris") == "refusal"
    new = Row({}, "I cannot assist with that.", None, ("A",), None, 0)
    old = new._replace(text="A", answer="A")
    assert find_cause(Broken(new, old)) == "refusal"
    assert find_cause(Broken(new, old._replace(text="I can't help you. A"))) == "no answer"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 99, False),
        ("a" * 100, True),
        ("a" * 100 + " \n" * 9, True),
        ("a" * 100 + "b", False),
        ("0123456789" * 10, True),
        ("x" + "0123456789" * 10, True),
        ("0123456789" * 9, False),  # nine times, and 90 characters
        ("0123456789abcdefghijklmno" * 4, False),  # 100 characters, and four times
        ("0123456789abcdefghijklmno" * 5, True),
        ("so. " + "0123456789" * 12 + "0123", True),  # cut within the phrase
        ("".join(map(chr, range(0x4E00, 0x4E00 + 1000))) * 5, True),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 1001))) * 5, False),
        ("".join(f"Step {n}. " for n in range(100)), False),
        ("", False),
    ],
)
def test_a_text_that_repeats_itself(text: str, *, expected: bool) -> None:
    assert repeats(text) is expected


def repeats_by_definition(text: str) -> bool:
    """Hold each character of the tail against the one a period before, for every period."""
    tail = text.rstrip()
    for size in range(1, 1001):
        covered = max(100, 5 * size)
        if covered > len(tail):
            continue
        end = tail[len(tail) - covered :]
        if all(end[at] == end[at - size] for at in range(size, covered)):
            return True
    return False


@given(
    st.text("ab ", max_size=30),
    st.text("ab ", min_size=1, max_size=30),
    st.integers(0, 60),
    st.text("ab ", max_size=4),
)
def test_repetition_is_what_its_definition_says(
    before: str, phrase: str, times: int, after: str
) -> None:
    text = before + phrase * times + after
    assert repeats(text) == repeats_by_definition(text)


@given(st.text(), st.lists(st.text(), min_size=1, max_size=3))
def test_no_cause_of_a_right_answer_but_one_of_its_own(new: str, references: list[str]) -> None:
    named = cause(new, *references)
    assert named is None or named in CAUSES
    if new in references:
        assert named != "format"


@given(st.text("abc XYZ", min_size=1))
def test_case_and_white_space_are_format(text: str) -> None:
    other = f"  {text.swapcase()}"
    if text.strip() and other != text:
        assert cause(other, text) in {"format", "repeats"}


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000 + "b",
        ("a" * 19 + "b") * 50_000 + "c",
        "ab" * 500_000 + "ba",
        " " * 1_000_000,
        "9" * 1_000_000,
        "9," * 500_000,
        "\u0416" * 1_000_000,
        "{" * 1_000_000,
        "####" * 250_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_a_long_hostile_text_ends(text: str) -> None:
    """What is not linear in the length of a text does not come back here."""
    assert cause(text, "the reference", finish_reason="stop") == cause(
        text[-9000:], "the reference"
    )
    assert repeats(text) == repeats(text.rstrip()[-5000:])


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("abc", "LATIN"),
        ("abc \u0416", "LATIN"),
        ("ab\u0416\u0416", None),
        ("\u6771\u4eac\u306e", "CJK"),
        ("\u0416 12345 !", "CYRILLIC"),
        ("\u0627\u0644", "ARABIC"),
        ("\U0001d400\U0001d401", "LATIN"),
        ("12 \U0001f600", None),
        ("", None),
    ],
)
def test_the_script_of_most_letters(text: str, script: str | None) -> None:
    assert find_script(text) == script


def test_inspect_says_why_the_model_stopped() -> None:
    """What a log says of it stands in the record, where a cause looks for it."""
    runs = open_run(RUNS / "inspect" / "v2")
    records = [row for file in runs.values() for batch in file.batches() for row in batch.rows]
    assert {record.get("stop_reason") for record in records if record["prediction"]} == {"stop"}


@needs_shared
def test_helm_says_why_the_model_stopped() -> None:
    runs = open_run(SHARED / "helm" / "bbq" / "openai_gpt-4o-2024-05-13")
    records = [row for file in runs.values() for batch in file.batches() for row in batch.rows]
    assert {record["finish_reason"]["reason"] for record in records} == {"length"}
