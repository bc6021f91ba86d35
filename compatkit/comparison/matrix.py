"""Matrix: what every update between several models would break."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compatkit.comparison.checked_options import Options
from compatkit.comparison.compare import correct_tests, refuse_no_margin
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.finding import refuse_search
from compatkit.comparison.measurement import measure_files
from compatkit.comparison.names import give_names, name_files
from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError


@dataclass(frozen=True, repr=False, eq=False)
class ModelMatrix:
    """Every update between several models, on the examples that all of them have.

    Attributes:
        names: what reports call the models.
        comparisons: of each pair, by the number of the old and of the new model, from 0.
    """

    names: tuple[str, ...]
    comparisons: dict[tuple[int, int], Comparison]

    @property
    def results(self) -> list[Comparison]:
        """The comparisons, those of the first old model first."""
        return list(self.comparisons.values())

    @property
    def rates(self) -> list[list[float | None]]:
        """The NFR of each row's model updated to each column's; None on the diagonal.

        With several samples per example it is the expected one.
        """
        numbers = range(len(self.names))
        return [[self._rate(old, new) for new in numbers] for old in numbers]

    def _rate(self, old: int, new: int) -> float | None:
        comparison = self.comparisons.get((old, new))
        if comparison is None:
            return None
        expected = "" if comparison.pair.single else "expected_"
        return comparison.metrics[f"{expected}negative_flip_rate"].value

    @property
    def accuracies(self) -> list[float | None]:
        """The accuracy of each model."""
        last = len(self.names) - 1
        return [self.comparisons[n, last if n < last else 0].accuracy_old for n in range(last + 1)]

    def __repr__(self) -> str:
        """Return one line; printing the matrix shows the whole."""
        return f"<ModelMatrix of {', '.join(self.names)}; print() shows all>"

    def __str__(self) -> str:
        """Return the terminal report, without colours."""
        from compatkit.reports.matrix import MATRIX_REPORTS  # noqa: PLC0415  (upwards: docs/adr/0010)

        return MATRIX_REPORTS["terminal"](self, None)

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        from compatkit.reports.notebook import render_matrix  # noqa: PLC0415  (docs/adr/0010)

        return render_matrix(self)

    def to_latex(self) -> str:
        """Return the table of a paper, by booktabs."""
        from compatkit.reports.matrix import MATRIX_REPORTS  # noqa: PLC0415  (upwards: docs/adr/0010)

        return MATRIX_REPORTS["latex"](self, None)


def compare_matrix(models: Sequence[Any], **options: Any) -> ModelMatrix:
    """Compare every model with every other, both ways, on the examples that all have.

    Args:
        models: the predictions of two models or more, as of `compatkit.compare`.
        options: see `make_options`; flipped examples are not kept where nobody asks for them.

    Returns:
        The NFR of each model updated to each other one, and the comparisons behind them; tests
        are corrected over all pairs.

    Raises:
        DataError: a file that cannot be read, or rows that cannot be compared.
        ConfigError: a wrong option, or fewer than two models.

    >>> from compatkit import compare_matrix
    >>> rows = [{"id": n, "prediction": "a", "reference": "a"} for n in range(4)]
    >>> other = [{**row, "prediction": "ab"[row["id"] == 0]} for row in rows]
    >>> compare_matrix([rows, other]).rates
    [[None, 0.25], [0.0, None]]
    """
    return match_models(models, make_options(**{"keep_flips": False, **options}))


def match_models(
    models: Sequence[Any], options: Options, *, names: Sequence[str] = ()
) -> ModelMatrix:
    """Compare with options that were checked; see `compare_matrix`.

    Args:
        models: the predictions of each model.
        options: how they are compared.
        names: what the user calls the models; empty where nothing was said.
    """
    if isinstance(models, str) or len(models) < 2:  # noqa: PLR2004
        raise ConfigError("a matrix is of two models or more.")
    refuse_search(options, "a matrix")
    measurement = measure_files(models[0], models[1:], options, None, "", beside=False)
    numbers = range(len(models))
    pairs = [(old, new) for old in numbers for new in numbers if old != new]
    results = [measurement.turn(*pair).comparison(1) for pair in pairs]
    refuse_no_margin(results, options)
    results = correct_tests(results, options.correction)
    told = name_files([side.file for side in measurement.sides], names)
    return ModelMatrix(
        tuple(told),
        {
            (old, new): give_names([result], [told[old], told[new]])[0]
            for (old, new), result in zip(pairs, results, strict=True)
        },
    )
