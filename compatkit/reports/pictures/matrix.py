"""Matrix: the NFR of every update that several models allow."""

from collections.abc import Sequence

import numpy as np

from compatkit.errors import ConfigError
from compatkit.reports.pictures.lacking import NoPictureError
from compatkit.reports.pictures.panels import rest_of
from compatkit.reports.pictures.picture import Grid, Picture
from compatkit.reports.view import count_of, format_number

MOST_MODELS = 20


def describe_matrix(names: Sequence[str], rates: Sequence[Sequence[float | None]]) -> Picture:
    """Describe the NFR of each row's model updated to each column's.

    Args:
        names: of the models, shape (M,).
        rates: shape (M, M), in [0, 1]; None where undefined. What stands on the diagonal is left
            out: a model updated to itself.

    Raises:
        ConfigError: rates are not as many as names.
        NoPictureError: no rate is defined.
    """
    if len(rates) != len(names) or any(len(row) != len(names) for row in rates):
        raise ConfigError(f"rates was expected to be a square of {len(names)} rows and columns.")
    shown = min(len(names), MOST_MODELS)
    values = np.array([row[:shown] for row in rates[:shown]], np.float64).reshape(shown, shown)
    np.fill_diagonal(values, np.nan)
    if np.isnan(values).all():
        raise NoPictureError("matrix: there is nothing to draw: no NFR of two models is defined.")
    most = float(np.nanmax(values))
    texts = tuple(
        tuple("" if row == column else _text(values[row, column]) for column in range(shown))
        for row in range(shown)
    )
    panel = Grid(
        heading="",
        rows=tuple(names[:shown]),
        columns=tuple(names[:shown]),
        values=values / most if most else values,
        texts=texts,
        row_title="from",
        column_title="to: NFR in %",
        quiet=np.zeros((shown, shown), np.bool_),
        note=rest_of(shown, len(names), "model"),
    )
    title = "Broken answers between all pairs of models"
    return Picture("matrix", title, f"{title}. {_sentence(names, values)}", [panel])


def _text(rate: float) -> str:
    return "undef." if np.isnan(rate) else f"{100 * rate:.1f}"


def _sentence(names: Sequence[str], values: np.ndarray) -> str:
    places = (divmod(int(find(values)), len(values)) for find in (np.nanargmax, np.nanargmin))
    texts = [
        f"{names[row]} to {names[column]}, {format_number(float(values[row, column]), 'share')}"
        for row, column in places
    ]
    text = f"The NFR is highest from {texts[0]}, and least from {texts[1]}"
    undefined = int(np.isnan(values).sum()) - len(values)
    text += f"; it is undefined for {count_of(undefined, 'pair')}" if undefined else ""
    return f"{text}."
