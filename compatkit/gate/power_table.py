"""Power table: the chance that a gate passes good and bad updates, by number of examples."""

from dataclasses import dataclass

from compatkit import statistics
from compatkit.errors import ConfigError

BAD = 1.25  # a bad update breaks this many times the budget
EQUIVALENCE_STEPS = (0.5, 0.75, 1.0, 1.5, 2.0)
SIZES = (100, 200, 500, 1_000, 2_000, 5_000, 10_000)
RATES = (0.0, 0.005, 0.01, 0.02, 0.05)
STEPS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class PowerRow:
    """Chances to pass with a number of examples.

    Attributes:
        examples: N.
        good: chance that the good update passes, in [0, 1].
        bad: chance that an update with 1.25 times the budget passes, in [0, 1].
    """

    examples: int
    good: float
    bad: float


@dataclass(frozen=True, slots=True)
class PowerTable:
    """What a gate on the negative flip rate can tell.

    Attributes:
        budget: the largest NFR allowed, a share of all examples.
        true_nfr: the NFR of the good update.
        old_accuracy: accuracy of the old model, None where it is unknown.
        level: level of the one-sided upper limit.
        power: how often the good update should pass.
        needed: number of examples from which it does.
        rows: the chances around that number.
        seen: number of examples of a pilot, None without one.
        smallest_budget: the smallest budget that so many examples can show the good update to
            keep, in the unit of the budget.
    """

    budget: float
    true_nfr: float
    old_accuracy: float | None
    level: float
    power: float
    needed: int
    rows: tuple[PowerRow, ...]
    seen: int | None = None
    smallest_budget: float | None = None


def make_power_table(
    budget: float,
    true_nfr: float,
    *,
    old_accuracy: float | None = None,
    level: float = 0.95,
    power: float = 0.8,
    seen: int | None = None,
) -> PowerTable:
    """Tell how many examples a gate needs.

    Args:
        budget: the largest NFR allowed, above 0 and below 1.
        true_nfr: the NFR of an update that should pass, below the budget.
        old_accuracy: accuracy of the old model; no more than this can flip.
        level: level of the one-sided upper limit.
        power: how often the good update should pass.
        seen: number of examples of a pilot.

    Raises:
        ConfigError: a number out of its range, or a good update beyond the budget.

    Source: Clopper and Pearson 1934; see `compatkit.statistics.power`.

    >>> make_power_table(0.02, 0.01).needed
    1091
    """
    if not 0 < budget < 1:
        raise ConfigError(f"--nfr-budget is {budget}; a share between 0 and 1 was expected.")
    if old_accuracy is not None and not budget <= old_accuracy <= 1:
        raise ConfigError(
            f"--old-accuracy is {old_accuracy}, and the budget {budget}: no more answers can flip "
            "than were right, so that this budget would allow everything."
        )
    if true_nfr >= budget:
        raise ConfigError(
            f"an update with an NFR of {true_nfr:g} is beyond the budget of {budget:g}, and no "
            "number of examples makes it pass. Name a smaller --true-nfr or a larger budget."
        )
    needed = statistics.examples_needed(budget, true_nfr, level, power)
    sizes = sorted({max(1, round(needed * step)) for step in STEPS} | ({seen} if seen else set()))
    rows = [
        PowerRow(
            size,
            statistics.power_of_gate(size, budget, true_nfr, level),
            statistics.power_of_gate(size, budget, min(BAD * budget, 0.999), level),
        )
        for size in sizes
    ]
    smallest = statistics.smallest_detectable(seen, true_nfr, level, power) if seen else None
    return PowerTable(
        budget, true_nfr, old_accuracy, level, power, needed, tuple(rows), seen, smallest
    )


@dataclass(frozen=True, slots=True)
class BudgetTable:
    """The smallest budget that a number of examples can show to be kept.

    Attributes:
        level: level of the one-sided upper limit.
        power: how often an update with the true NFR should pass.
        rates: true NFRs, a share of all examples.
        rows: number of examples, and the smallest budget for each of these rates.
    """

    level: float
    power: float
    rates: tuple[float, ...]
    rows: tuple[tuple[int, tuple[float, ...]], ...]


def make_budget_table(level: float = 0.95, power: float = 0.8) -> BudgetTable:
    """Tell which budget so many examples can show.

    Args:
        level: level of the one-sided upper limit.
        power: how often an update with the true NFR should pass.

    Source: Clopper and Pearson 1934; see `compatkit.statistics.smallest_detectable`.

    >>> size, budgets = make_budget_table().rows[0]
    >>> size, round(budgets[0], 4)  # 1 - 0.05^(1/100)
    (100, 0.0295)
    """
    rows = [
        (size, tuple(statistics.smallest_detectable(size, rate, level, power) for rate in RATES))
        for size in SIZES
    ]
    return BudgetTable(level, power, RATES, tuple(rows))


@dataclass(frozen=True, slots=True)
class EquivalenceTable:
    """How many examples show two models of one accuracy to be equivalent.

    Attributes:
        margin: largest change of accuracy that counts as none.
        discordance: share of the examples that flip, either way.
        level: level of each one-sided bound.
        power: how often it should be shown.
        needed: about how many examples do.
        rows: number of examples, and the chance that it is shown.
        seen: number of examples of a pilot, None without one.
    """

    margin: float
    discordance: float
    level: float
    power: float
    needed: int
    rows: tuple[tuple[int, float], ...]
    seen: int | None = None


def make_equivalence_table(
    margin: float, discordance: float, *, level: float, power: float, seen: int | None = None
) -> EquivalenceTable:
    """Tell how many examples it takes to show that accuracy changed by less than a margin.

    Args:
        margin: largest change of accuracy that counts as none, above 0 and below 1.
        discordance: share of the examples that flip, either way, from 0 to below 1.
        level: level of each one-sided bound.
        power: how often it should be shown.
        seen: number of examples of a pilot.

    Raises:
        ConfigError: a number out of its range.

    Source: Schuirmann 1987; see `compatkit.statistics.equivalence_power`.
    """
    if not 0 < margin < 1:
        raise ConfigError(f"--margin is {margin:g}; a share between 0 and 1 was expected.")
    if not 0 <= discordance < 1:
        raise ConfigError(f"--discordance is {discordance:g}; from 0 to below 1 was expected.")
    needed = statistics.examples_for_equivalence(margin, discordance, level, power)
    sizes = sorted(
        {round(needed * step) for step in EQUIVALENCE_STEPS} | ({seen} if seen else set())
    )
    rows = [
        (size, statistics.equivalence_power(size, margin, discordance, level)) for size in sizes
    ]
    return EquivalenceTable(margin, discordance, level, power, needed, tuple(rows), seen)
