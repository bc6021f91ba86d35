import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_of import rows_of

from compatkit.errors import ConfigError, DataError
from compatkit.scorers import make_scorer
from compatkit.scorers.numeric import find_number


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


def test_a_reference_without_a_number_is_refused_with_its_line() -> None:
    with pytest.raises(DataError, match=r"rows.jsonl:1: the reference 'x' holds no number"):
        make_scorer("numeric").score(rows_of(["1"], ["x"]))


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
