"""Comparisons: those of several candidates or tasks, shown together."""

from compatkit.comparison.comparison import Comparison


class Comparisons(list[Comparison]):
    """A list of the comparisons of several candidates or tasks, which shows one report of all."""

    def __str__(self) -> str:
        """Return the terminal report, without colours."""
        from compatkit.reports import REPORTS  # noqa: PLC0415  (upwards: see docs/adr/0010)

        return REPORTS["terminal"](self, None)

    def _repr_html_(self) -> str:
        """Return the report for a notebook."""
        from compatkit.reports.notebook import render_fragment  # noqa: PLC0415  (upwards: docs/adr/0010)

        return render_fragment(self)

    def to_latex(self, *, intervals: bool = False) -> str:
        """Return the table of a paper, by booktabs.

        Args:
            intervals: each number has its interval beside it.
        """
        from compatkit.reports import REPORTS, View  # noqa: PLC0415  (upwards: docs/adr/0010)

        return REPORTS["latex"](self, View(intervals=intervals))
