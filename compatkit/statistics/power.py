"""How many examples a gate needs, and what a number of examples can tell, in the budget's unit.

The gate passes where the one-sided exact upper limit of the negative flip rate is within the
budget.
"""

import math

from compatkit.errors import ConfigError
from compatkit.statistics.conservative import conservative_difference
from compatkit.statistics.interval import check_counts, check_level
from compatkit.statistics.proportions import clopper_pearson

__all__ = [
    "equivalence_power",
    "examples_for_equivalence",
    "examples_needed",
    "largest_passing_rate",
    "power_of_gate",
    "smallest_detectable",
]

_MOST_EXAMPLES = 10**9
_MOST_FOR_EQUIVALENCE = 10**6
_BLOCKS = 64


def _at_most(count: int, total: int, rate: float) -> float:
    """P(X <= count) for X binomial."""
    from scipy.special import bdtr  # noqa: PLC0415  (start-up time)

    if count < 0:
        return 0.0
    return 1.0 if count >= total else float(bdtr(count, total, rate))


def _check_rate(rate: float, name: str) -> float:
    value = float(rate)
    if not 0.0 <= value < 1.0:
        raise ConfigError(f"{name} is {rate}; expected a share from 0 to below 1.")
    return value


def _allowed_flips(total: int, budget: float, level: float) -> int:
    """Largest number of flips that passes, -1 where even none does not."""
    low, high = -1, total
    while high - low > 1:
        middle = (low + high) // 2
        if _at_most(middle, total, budget) <= 1.0 - level:
            low = middle
        else:
            high = middle
    return low


def _first_total(flips: int, budget: float, level: float) -> int:
    """Smallest number of examples with which this many flips pass."""
    low, high = flips, flips + 1
    while _at_most(flips, high, budget) > 1.0 - level:
        low, high = high, 2 * high
        if high > _MOST_EXAMPLES:
            raise ConfigError(f"more than {_MOST_EXAMPLES:,} examples needed; raise the budget.")
    while high - low > 1:
        middle = (low + high) // 2
        if _at_most(flips, middle, budget) > 1.0 - level:
            low = middle
        else:
            high = middle
    return high


def power_of_gate(n: int, budget: float, true_rate: float, level: float = 0.95) -> float:
    """Probability that a model with a true negative flip rate passes the gate.

    P(upper limit of X flips <= budget) for X binomial: exact, not simulated.

    Args:
        n: Number of examples.
        budget: Largest negative flip rate allowed, a share of all examples.
        true_rate: The model's true negative flip rate, in the same unit.
        level: Level of the one-sided upper limit, in (0, 1).

    Returns:
        Probability in [0, 1]; 0 where n is too small for even no flip to pass.

    Raises:
        ConfigError: If a rate is outside [0, 1), n negative, or the level not in (0, 1).

    Source:
        Definition; Clopper and Pearson 1934 for the limit.

    >>> round(power_of_gate(1000, budget=0.02, true_rate=0.01), 3)
    0.793
    """
    level = check_level(level)
    (n,) = check_counts(n=n)
    budget, true_rate = _check_rate(budget, "budget"), _check_rate(true_rate, "true_rate")
    return _at_most(_allowed_flips(n, budget, level), n, true_rate)


def examples_needed(
    budget: float, true_rate: float = 0.0, level: float = 0.95, power: float = 0.8
) -> int:
    """Return the number of examples from which a good model passes the gate with a given power.

    The power is a saw-tooth in n; from the number returned on, no n has less than the power.

    Args:
        budget: Largest negative flip rate allowed, above 0.
        true_rate: The true rate of the model that should pass, below the budget.
        level: Level of the one-sided upper limit, in (0, 1).
        power: Wanted probability to pass, in (0, 1).

    Returns:
        A number of examples, 1 or more.

    Raises:
        ConfigError: If the true rate is not below the budget, more than 10^9 examples are needed,
            or an argument is out of range.

    Source:
        Inversion of `power_of_gate`.

    >>> examples_needed(budget=0.01)
    299
    """
    level, power = check_level(level), check_level(power, "power")
    budget, true_rate = _check_rate(budget, "budget"), _check_rate(true_rate, "true_rate")
    if true_rate >= budget:
        raise ConfigError(f"true_rate is {true_rate}; expected less than the budget, {budget}.")

    def lasts(flips: int) -> bool:
        # While this many flips are allowed, the power falls with n: the last n is the worst.
        last = _first_total(flips + 1, budget, level) - 1
        return _at_most(flips, last, true_rate) >= power

    high = 0
    while not lasts(high):
        high = 2 * high + 1
    low = (high - 1) // 2 if high else -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if lasts(middle) else (middle, high)
    return _first_total(high, budget, level)


def _likely_flips(n: int, true_rate: float, power: float) -> int:
    """Smallest number that the flips of a model stay within with a given probability."""
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _at_most(middle, n, true_rate) >= power else (middle, high)
    return high


def smallest_detectable(
    n: int, true_rate: float = 0.0, level: float = 0.95, power: float = 0.8
) -> float:
    """Return the smallest budget that n examples can show a good model to keep.

    The upper limit of the number of flips that a model with `true_rate` stays within with the given
    power: with a smaller budget it would pass less often.

    Args:
        n: Number of examples.
        true_rate: The true negative flip rate of the model that should pass.
        level: Level of the one-sided upper limit, in (0, 1).
        power: Wanted probability to pass, in (0, 1).

    Returns:
        A budget in (0, 1], in the unit of the negative flip rate: a share of all examples. nan
        without examples.

    Raises:
        ConfigError: If an argument is out of range.

    Source:
        Inversion of `power_of_gate`.

    >>> round(smallest_detectable(1000), 5)
    0.00299
    """
    level, power = check_level(level), check_level(power, "power")
    (n,) = check_counts(n=n)
    true_rate = _check_rate(true_rate, "true_rate")
    flips = _likely_flips(n, true_rate, power) if n else 0
    return clopper_pearson(flips, n, level, side="upper").high


def largest_passing_rate(n: int, budget: float, level: float = 0.95, power: float = 0.8) -> float:
    """Return the largest true negative flip rate that passes the gate with a given power.

    Args:
        n: Number of examples.
        budget: Largest negative flip rate allowed.
        level: Level of the one-sided upper limit, in (0, 1).
        power: Wanted probability to pass, in (0, 1).

    Returns:
        A rate below the budget; nan where n is too small for even no flip to pass.

    Raises:
        ConfigError: If an argument is out of range.

    Source:
        Inversion of `power_of_gate`.

    >>> round(largest_passing_rate(1000, budget=0.02), 4)
    0.0099
    """
    level, power = check_level(level), check_level(power, "power")
    (n,) = check_counts(n=n)
    flips = _allowed_flips(n, _check_rate(budget, "budget"), level)
    if flips < 0:
        return float("nan")
    # P(X <= flips) = power at the lower limit of flips + 1, with the tail 1 - power.
    return clopper_pearson(flips + 1, n, power, side="lower").low


def _widest_split(flips: int, total: int, margin: float, level: float) -> int:
    """Largest difference of negative and positive flips that is shown to be within; -1 for none."""

    def is_shown(steps: int) -> bool:
        more = (flips + flips % 2) // 2 + steps
        interval = conservative_difference(more, flips - more, total, 2.0 * level - 1.0)
        return -margin <= interval.low and interval.high <= margin

    low, high = -1, flips // 2 + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if is_shown(middle) else (low, middle)
    return 2 * low + flips % 2 if low >= 0 else -1


def equivalence_power(n: int, margin: float, discordance: float, level: float = 0.95) -> float:
    """Probability that two models of the same accuracy are shown to be equivalent.

    Both one-sided bounds of the change lie within the margin, by `conservative_difference`; the
    flips are binomial, and each is as likely a negative as a positive one. Summed, over up to 64
    blocks of their number, not simulated.

    Args:
        n: Number of examples.
        margin: Largest change of accuracy that counts as none, in (0, 1).
        discordance: Share of the examples that flip, either way, in [0, 1).
        level: Level of each one-sided bound, in (0.5, 1).

    Returns:
        Probability in [0, 1].

    Raises:
        ConfigError: If a share is outside its range, or n negative.

    Source:
        Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680, for the two tests.

    >>> round(equivalence_power(2000, margin=0.02, discordance=0.1), 2)
    0.74
    """
    from scipy.special import bdtrik  # noqa: PLC0415  (start-up time)

    level = check_level(level)
    (n,) = check_counts(n=n)
    margin, discordance = _check_rate(margin, "margin"), _check_rate(discordance, "discordance")
    if n == 0 or margin == 0.0:
        return 0.0
    first, last = 0, 0
    if discordance > 0.0:
        first, last = (math.ceil(bdtrik(tail, n, discordance)) for tail in (1e-7, 1.0 - 1e-7))
    first, last = max(first, 0), min(last, n)
    step = -(-(last - first + 1) // _BLOCKS)
    shown = 0.0
    for start in range(first, last + 1, step):
        end = min(start + step - 1, last)
        flips = (start + end) // 2
        widest = _widest_split(flips, n, margin, level)
        if widest >= 0:
            low, high = (flips - widest) // 2, (flips + widest) // 2
            within = _at_most(high, flips, 0.5) - _at_most(low - 1, flips, 0.5)
            chance = _at_most(end, n, discordance) - _at_most(start - 1, n, discordance)
            shown += chance * within
    return shown


def examples_for_equivalence(
    margin: float, discordance: float, level: float = 0.95, power: float = 0.8
) -> int:
    """Return about how many examples show two models of one accuracy to be equivalent.

    Args:
        margin: Largest change of accuracy that counts as none, in (0, 1).
        discordance: Share of the examples that flip, either way.
        level: Level of each one-sided bound, in (0.5, 1).
        power: Wanted probability that it is shown, in (0, 1).

    Returns:
        A number of examples, to 1 in 100: the power is not smooth in it.

    Raises:
        ConfigError: If an argument is out of range, or more than 10^6 examples are needed.

    Source:
        Inversion of `equivalence_power`.

    >>> 2000 < examples_for_equivalence(margin=0.02, discordance=0.1) < 2400
    True
    """
    from statistics import NormalDist  # noqa: PLC0415  (start-up time)

    level, power = check_level(level), check_level(power, "power")
    margin, discordance = _check_rate(margin, "margin"), _check_rate(discordance, "discordance")
    if margin == 0.0:
        raise ConfigError("margin is 0, which no number of examples can show.")
    # The normal approximation says where to look; exact bounds need a little more.
    normal = NormalDist()
    quantiles = normal.inv_cdf(level) + normal.inv_cdf((1.0 + power) / 2.0)
    guess = math.ceil(discordance * (quantiles / margin) ** 2 + math.log(20.0) / margin)
    low, high = 0, guess
    while equivalence_power(high, margin, discordance, level) < power:
        low, high = high, math.ceil(1.1 * high)
        if high > _MOST_FOR_EQUIVALENCE:
            raise ConfigError("more than 1,000,000 examples needed; raise the margin.")
    low = max(low, guess // 2)
    while high - low > max(1, math.floor(0.01 * low)):
        middle = (low + high) // 2
        enough = equivalence_power(middle, margin, discordance, level) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high
