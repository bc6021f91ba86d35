"""What holds for every picture of the table, whatever the names in it are."""

import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from hostile_texts import HOSTILE, unseen
from prediction_files import rows_of_model

from compatkit import Comparison, compare_candidates
from compatkit.comparison.agreement import Agreement
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import undefined
from compatkit.record import replace
from compatkit.reports import REPORTS
from compatkit.reports.pictures import (
    IMAGES,
    PICTURES,
    NoPictureError,
    describe_picture,
    draw_picture,
    inline_svg,
    pictures_of,
    render_picture,
)
from compatkit.reports.pictures.picture import Picture

ROOT = Path(__file__).parents[2]
WORST = (
    "closing",
    "attribute",
    "math",
    "github error",
    "bidirectional",
    "swapped surrogates",
    "nul",
)
worst = pytest.mark.parametrize("text", WORST)
pictures = pytest.mark.parametrize("name", PICTURES)


@cache
def measured() -> tuple[Comparison, ...]:
    """Return three tasks of two candidates, sliced and swept: what every picture is made of."""
    old, *new = (rows_of_model(model) for model in ("old", "new", "candidate"))
    results = compare_candidates(old, new, scorer="token_f1", by="lang", sweep=True)
    return tuple(replace(r, task=task) for task in ("one", "two", "total") for r in results)


def with_answers(agreement: Agreement | None, text: str) -> Agreement | None:
    if agreement is None:
        return None
    answers = tuple(f"{text}{number}" for number in range(len(agreement.answers)))
    return replace(agreement, answers=answers)


def called(text: str) -> Sequence[Comparison]:
    """Return the same with a text wherever a file or a user may speak."""
    return [
        replace(
            result,
            task=text if result.task == "one" else result.task,
            old=text,
            new=f"{text} {result.new}",
            slices={text: {f"{text}{v}": part for v, part in result.slices["lang"].items()}},
            agreement=with_answers(result.agreement, text),
        )
        for result in measured()
    ]


@cache
def plain(name: str) -> Picture:
    return describe_picture(name, measured())


@cache
def inline(name: str) -> str:
    return inline_svg(plain(name))


def parse(source: str | bytes) -> ET.Element:
    return ET.fromstring(source)  # noqa: S314 (our own)


def tags_of(source: str) -> list[str]:
    return [node.tag for node in parse(source).iter()]


def test_every_picture_is_checked() -> None:
    assert pictures_of(measured()).keys() == PICTURES.keys()


@pictures
def test_a_picture_says_what_it_shows(name: str) -> None:
    picture = plain(name)
    root = parse(inline_svg(picture))
    title, text = list(root)[:2]
    assert (title.tag, title.text, text.tag, text.text) == (
        "title",
        picture.title,
        "desc",
        picture.alt,
    )
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {text.get('id')}"
    assert re.search(r"\d", picture.alt)
    assert picture.name == name


@pictures
def test_a_page_of_a_strict_policy_shows_it(name: str) -> None:
    source = inline(name)
    root = parse(source)
    assert not {node.tag for node in root.iter()} & {"style", "script", "image", "foreignObject"}
    attributes = {key for node in root.iter() for key in node.attrib}
    assert "style" not in attributes
    assert not any(key.startswith("on") for key in attributes)
    assert set(re.findall(r'href="(.)', source)) <= {"#"}
    assert not re.search(r"url\(|https?:|@import", source)
    assert "#1f2328" not in source, "ink has the text's colour"


def test_ids_belong_to_one_picture_and_are_used() -> None:
    ids = [
        node.get("id")
        for name in PICTURES
        for node in parse(inline(name)).iter()
        if node.get("id") is not None
    ]
    assert len(ids) == len(set(ids))
    for name in PICTURES:
        for number in re.findall(r'href="#([^"]+)"', inline(name)):
            assert f'id="{number}"' in inline(name)


@pictures
@pytest.mark.parametrize(
    ("kind", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF-1.4"), ("png", b"\x89PNG\r\n")]
)
def test_a_file_is_of_its_kind_and_has_the_same_bytes_every_time(
    name: str, kind: str, start: bytes
) -> None:
    data = render_picture(plain(name), kind)
    assert data.startswith(start)
    assert data == render_picture(plain(name), kind)


def test_a_file_of_svg_is_xml_with_a_namespace() -> None:
    root = parse(render_picture(plain("slices"), "svg"))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"


@pictures
@worst
def test_a_text_is_drawn_and_not_obeyed(name: str, text: str) -> None:
    picture = describe_picture(name, called(HOSTILE[text]))
    source = inline_svg(picture)
    assert tags_of(source) == tags_of(inline(name))
    shown = [str(node.text) for node in parse(source).iter() if node.text]
    assert unseen("".join(shown)) == []
    assert "::" not in "".join(shown)


def test_every_text_is_drawn_and_none_obeyed() -> None:
    parts = describe_picture("slices", measured()).panels[0]
    rows = [replace(parts.rows[0], label=text) for text in HOSTILE.values()]
    panel = replace(parts, rows=tuple(rows))
    picture = Picture("slices", HOSTILE["closing"], " ".join(HOSTILE.values()), [panel])
    expected = replace(panel, rows=tuple(replace(row, label="x") for row in rows))
    source = inline_svg(picture)
    assert tags_of(source) == tags_of(inline_svg(Picture("slices", "x", "x", [expected])))
    shown = "".join(str(node.text) for node in parse(source).iter() if node.text)
    assert unseen(shown) == []
    assert "::" not in shown
    for kind in IMAGES.values():
        assert render_picture(picture, kind)


@pictures
@pytest.mark.parametrize("kind", ["pdf", "png"])
def test_letters_that_no_font_has_are_escapes_in_a_file(name: str, kind: str) -> None:
    text = "\u65e5\u672c $x^2$ \u05e9"
    assert render_picture(describe_picture(name, called(text)), kind)  # no warning of a glyph


def test_letters_that_no_font_has_are_whole_in_a_page() -> None:
    picture = describe_picture("slices", called("\u65e5\u672c $x^2$ "))
    drawn = [node.text for node in parse(inline_svg(picture)).iter("text")]
    assert "\u65e5\u672c $x^2$ de" in drawn


@pictures
def test_the_settings_of_a_user_change_nothing(name: str) -> None:
    before = render_picture(plain(name), "svg")
    with mpl.rc_context({"font.size": 40, "axes.grid": True, "svg.fonttype": "path"}):
        settings = dict(mpl.rcParams)
        assert render_picture(plain(name), "svg") == before
        assert dict(mpl.rcParams) == settings


def test_a_notebook_shows_a_figure_as_it_stands() -> None:
    figure = draw_picture(plain("slices"))
    shown = figure._repr_svg_()
    assert shown == inline_svg(plain("slices"))
    figure.axes[0].set_xlim(0, 0.5)
    assert figure._repr_svg_() != shown


def test_undefined_is_a_gap_and_no_0() -> None:
    nothing = undefined("no examples")
    *parts, total = measured()[1::2]
    gone = dict.fromkeys(("negative_flip_rate", "expected_negative_flip_rate"), nothing)
    first = replace(parts[0], metrics={**parts[0].metrics, **gone})
    picture = describe_picture("tasks", [first, *parts[1:], total])
    source = inline_svg(picture)
    assert "it is undefined in 1 task;" in picture.alt
    root = parse(source)
    count = {mark: sum(n.get("class") == mark for n in root.iter()) for mark in ("value", "gap")}
    assert count == {"value": 5, "gap": 1}


def test_what_is_undefined_everywhere_is_refused_with_its_reason() -> None:
    nothing = {name: undefined("no answer was right") for name in measured()[0].metrics}
    results = [replace(result, metrics=nothing) for result in measured()]
    for name in ("tasks", "candidates"):
        with pytest.raises(NoPictureError, match="nothing to draw: no answer was right"):
            describe_picture(name, results)


def test_an_unknown_picture_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigError, match="no picture 'pie'; there are tasks, candidates, "):
        describe_picture("pie", measured())


def test_a_page_shows_the_pictures_that_its_forests_do_not() -> None:
    page = REPORTS["html"](measured(), None)
    shown = re.findall(r'class="picture (\w+)"', page)
    assert shown == ["candidates", "answers", "scores", "sweep"]
    assert inline("candidates") in page


def test_nothing_loads_matplotlib_before_a_picture_is_drawn() -> None:
    code = (
        "import sys; import compatkit.commands.score; from compatkit import compare; "
        "from compatkit.reports import REPORTS; from compatkit.reports.pictures import *; "
        "r = [{'id': 'a', 'prediction': 'x', 'reference': 'x', 'part': 'p'}]; "
        "c = compare(r, r, by='part'); print(c); pictures_of([c]); "
        "sys.exit('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
