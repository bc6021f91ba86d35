import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit.errors import ConfigError, DataError
from compatkit.scorers import label as labels
from compatkit.scorers.label import find_label, find_labels
from compatkit.scorers.make import make_scorer


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("B", "B"),
        (" b ", "B"),
        ("(C)", "C"),
        ("(c).", "C"),
        ("**D**", "D"),
        ("3", "3"),
        ("The answer is (I).", "I"),
        ("the answer is B because A is wrong", "B"),
        ("Answer: C", "C"),
        ("answer is A. No: the answer is B", "B"),
        ("B. Paris", "B"),
        ("(A) the first", "A"),
        ("A) the first", "A"),
        # An article is no label, and prose is no answer.
        ("A cat sat on the mat", None),
        ("I think it is so", None),
        ("", None),
        ("none of them", None),
        ("answer isn't here", None),
    ],
)
def test_label_by_hand(text: str, label: str | None) -> None:
    assert find_label(text) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The answer is a dog, so B", None),
        ("the answer is I think B", None),
        ("The answer is a bit unclear. It must be B.", None),
        ("So the answer is (B) because the answer is a common one", "B"),
        ("The answer is 5 apples", None),
        ("Answer: A and B", None),
        ("Answer: (A) and (B)", None),
        ("Answer: A, B", None),
        ("the answer is B, A is wrong", "B"),
        ("Answer: A or B.", None),
        (r"Thus \boxed{C}", "C"),
        (r"so $\boxed{\text{(c)}}$.", "C"),
        (r"The answer is \boxed{C}.", "C"),
        (r"\boxed{C}", "C"),
        ("$D$", "D"),
        ("The answer is $D$.", "D"),
        (r"The answer is \(D\).", "D"),
        ("the answer is $5.", None),
        ("$5", None),
        ("The answer is option C", "C"),
        ("I choose option C", "C"),
        ("Option C is wrong", None),
        ("option A is wrong, so option B.", None),
        ("it is not option B.", None),
        ("Long text.\n(C)", "C"),
        ("Long text\nC\n", "C"),
        ("C\n\nExplanation: because the ...", "C"),
        ("Explanation follows\nand more", None),
        ("the answer is a", "A"),
        ("the answer is a.", "A"),
        ("the answer is (a) since", "A"),
        ("the answer is a, so", None),
        ("answer is i.e. nothing", None),
        ("the answer is e.g. this", None),
        ("The answer is 1,000 dollars", None),
        ("The answer is 5.5", None),
        ("**Answer:** B", "B"),
        ("**Answer**: **B**", "B"),
        ('Answer: "B"', "B"),
        ("answer's b", "B"),
        ("the answer's fine", None),
        ("the answer is B)", "B"),
        ("The answer is: (I)", "I"),
        ("the answer is I'm sure", None),
        ("The answer is U.S.", None),
        ("Answer:\n\nB", "B"),
        ("Answer:\nA dog", None),
        ("answers.", None),
        ("The answer is [C]", "C"),
        ("the answer is _B_", "B"),
        ("The answer is (B: Paris)", "B"),
        ("the answer is `C`", "C"),
        ("Answer: D. Because", "D"),
        ("the answer is\n(B)\nbecause", "B"),
        ("Answer: B!", "B"),
        ("Answer: A*", "A"),
        ("Option C", "C"),
        ("The answer is not B.", None),
        ("The final answer is **C**", "C"),
        ("the answer is option a", "A"),
        ("The answer is option B (Paris)", "B"),
        (r"\boxed{5 apples}", None),
        (r"answer is \boxed{a}", "A"),
        ("(a", "A"),
        ("\u0663", None),
        ("the answer is a cat", None),
    ],
)
def test_prose_after_a_statement_is_no_label_and_common_forms_are(
    text: str, label: str | None
) -> None:
    assert find_label(text) == label


@pytest.mark.parametrize(
    "text",
    [
        "answer" + " " * 1_000_000 + "x",
        "answer: " + "*" * 1_000_000 + "xx",
        "answer: a" + "." * 1_000_000 + "x",
        "\\boxed{" * 200_000,
        "\\boxed{A" + ")" * 1_000_000,
        "option " * 200_000,
        "the answer is " * 200_000,
    ],
    ids=lambda text: text[:8],
)
def test_a_long_text_is_read_in_time_that_grows_with_it(text: str) -> None:
    assert find_label(text) is None  # in time that grows with its square this would take hours


def test_the_answer_a_is_never_taken_for_an_article_and_null_never_matches() -> None:
    scored = make_scorer("choice").score(rows_of(["A", None, "", "The"], ["A"] * 4))
    assert scored.scores.tolist() == [1, 0, 0, 0]
    assert scored.answers == ["A", None, None, None]
    assert dict(scored.notes) == {"predictions without a choice label: wrong": 2}


def test_a_letter_never_equals_an_index_unless_the_first_index_is_said() -> None:
    rows = rows_of(["B", "C", "1"], ["1", "1", "1"])
    scored = make_scorer("choice").score(rows)
    assert scored.scores.tolist() == [0, 0, 1]
    assert [(note.split(":")[0], count) for note, count in scored.notes.items()] == [
        ("predictions name an index where the reference is a letter, or the reverse", 2)
    ]
    assert make_scorer("choice", first_index=0).score(rows).scores.tolist() == [1, 0, 1]
    assert make_scorer("choice", first_index=1).score(rows).scores.tolist() == [0, 0, 1]


def test_a_reference_that_is_no_label_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match=r"rows.jsonl:2: the reference 'a city' is no label"):
        make_scorer("choice").score(rows_of(["A", "B"], ["A", "a city"]))


def test_a_first_index_other_than_0_or_1_is_refused() -> None:
    with pytest.raises(ConfigError, match="first_index is 2; 0 or 1 was"):
        make_scorer("choice", first_index=2)


@given(st.text())
def test_any_text_has_a_label_or_none(text: str) -> None:
    label = find_label(text)
    assert label is None or (label.isascii() and len(label) <= 3 and label == label.upper())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("<answer>B</answer>", "B"),
        ("<answer>\n(B) Paris\n</answer>", "B"),
        ("<answer>A dog</answer>", None),
        ("Verdict: [[A]]", "A"),
        ("as shown in [[1]] above", None),
        ("the correct option is B", "B"),
        ("The right choice is **B**.", "B"),
        ("B is correct", "B"),
        ("I think that option C is the best choice.", "C"),
        ("Option B is correct because of this", "B"),
        ("If option B is correct, then all is", None),
        ("neither A nor B is correct", None),
        ("B is not correct", None),
        ("Statement I is correct.", None),
        ("\u7b54\u6848\uff1aB", "B"),
        ("\u6b63\u786e\u7b54\u6848\u662f\uff08\uff22\uff09\u3002", "B"),
        ("\u7b54\u3048\uff1aB", "B"),
        ("\uc815\ub2f5: B", "B"),
        ("Antwort: B", "B"),
        ("R\u00e9ponse : B", "B"),
        ("Answer\uff1aB", "B"),
        ("The answer is B (Paris).", "B"),
        ("Answer: B - Paris", "B"),
        ("Answer: B \u2013 Paris", "B"),
        ("Answer: A - B", None),
        ("The answer is 5 - 3 = 2", None),
        ("A: B", "B"),
        ("A: Let us think", None),
        ("a) The first part...", None),
        ("1. Read the question", None),
        ("A. first\nB. second", None),
        ("A. Paris B. Rome", None),
        ("B. Paris" + " and more" * 30, None),
        ("Answer - B", "B"),
        ("The best answer \u2014 (D)", "D"),
        ("Answer - B, C", None),
        ("Answer - A common mistake", None),
        ("The answer - I think - is C", None),
        ("B, because A is wrong", "B"),
        ("B since C. fails", None),
        ("I, because I said so", None),
        ("B, because A is wrong. " * 10, None),
    ],
)
def test_forms_that_people_use_and_openings_that_are_lists(text: str, label: str | None) -> None:
    assert find_label(text) == label


def test_an_opening_is_of_the_kind_that_is_chosen_from() -> None:
    rows = rows_of(["2. Paris", "b) Paris", "2. Paris"], ["2", "b", "B"])
    assert make_scorer("choice").score(rows).answers == ["2", "B", None]


def test_several_stated_answers_are_noted_and_the_first_or_the_last_counts() -> None:
    rows = rows_of(
        ["The answer is A.\nThe answer is B.", "The answer is A. The answer is A."], "AA"
    )
    last, first = make_scorer("choice"), make_scorer("choice", statement="first")
    assert last.score(rows).scores.tolist() == [0, 1]
    assert first.score(rows).scores.tolist() == [1, 1]
    assert [count for note, count in first.score(rows).notes.items() if "several" in note] == [1]
    assert (last.options["statement"], first.options["statement"]) == ("last", "first")


PIECES = st.sampled_from(
    [
        *(
            "answer",
            "Answer",
            " is ",
            "'s ",
            ": ",
            "correct ",
            "right ",
            "best ",
            "option ",
            "choice ",
        ),
        *(
            "A",
            "B",
            " C ",
            "(D)",
            "3",
            "\\boxed{",
            "}",
            "<answer>",
            "</ANSWER>",
            "[[",
            "]]",
            "\n",
            ". ",
        ),
        *("is correct", "thus ", "so ", "Antwort:", "SVAR: ", "respuesta : ", " or ", "and ", "$"),
        *("\u2013", "\u00e9", "\u7b54\u6848", "\u662f", "\u043e\u0442\u0432\u0435\u0442: "),
        # Letters that stand for s, k and i of ASCII where case is apart.
        *("an\u017fwer", "\u0131s ", "cho\u0130ce ", "\u212a"),
    ]
)


@given(st.lists(PIECES, max_size=9).map("".join))
def test_ways_that_a_text_cannot_hold_are_left_out_without_a_loss(text: str) -> None:
    read = find_label(text), find_labels(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(labels, "has_letters_beyond_ascii", lambda _: True)  # all ways are tried
        assert (find_label(text), find_labels(text)) == read
