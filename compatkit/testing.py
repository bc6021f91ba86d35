"""Testing: a gate as an assertion of one's own tests."""

from typing import Any

from compatkit.gate.check_pair import check
from compatkit.gate.verdict import Verdict
from compatkit.reports.verdicts import VERDICT_FLIPS, VERDICT_REPORTS
from compatkit.reports.view import View


def assert_compatible(
    old: Any, new: Any, *, show_flips: int = VERDICT_FLIPS["terminal"], **budgets_and_options: Any
) -> Verdict:
    """Assert that an update stays within budgets of what it may break.

    An inconclusive verdict is no pass; `inconclusive="pass"` makes it one.

    Args:
        old: the old model's predictions: a path, a list of mappings, a frame, a table or a
            `datasets.Dataset`.
        new: the new model's.
        show_flips: how many negative flips the message shows.
        budgets_and_options: as of `compatkit.check`: budgets by their names in
            `compatkit.gate.BUDGETS`, must-not-flip examples, waivers, how to score.

    Returns:
        The verdict, a pass.

    Raises:
        AssertionError: the verdict is not a pass; the message is the terminal's report.
        DataError: predictions that cannot be read or compared.
        ConfigError: a wrong budget or option.

    >>> from compatkit.testing import assert_compatible
    >>> old = [{"id": i, "prediction": "4", "reference": "4"} for i in range(200)]
    >>> assert_compatible(old, old[::-1], max_nfr=0.02).outcome
    'pass'
    >>> new = [{**row, "prediction": "5"} if row["id"] < 10 else row for row in old]
    >>> assert_compatible(old, new, max_nfr=0.02)
    Traceback (most recent call last):
    AssertionError: FAIL: 10 of 200 right answers broke; 0 repaired
    The negative flip rate (NFR) is at least 2.74% at 95% confidence; the budget is at most 2%.
    ...
    """
    __tracebackhide__ = True
    verdict = check(old, new, **budgets_and_options)
    if not verdict.passed:
        view = View(show_flips=show_flips)
        raise AssertionError(VERDICT_REPORTS["terminal"](verdict, view).rstrip("\n"))
    return verdict
