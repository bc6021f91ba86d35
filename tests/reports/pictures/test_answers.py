import pytest
from drawn_pictures import Drawn

from compatkit import Comparison, compare
from compatkit.reports.pictures import NoPictureError, describe_picture


def chosen(old: str, new: str, **options: object) -> Comparison:
    """Compare letters, a dot for no answer; the reference is always A."""
    sides = [
        [
            {"id": number, "prediction": None if letter == "." else letter, "reference": "A"}
            for number, letter in enumerate(letters)
        ]
        for letters in (old, new)
    ]
    return compare(*sides, scorer="choice", **options)


def test_old_answers_stand_down_and_new_ones_across() -> None:
    # A A B B C . -> A B B A A C, by hand.
    comparison = chosen("AABBC.", "ABBAAC")
    agreement = comparison.agreement
    assert agreement is not None
    assert agreement.answers == ("A", "B", "C", None)
    assert agreement.counts.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]]
    [panel] = describe_picture("answers", [comparison]).panels
    assert panel.rows == panel.columns == ("A", "B", "C", "-")
    assert panel.texts[0] == ("1", "1", "", "")
    assert panel.quiet.diagonal().all()


def test_the_darkest_cells_are_those_with_the_most_examples() -> None:
    comparison = chosen("A" * 8 + "B" * 5 + "BBBAA", "A" * 8 + "B" * 5 + "AAABB")
    [panel] = describe_picture("answers", [comparison]).panels
    assert panel.values.tolist() == [[1.0, 2 / 3], [1.0, 5 / 8]]
    drawn = Drawn(describe_picture("answers", [comparison]))
    cells = [g[0] for g in drawn.root.iter("g") if g.get("class") == "cell"]
    assert [cell.get("fill") == "currentColor" for cell in cells] == [True, False, False, True]
    [same, fewer, most, _] = [float(cell.get("opacity", "nan")) for cell in cells]
    assert same < most  # so that ink is read on ink
    assert fewer < most


def test_the_text_tells_how_many_stayed_and_the_most_frequent_change() -> None:
    alt = describe_picture("answers", [chosen("AAAAAAB..", "AAABBBB.A")]).alt
    assert "5 of 9 answers stayed the same, 55.56%" in alt
    assert "; the most frequent change, A to B, 3; - stands for no answer." in alt


def test_numbers_are_in_order_of_size() -> None:
    rows = [{"id": n, "prediction": str(n), "reference": "1"} for n in (10, 9, 2)]
    agreement = compare(rows, rows).agreement
    assert agreement is not None
    assert agreement.answers == ("2", "9", "10")
    assert agreement.same == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([str(n) for n in range(40)], [str(n) for n in range(40)]),  # many
        (["A", "A"], ["A", "A"]),  # one alone
    ],
)
def test_many_answers_or_one_have_no_picture(old: list[str], new: list[str]) -> None:
    sides = [
        [{"id": n, "prediction": text, "reference": "A"} for n, text in enumerate(side)]
        for side in (old, new)
    ]
    comparison = compare(*sides)
    assert comparison.agreement is None
    with pytest.raises(NoPictureError, match="they are not a few"):
        describe_picture("answers", [comparison])


def test_several_samples_have_no_one_answer() -> None:
    rows = [
        {"id": "a", "sample": n, "prediction": letter, "reference": "A"}
        for n, letter in enumerate("AB")
    ]
    assert compare(rows, rows, scorer="choice").agreement is None
