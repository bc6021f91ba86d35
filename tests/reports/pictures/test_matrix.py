import re

import pytest
from drawn_pictures import Drawn

from compatkit.errors import ConfigError
from compatkit.reports.pictures import NoPictureError
from compatkit.reports.pictures.matrix import MOST_MODELS, describe_matrix

NAMES = ("a", "b", "c")
RATES = ((None, 0.1, None), (0.4, 0.9, 0.0), (0.2, 0.3, None))


def test_cells_are_as_dark_as_their_rate_and_the_diagonal_is_left_out() -> None:
    [panel] = describe_matrix(NAMES, RATES).panels
    assert panel.texts == (("", "10.0", "undef."), ("40.0", "", "0.0"), ("20.0", "30.0", ""))
    assert panel.values[1].tolist()[::2] == [1.0, 0.0]
    assert panel.values[2].tolist()[:2] == pytest.approx([0.5, 0.75])


def test_an_undefined_rate_is_no_cell_and_is_counted() -> None:
    picture = describe_matrix(NAMES, RATES)
    drawn = Drawn(picture)
    cells = [group[0] for group in drawn.root.iter("g") if group.get("class") == "cell"]
    assert len(cells) == 5
    opacity = [float(cell.get("opacity", "nan")) for cell in cells]
    steps = [(value - min(opacity)) / (max(opacity) - min(opacity)) for value in opacity]
    assert steps == pytest.approx([0.25, 1, 0, 0.5, 0.75], abs=0.1)
    assert picture.alt.endswith(
        "The NFR is highest from b to a, 40.00%, and least from b to c, 0.00%; it is undefined for "
        "1 pair."
    )


def test_more_models_than_find_room_are_counted() -> None:
    number = MOST_MODELS + 3
    names = [f"model {n}" for n in range(number)]
    picture = describe_matrix(names, [[0.1] * number] * number)
    assert f"{MOST_MODELS} of {number} models drawn" in Drawn(picture).texts


def test_what_is_no_square_is_refused() -> None:
    with pytest.raises(ConfigError, match=re.escape("a square of 2 rows and columns")):
        describe_matrix(("a", "b"), ((0.1, 0.2),))


def test_undefined_alone_is_refused() -> None:
    with pytest.raises(NoPictureError, match="no NFR of two models is defined"):
        describe_matrix(("a", "b"), ((0.1, None), (None, 0.1)))
