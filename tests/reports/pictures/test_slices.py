import re

import pytest
from drawn_pictures import Drawn, compare_answers

from compatkit import Comparison
from compatkit.record import replace
from compatkit.reports.pictures import NoPictureError, describe_picture
from compatkit.reports.pictures.panels import MOST_ROWS

# Of "a" 6 of 20 break, of "b" 2 of 40, of "c" none of 10.
PARTS = "a" * 20 + "b" * 40 + "c" * 10
OLD = [1] * 70
NEW = [0] * 6 + [1] * 14 + [0] * 2 + [1] * 38 + [1] * 10


def sliced(**options: object) -> Comparison:
    old, new = (list(zip(side, PARTS, strict=True)) for side in (OLD, NEW))
    return compare_answers(old, new, **{"by": "part", **options})


def test_rows_stand_worst_first_with_their_counts() -> None:
    [panel] = describe_picture("slices", [sliced()]).panels
    assert [(row.label, row.remark) for row in panel.rows] == [
        ("a", "6 / 20"),
        ("b", "2 / 40"),
        ("c", "0 / 10"),
    ]
    assert panel.overall == 8 / 70
    assert [row.values[0].value for row in panel.rows] == [0.3, 0.05, 0.0]


def test_limits_are_those_that_hold_for_all_slices_at_once() -> None:
    comparison = sliced()
    picture = describe_picture("slices", [comparison])
    [panel] = picture.panels
    assert panel.rows[0].values[0] is comparison.slices["part"]["a"].together
    assert panel.note == "95% limits that hold for all 3 slices at once"


def test_marks_stand_where_the_axis_has_their_numbers() -> None:
    picture = describe_picture("slices", [sliced()])
    drawn = Drawn(picture)
    [panel] = picture.panels
    shares = [drawn.share_at(x) for x, _ in drawn.places_of("value")]
    assert shares == pytest.approx([0.3, 0.05, 0.0], abs=0.002)
    limits = [drawn.share_at(end) for span in drawn.spans_of("limits") for end in span]
    expected = [end for row in panel.rows for end in (row.values[0].low, row.values[0].high)]
    assert limits == pytest.approx(expected, abs=0.002)
    heights = [y for _, y in drawn.places_of("value")]
    assert heights == sorted(heights)


def test_the_text_for_who_does_not_see_it_has_the_numbers() -> None:
    alt = describe_picture("slices", [sliced()]).alt
    assert "old -> new: the NFR is 11.43% (" in alt
    assert "by part it is worst for a, 30.00% (" in alt
    assert "and least for c, 0.00% (" in alt
    assert alt.endswith("; 95% limits that hold for all 3 slices at once.")


def test_a_name_can_be_found_in_the_page_by_what_it_names() -> None:
    drawn = Drawn(describe_picture("slices", [sliced()]))
    names = [(t.get("data-kind"), t.get("data-name")) for t in drawn.nodes("text")]
    assert [pair for pair in names if pair[0]] == [("part", "a"), ("part", "b"), ("part", "c")]


def test_more_slices_than_find_room_are_counted() -> None:
    parts = [f"s{number:03}" for number in range(MOST_ROWS + 5)]
    rows = [(1, part) for part in parts]
    picture = describe_picture("slices", [compare_answers(rows, rows, by="part")])
    [panel] = picture.panels
    assert len(panel.rows) == MOST_ROWS
    assert panel.note.endswith(f"; {MOST_ROWS} of {MOST_ROWS + 5} slices drawn")
    assert f"{MOST_ROWS} of {MOST_ROWS + 5} slices drawn" in " ".join(Drawn(picture).texts)


def test_several_fields_have_a_forest_each() -> None:
    picture = describe_picture("slices", [sliced(by=["part", "answer"])])
    assert [panel.heading for panel in picture.panels] == ["by part", "by answer"]
    assert picture.title == "Broken answers by slice"


def test_without_slices_there_is_no_picture() -> None:
    rows = [(1, "a"), (0, "a")]
    with pytest.raises(NoPictureError, match=re.escape("--by FIELD names a field")):
        describe_picture("slices", [compare_answers(rows, rows)])


def test_forests_of_one_picture_end_alike_so_that_they_compare() -> None:
    first = sliced()
    calm = compare_answers(*[list(zip([1] * 70, PARTS, strict=True))] * 2, by="part")
    results = [replace(first, task="x"), replace(calm, task="y")]
    picture = describe_picture("slices", results)
    highest = first.slices["part"]["a"].together.high
    assert highest is not None
    assert [panel.end for panel in picture.panels] == [pytest.approx(1.03 * highest)] * 2
    assert [panel.heading for panel in picture.panels] == ["x", "y"]


def test_a_listener_hears_of_two_panels_and_how_many_there_are() -> None:
    results = [replace(sliced(), task=task) for task in "xyz"]
    alt = describe_picture("slices", results).alt
    assert alt.count("the NFR is 11.43%") == 2
    assert alt.endswith(" 1 more panel.")
