import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit.errors import ConfigError
from compatkit.scorers.make import make_scorer
from compatkit.scorers.number import find_number, read_reference
from compatkit.scorers.unread import NEAR_ZERO


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18", "18"),
        ("It is 18.", "18"),
        ("18.0", "18"),
        ("$1,250.50 in all", "1250.5"),
        ("#### 7 then 9", "7"),
        ("3 + 4 = 7\n#### 8", "8"),
        ("#### none, so 5", "5"),
        ("-5", "-5"),
        ("\u22125", "-5"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("10-5", "5"),
        ("10 - 5", "5"),
        ("= -5", "-5"),
        ("1e3", "1000"),
        ("x2", "2"),
        (".5", "0.5"),
        ("-0.0", "0"),
        ("100", "100"),
        ("12345678901234567890.10", "12345678901234567890.1"),
        ("20 %", "20"),
        ("1,00,000", "100000"),
        ("12,34,56,789", "123456789"),
        ("no number", None),
        ("", None),
        ("####", None),
    ],
)
def test_number_by_hand(text: str, number: str | None) -> None:
    assert find_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,2,3", "3"),
        ("1,2,345", "345"),
        ("1,2345", "2345"),
        ("12,345,67", "67"),
        ("3,5", "5"),
        ("1,234,567.89", "1234567.89"),
        ("3 1,500", "1500"),
        ("1,000,", "1000"),
        ("x1,000", "1000"),
        ("1,000-2,000", "2000"),
        ("5'000", "5000"),
        ("5\u2019000", "5000"),
        ("1_000", "1000"),
        ("12\u202f000", "12000"),
        ("12\u00a0000.5", "12000.5"),
        ("12\u2009000", "12000"),
        ("$12 000", "12000"),
        ("10 000 000", "10000000"),
        ("1 2 3 100", "100"),
        ("3 100,000", "100000"),
        ("in 2019 300 people", "300"),
        ("1 234 5", "5"),
        ("1e99999", None),
        ("7 then 1e-99999", None),
        ("1e0003", "1000"),
        ("1e" + "9" * 10_000, None),
        ("1e999", "1" + "0" * 999),
    ],
)
def test_digits_are_joined_in_groups_of_three_alone(text: str, number: str | None) -> None:
    assert find_number(text) == number


def test_a_number_too_large_is_counted_as_none() -> None:
    scored = make_scorer("numeric").score(rows_of(["1e99999"], ["99"]))
    assert (scored.scores.tolist(), scored.answers) == ([0], [None])
    assert dict(scored.notes) == {"predictions without a number: wrong": 1}


def test_numbers_of_one_value_are_one_answer() -> None:
    scored = make_scorer("numeric").score(
        rows_of(["$18.00", "It is 18", "19", None, "?"], ["18"] * 5)
    )
    assert scored.scores.tolist() == [1, 1, 0, 0, 0]
    assert scored.answers == ["18", "18", "19", None, None]
    assert dict(scored.notes) == {"predictions without a number: wrong": 1}


@pytest.mark.parametrize(("tolerance", "score"), [(0.0, 0), (0.1, 1), (0.09, 0)])
def test_the_tolerance_is_inclusive_and_free_of_rounding(tolerance: float, score: int) -> None:
    scored = make_scorer("numeric", tolerance=tolerance).score(rows_of(["0.3"], ["0.4"]))
    assert scored.scores.tolist() == [score]


def test_the_best_reference_counts() -> None:
    scored = make_scorer("numeric", tolerance=1).score(rows_of(["10"], [("3", "11")]))
    assert scored.scores.tolist() == [1]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18", "18"),
        (" $18.00. ", "18"),
        (r"\$18", "18"),
        ("$18$", "18"),
        ("**18**", "18"),
        ("18%", "18"),
        ("1,234.50", "1234.5"),
        ("\uff11\uff12", "12"),
        ("\u221218", "-18"),
        ("\u201318", "-18"),
        ("\uff0d18", "-18"),
        ("14{,}916", "14916"),
        (r"12\,345", "12345"),
        (r"12,\!345", "12345"),
        ("1e3", "1000"),
        ("10^3", "1000"),
        (r"1.5 \times 10^{3}", "1500"),
        (r"\frac{4}{9}", "4/9"),
        (r"\dfrac{5}{9}", "5/9"),
        (r"\frac14", "0.25"),
        (r"-\frac{1}{2}", "-0.5"),
        (r"2\frac{2}{3}", "8/3"),
        ("2 2/3", "8/3"),
        ("\u00bd", "0.5"),
        ("\u2212\u2153", "-1/3"),
        ("2\u00bd", "2.5"),
        ("2 \u00be", "2.75"),
        ("1,250\u00bd", "1250.5"),
        ("3 1\u20442", "3.5"),
        ("\\boxed{1\u00bd}", "1.5"),
        ("1, \u00bd", None),
        ("x = 5", "5"),
        (r"30^\circ", "30"),
        ("A long solution.\nA: 18", "18"),
        ("3 - 4 = 7\n#### 8", "8"),
        (r"so it is \boxed{8}.", "8"),
        ("12:00", None),
        ("Time: 12:00", None),
        ("(3,5)", None),
        ("3,5", None),
        ("3\n5", None),
        ("2020-05-09", None),
        ("5/9/2020", None),
        ("May 9", None),
        ("18 cm", None),
        ("5 apples", None),
        ("between 3 and 5", None),
        (r"\sqrt{2}", None),
        (r"2\pi", None),
        (r"\boxed{(3,5)}", None),
        ("x", None),
        ("", None),
    ],
)
def test_a_reference_is_one_plain_number_or_none(text: str, number: str | None) -> None:
    assert read_reference(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("#### 18\n\nQuestion: more\n#### 20", "18"),
        ("#### Step 2\nso it is 5", "5"),
        ("#### 2. Add them up\nso it is 5", "5"),
        ("#### 1) First\n#### 5", "5"),
        ("##### 5\nso 6", "6"),
        ("#### **18**", "18"),
        ("#### $18\nor 20", "18"),
        ("#### 18 dollars\nQ: 20?", "18"),
        (r"so \boxed{7}, that is 9", "7"),
        (r"\boxed{6} no, \boxed{7}. 9", "7"),
        (r"\boxed{\frac{1}{4}}", "0.25"),
        (r"\boxed{18\text{ cm}^2}", "18"),
        (r"\boxed{x = 5}", "5"),
        (r"\boxed{\boxed{5}} 6", "5"),
        (r"\boxed{} 6", "6"),
        (r"\boxed{(3,5)}, so 5", None),
        (r"\boxed{2\sqrt{3}}", None),
        (r"\boxed{5x}", None),
        (r"\boxed{x^2+5}", None),
        (r"\boxed{7", "7"),
        ("18 m^2", "18"),
        ("18 m^{2}", "18"),
        ("18 m2", "18"),
        ("18 m\u00b2", "18"),
        ("14{,}916", "14916"),
        (r"12\,345", "12345"),
        ("\u20135", "-5"),
        ("10\u201320", "20"),
        ("\uff0d\uff15", "-5"),
        (r"\frac14", "0.25"),
        (r"\frac{1}{4}", "0.25"),
        ("it takes 2/3 of it", "2/3"),
        ("on 5/9/2020", "2020"),
        ("2^10", "1024"),
        ("10^{-3}", "0.001"),
        ("3.5 \u00d7 10^2", "350"),
        ("it is ...5", "5"),
        ("\u5171 3 \u4e2a\uff0c\u662f5", "5"),
        ("it takes \u00be of an hour", "0.75"),
        ("from 1, \u00bd", "0.5"),
        ("x\u00bd", "0.5"),
        ("\u00bd5", "5"),
        ("12.\u00bd", "0.5"),
        ("1/\u00bd", "0.5"),
    ],
)
def test_marks_boxes_and_ways_of_writing(text: str, number: str | None) -> None:
    assert find_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "1" * 100_000,
        "1" * 100_000 + "^",
        "1," * 50_000 + "^2",
        "^" * 50_000,
        "\\boxed{" * 20_000,
        "\\boxed{" * 20_000 + "}" * 20_000,
        "{" * 50_000 + "\\boxed{",
        "\\frac{" * 20_000,
        "1/" * 50_000,
        "1 x 10 " * 20_000 + "^",
        "#### " * 20_000,
        " " * 50_000 + "^",
        "9^999" * 10_000,
    ],
    ids=lambda text: text[:8],
)
def test_a_long_text_is_read_at_once(text: str) -> None:
    assert find_number(text) is None or find_number(text)
    assert read_reference(text) is None or read_reference(text)


def test_an_example_whose_reference_is_no_number_is_left_out_and_counted() -> None:
    rows = rows_of(["5", "0", "7", "5/9"], ["(1,5)", "12:00", ("7 km", "7"), r"\frac{4}{9}"])
    scored = make_scorer("numeric").score(rows)
    assert scored.unscored is not None
    assert scored.unscored.tolist() == [True, True, False, False]
    assert scored.scores[2:].tolist() == [1, 0]
    sentence = "references are not one plain number: left out where there is no other"
    assert dict(scored.notes) == {sentence: 3}
    assert dict(scored.examples) == {sentence: "(1,5)"}


def test_fractions_are_compared_exactly_and_within_a_tolerance() -> None:
    rows = rows_of(["0.333", r"\frac13", "2/6"], ["1/3"] * 3)
    assert make_scorer("numeric").score(rows).scores.tolist() == [0, 1, 1]
    assert make_scorer("numeric", tolerance=0.001).score(rows).scores.tolist() == [1, 1, 1]


def test_references_that_the_tolerance_makes_zero_are_counted() -> None:
    rows = rows_of(["1"] * 4, ["0.5", "-1/2", "0", ["3", "0.1"]])
    assert make_scorer("numeric", tolerance=0.5).score(rows).notes[NEAR_ZERO] == 3
    assert NEAR_ZERO not in make_scorer("numeric", tolerance=0.05).score(rows).notes
    assert NEAR_ZERO not in make_scorer("numeric").score(rows).notes


@pytest.mark.parametrize("tolerance", [-1.0, float("nan"), float("inf")])
def test_a_tolerance_out_of_range_is_refused(tolerance: float) -> None:
    with pytest.raises(ConfigError, match="tolerance is"):
        make_scorer("numeric", tolerance=tolerance)


@given(st.integers(-(10**20), 10**20))
def test_every_whole_number_is_found_again(number: int) -> None:
    assert find_number(f"so it is {number}") == str(number)
    assert find_number(f"so it is {number:,}.") == str(number)


@given(st.text(alphabet="0123456789.,-+eE$# x\u2212'_\u202f"))
def test_any_text_gives_a_number_in_one_way_of_writing_or_none(text: str) -> None:
    number = find_number(text)
    assert number is None or find_number(number) == number


@pytest.mark.parametrize("exponent", ["^0", "^{0}", "^1", "^-1", "^999"])
def test_a_power_of_endless_digits_is_no_number(exponent: str) -> None:
    assert find_number("9" * 5000 + exponent) is None
    assert find_number(f"7{'0' * 40}^1") == f"7{'0' * 40}"
