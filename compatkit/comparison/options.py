"""Options: how files are compared, checked once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Plan
from compatkit.metrics.p_values import check_correction
from compatkit.predictions.fields import NO_FIELD, parse_roles
from compatkit.readers.logs.log import UNFINISHED, LogSelection
from compatkit.readers.source import Progress
from compatkit.recipe import Recipe
from compatkit.scorers import SCORERS, Scorer, make_scorer
from compatkit.scorers import scorer_options as options_of

THRESHOLD = 0.5
FEWEST_RESAMPLES = 100
MOST_RESAMPLES = 1_000_000
HIGHEST_LEVEL = 0.9999
ALL_SCORER_OPTIONS = {option for name in SCORERS for option in options_of(name)}
INTERVALS = ("wilson", "exact")


@dataclass(frozen=True, slots=True)
class Options:
    """How files are compared; `make_options` checks them.

    Attributes:
        scorer: what scores a row.
        threshold: an answer is right when its score is at least this.
        threshold_was_named: False where it is the default.
        by: fields to slice by.
        attributes: further fields whose values are kept beside the scores.
        cluster: field whose value groups examples that depend on each other.
        correction: `holm`, `bh` or `none`, over tasks, candidates and slices.
        missing: `error`, `skip` or `wrong`; see `compatkit.pairing.alignment.align`.
        errors: `exclude`, `wrong` or `refuse`.
        edited: `error`, `skip` or `keep`.
        by_position: pair rows by position instead of id.
        roles: role to field name.
        reader: name of the reader; None lets the file decide.
        plan: level, seed, resamples and epsilon.
        sweep: count flips over all thresholds.
        keep_flips: keep the flipped examples, whole.
        progress: called while files are read.
        recipe: what another process can make the scorer of; None where it cannot.
        scorer_was_named: False where a log may say how its rows are judged.
        selection: what was said of logs.
    """

    scorer: Scorer
    threshold: float = THRESHOLD
    threshold_was_named: bool = False
    by: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    cluster: str | None = None
    correction: str = "holm"
    missing: str = "error"
    errors: str = "exclude"
    edited: str = "error"
    by_position: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    reader: str | None = None
    plan: Plan = field(default_factory=Plan)
    sweep: bool = False
    keep_flips: bool = True
    progress: Progress | None = None
    recipe: Recipe | None = None
    scorer_was_named: bool = True
    selection: LogSelection = field(default_factory=LogSelection)

    @property
    def all_attributes(self) -> tuple[str, ...]:
        """The fields of a record that are kept beside its score."""
        cluster = () if self.cluster is None else (self.cluster,)
        return tuple(dict.fromkeys((*self.by, *self.attributes, *cluster)))


def make_options(
    scorer: str | Scorer | Callable[..., object] | None = None,
    *,
    threshold: float | None = None,
    by: str | Sequence[str] = (),
    cluster: str | None = None,
    correction: str = "holm",
    missing: str = "error",
    errors: str = "exclude",
    edited: str = "error",
    by_position: bool = False,
    fields: Mapping[str, str | None] | None = None,
    reader: str | None = None,
    level: float = 0.95,
    interval: str = "wilson",
    seed: int = 0,
    resamples: int = 2000,
    epsilon: float = 0.0,
    sweep: bool = False,
    keep_flips: bool = True,
    progress: Progress | None = None,
    metric: str | Sequence[str] = (),
    run: str | None = None,
    unfinished: str = "refuse",
    dataset: str | None = None,
    **scorer_options: object,
) -> Options:
    """Check the options of a comparison.

    Args:
        scorer: a name in `compatkit.scorers.SCORERS`, `field:NAME`, `evaluate:NAME`,
            `module:function`, or a function of two columns. If not given, the metric of a harness's
            log, and `exact_match` for other files.
        threshold: an answer is right when its score is at least this; 0.5 if not given.
        by: a field, or several, to slice by.
        cluster: a field whose value groups examples that depend on each other, such as the
            passage of several questions.
        correction: of p-values over tasks, candidates and slices: `holm`, `bh` or `none`.
        missing: what an id in one file alone is: `error`, `skip` or `wrong`.
        errors: what a row that holds an error is: `exclude`, `wrong` or `refuse`.
        edited: what an id whose reference or input differs between the files is: `error`,
            `skip` or `keep`.
        by_position: pair rows by position instead of id.
        fields: role (`id`, `prediction`, `references`, `input`, `sample`, `error`,
            `item_hash`) to field.
        reader: name of the reader.
        level: confidence level of the intervals.
        interval: of proportions, `wilson`, or `exact` for Clopper and Pearson's.
        seed: seed of every random step.
        resamples: number of bootstrap resamples, at least 100.
        epsilon: largest change of score that counts as a tie.
        sweep: count flips over all thresholds.
        keep_flips: keep the flipped examples, whole.
        progress: called with a file's name and the share of it that was read.
        metric: of a log, the metric that says what is right; of several names, the first that
            a task has.
        run: of several runs in a folder, `newest`, or a text that is in the path of one.
        unfinished: runs that were cut short: `refuse` or `keep`.
        dataset: the file of questions and answers of a log that holds answers alone.
        scorer_options: options of the scorer, such as `stemmer=True`.

    Raises:
        ConfigError: an option that does not exist, or is out of its range.
    """
    _check_ranges(level, epsilon, threshold, resamples, seed)
    check_correction(correction)
    if interval not in INTERVALS:
        raise ConfigError(f"--interval is {interval!r}; one of wilson, exact was expected.")
    roles = parse_roles(fields or {})
    if by_position and roles.get("id", NO_FIELD) != NO_FIELD:
        raise ConfigError("--by-position pairs rows without an id. Leave --id-field out.")
    _check_names(by, scorer_options)
    if unfinished not in UNFINISHED:
        raise ConfigError(
            f"unfinished is {unfinished!r}; one of {', '.join(UNFINISHED)} was expected."
        )
    named = scorer is not None or any(value is not None for value in scorer_options.values())
    scorer = "exact_match" if scorer is None else scorer
    made = make_scorer(scorer, **scorer_options)
    if named:
        check_threshold(made, threshold)
    return Options(
        scorer=made,
        threshold=THRESHOLD if threshold is None else threshold,
        threshold_was_named=threshold is not None,
        by=(by,) if isinstance(by, str) else tuple(by),
        cluster=cluster,
        correction=correction,
        missing=missing,
        errors=errors,
        edited=edited,
        by_position=by_position,
        roles=roles,
        reader=reader,
        plan=Plan(
            level,
            seed,
            resamples,
            epsilon,
            bounded=made.continuous is not None,
            exact=interval == "exact",
        ),
        sweep=sweep,
        keep_flips=keep_flips,
        progress=progress,
        recipe=Recipe(scorer, scorer_options) if isinstance(scorer, str) else None,
        scorer_was_named=named,
        selection=LogSelection(
            (metric,) if isinstance(metric, str) else tuple(metric), run, unfinished, dataset
        ),
    )


def check_threshold(scorer: Scorer, threshold: float | None) -> None:
    """Refuse a threshold that no score of a scorer can reach, or that every score does.

    Raises:
        ConfigError: the scores lie between 0 and 1, and the threshold does not.
    """
    if scorer.continuous is not None and threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"threshold is {threshold}; scores of {scorer.name} lie between 0 and 1.")


def _check_ranges(
    level: float, epsilon: float, threshold: float | None, resamples: int, seed: int
) -> None:
    for name, number in (("level", level), ("epsilon", epsilon), ("threshold", threshold or 0)):
        _check_number(name, number, (int, float))
    for name, number in (("resamples", resamples), ("seed", seed)):
        _check_number(name, number, (int,))
    for name, value, fits, wanted in (
        ("level", level, 0 < level <= HIGHEST_LEVEL, f"a number between 0 and {HIGHEST_LEVEL}"),
        ("epsilon", epsilon, 0 <= epsilon < float("inf"), "0 or a positive number"),
        ("threshold", threshold, threshold is None or isfinite(threshold), "a number"),
        (
            "resamples",
            resamples,
            FEWEST_RESAMPLES <= resamples <= MOST_RESAMPLES,
            f"{FEWEST_RESAMPLES} or more, and {MOST_RESAMPLES:,} at most",
        ),
        ("seed", seed, seed >= 0, "0 or a positive whole number"),
    ):
        if not fits:
            raise ConfigError(f"{name} is {value}; {wanted} was expected.")


def _check_names(by: object, scorer_options: Mapping[str, object]) -> None:
    several = isinstance(by, Sequence) and all(isinstance(path, str) for path in by)
    if not isinstance(by, str) and not several:
        raise ConfigError(f"by is {by!r}; a field's name, or several, were expected.")
    unknown = [name for name in scorer_options if name not in ALL_SCORER_OPTIONS]
    if unknown:
        raise ConfigError(
            f"no option {unknown[0]!r}; it is none of a comparison's, which "
            "compatkit.comparison.options.make_options lists, and no scorer's. Fields are named by "
            "fields={'prediction': 'NAME'}."
        )


def _check_number(name: str, value: object, kinds: tuple[type, ...]) -> None:
    if isinstance(value, bool) or not isinstance(value, kinds):
        what = "a whole number" if kinds == (int,) else "a number"
        raise ConfigError(f"{name} is {value!r}, a {type(value).__name__}; {what} was expected.")
