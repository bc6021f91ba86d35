from pathlib import Path

import pytest
from drawn_pictures import Drawn

import compatkit
from compatkit.comparison.history import History
from compatkit.errors import ConfigError
from compatkit.reports.pictures import IMAGES, render_picture
from compatkit.reports.pictures.history import describe_history
from compatkit.reports.pictures.panels import MOST_ROWS


def traced(*strings: str, names: list[str] | None = None) -> History:
    rows = [
        [{"id": n, "prediction": text[v], "reference": "R"} for n, text in enumerate(strings)]
        for v in range(len(strings[0]))
    ]
    names = names or [f"v{number}" for number in range(1, len(rows) + 1)]
    return compatkit.history(dict(zip(names, rows, strict=True)))


def test_each_row_is_a_whole_of_what_became_of_its_examples() -> None:
    [panel] = describe_history(traced("RWR", "RRW", "WWR", "WWW")).panels
    assert [row.label for row in panel.rows] == ["v1", "v2", "v3"]
    # Kept, repaired, learned, broken, never right.
    assert panel.rows[0].shares == (0, 0, 0.5, 0, 0.5)
    assert panel.rows[1].shares == (0.25, 0, 0, 0.25, 0.5)
    assert panel.rows[2].shares == (0, 0.25, 0.25, 0.25, 0.25)
    assert [row.remark for row in panel.rows] == ["0", "1", "1"]


def test_who_does_not_see_it_reads_the_numbers() -> None:
    picture = describe_history(traced("RWR", "RRW", "WWR", "WWW"))
    assert picture.alt == (
        "Kept, repaired and broken answers by version. Over 3 versions and 4 examples accuracy "
        "goes from 50.00% to 50.00%. Of the examples that an earlier version had right, v3 has "
        "50.00% (9.45 to 90.55) wrong; v2 was the first to break 1 example, the most of all. No "
        "version has 25.00% (4.56 to 69.94) of the examples right."
    )
    assert picture.alt in Drawn(picture).source


def test_bands_stand_side_by_side_in_the_order_of_the_key() -> None:
    drawn = Drawn(describe_history(traced("RWR", "RRW", "WWR", "WWW")))
    bands = [group for group in drawn.root.iter("g") if group.get("class") == "band"]
    assert len(bands) == 2 + 3 + 4
    key = ["kept", "repaired", "right for the first time", "ever right, now wrong"]
    assert [text for text in drawn.texts if text in key] == key


def test_the_last_versions_are_drawn_where_there_are_too_many() -> None:
    picture = describe_history(traced("RW" * 20))
    assert len(picture.panels[0].rows) == MOST_ROWS
    assert picture.panels[0].rows[-1].label == "v40"
    assert f"the last {MOST_ROWS} of 40 versions drawn" in Drawn(picture).texts


@pytest.mark.parametrize("name", ["<img src=x>", "$x_1$", "a" * 200, "\u65e5\u672c", "\x1b[31m"])
def test_a_version_of_any_name_is_written_as_text(name: str) -> None:
    picture = describe_history(traced("RW", "RR", names=[name, "b"]))
    drawn = Drawn(picture)
    assert not list(drawn.nodes("img"))
    for kind in IMAGES.values():
        assert render_picture(picture, kind) == render_picture(picture, kind)


def test_a_history_draws_itself_into_a_file(tmp_path: Path) -> None:
    path = tmp_path / "history.svg"
    traced("RW", "WR").plot(path)
    assert b"ever right, now wrong" in path.read_bytes()
    with pytest.raises(ConfigError, match="the suffix names the format"):
        traced("RW", "WR").plot(tmp_path / "history.gif")
