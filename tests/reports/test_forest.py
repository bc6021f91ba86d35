"""Forest: a row for each slice, with its bar on the scale of all."""

from compatkit import compare
from compatkit.comparison.comparison import Comparison
from compatkit.reports.page.forest import MOST_ROWS, Part, forest_of_slices, make_forest


def sliced(**slices: tuple[str, str]) -> Comparison:
    """Return the comparison of answers, `r` right, of old and new by slice."""
    old, new = (
        [
            {"id": f"{name}{n}", "prediction": letter, "reference": "r", "by": name}
            for name, sides in slices.items()
            for n, letter in enumerate(sides[side])
        ]
        for side in (0, 1)
    )
    return compare(old, new, by="by")


def test_a_row_of_a_slice() -> None:
    comparison = sliced(mild=("r" * 20, "r" * 20), bad=("r" * 20, "x" * 10 + "r" * 10))
    forest = forest_of_slices(comparison, "by", {"bad": "s0_0"}, "by by")
    first, second = forest.rows
    assert (first.name, first.token, first.counted, first.rate) == (
        "bad",
        "s0_0",
        "10 / 20",
        "50.0%",
    )
    assert (first.change, first.tone) == ("-50.00 pp", "broken")
    assert (second.name, second.token, second.rate, second.tone) == ("mild", "", "0.0%", "")
    assert first.interval == "29.9 to 70.1%"  # Wilson, 10 of 20
    # Both bars are on one scale: 0 is where it begins, and the higher rate stands further.
    assert first.bar is not None
    assert second.bar is not None
    assert second.bar.value == second.bar.low == 4.0
    assert first.bar.high == 96.0
    assert second.bar.value < first.bar.value
    assert [tick.text for tick in forest.ticks][:2] == ["0%", "20%"]


def test_the_rate_of_all_is_drawn_and_said() -> None:
    comparison = sliced(a=("r" * 10, "r" * 10), b=("r" * 10, "x" * 10))
    forest = forest_of_slices(comparison, "by", {}, "by by")
    assert forest.overall is not None
    assert forest.note == "dashed: all examples, 50.0%"
    assert forest.level == "95%"
    (part,) = [Part("all", "", comparison.counts, comparison.metrics)]
    assert make_forest("by model", "model", [part]).note == ""


def test_more_rows_than_have_room_are_said() -> None:
    comparison = sliced(a=("r" * 10, "r" * 10), b=("r" * 10, "x" * 10))
    parts = [Part(f"p{n}", "", comparison.counts, comparison.metrics) for n in range(MOST_ROWS + 2)]
    forest = make_forest("by p", "p", parts, note="as said")
    assert len(forest.rows) == MOST_ROWS
    assert forest.note == f"{MOST_ROWS} of {MOST_ROWS + 2} rows; the JSON report has all; as said"


def test_of_several_samples_the_expected_rate_is_drawn() -> None:
    old = [{"id": n, "prediction": ["r", "r"], "reference": "r", "by": "a"} for n in range(6)]
    new = [{**row, "prediction": ["r", "x"]} for row in old]
    comparison = compare(old, new, lists="samples", by="by")
    (row,) = forest_of_slices(comparison, "by", {}, "by by").rows
    assert row.rate == "50.0%"
    assert row.counted == "3.0 / 6"
