"""Check the options of a comparison, and make one `Options` of them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from compatkit.comparison.checked_options import THRESHOLD, Options
from compatkit.comparison.option_table import OPTIONS
from compatkit.comparison.side_fields import parse_sides
from compatkit.errors import ConfigError
from compatkit.metrics.estimates import Plan
from compatkit.pairing.spool import parse_size
from compatkit.predictions.fields import NO_FIELD
from compatkit.readers.address import Place, find_address
from compatkit.readers.logs.log import LogSelection
from compatkit.readers.references import gather_references
from compatkit.readers.source import Progress
from compatkit.recipe import Recipe
from compatkit.record import replace
from compatkit.scorers.declared import SCORER_OPTIONS
from compatkit.scorers.make import make_scorer
from compatkit.scorers.scorer import Scorer
from compatkit.spelling import suggest


def make_options(
    scorer: str | Scorer | Callable[..., object] | None = None,
    *,
    threshold: float | None = None,
    pass_at: int | None = None,
    by: str | Sequence[str] = (),
    find_slices: bool = False,
    by_position: bool = False,
    missing: str = "error",
    errors: str = "exclude",
    edited: str = "error",
    cluster: str | None = None,
    correction: str = "holm",
    margin: float | None = None,
    level: float = 0.95,
    interval: str = "wilson",
    epsilon: float = 0.0,
    resamples: int = 2000,
    seed: int = 0,
    close_margin: float | None = None,
    reader: str | None = None,
    rows: str | Sequence[str] | None = None,
    quoting: str | Sequence[str] | None = None,
    lists: str | None = None,
    metric: str | Sequence[str] | None = None,
    lower_is_better: bool | None = None,
    higher_is_better: bool | None = None,
    tasks: str | Sequence[str] = (),
    skip_tasks: str | Sequence[str] = (),
    run: str | Sequence[str] | None = None,
    unfinished: str = "refuse",
    references: Any = (),
    fields: Mapping[str, str | None] | None = None,
    old_fields: Mapping[str, str | None] | None = None,
    new_fields: Mapping[str, str | None] | Sequence[Mapping[str, str | None]] | None = None,
    where: str | None = None,
    old_where: str | None = None,
    new_where: str | Sequence[str] = (),
    memory: str | None = None,
    sweep: bool = False,
    keep_flips: bool = True,
    keep_changed: bool = False,
    progress: Progress | None = None,
    client: Any = None,
    **scorer_options: object,
) -> Options:
    """Check the options of a comparison.

    Each of them is said by name; `scorer` may also be a `Scorer`, or a function of two columns,
    and `by` one name or several.

    Raises:
        ConfigError: an option that does not exist, or is out of its range.
    """
    values: dict[str, Any] = dict(locals())  # the options by their names, as the table has them
    del values["scorer_options"]
    return _build(_check(values, scorer_options), scorer_options)


def check_threshold(scorer: Scorer, threshold: float | None) -> None:
    """Refuse a threshold that no score of a scorer can reach, or that every score does.

    Raises:
        ConfigError: the scores lie between 0 and 1, and the threshold does not.
    """
    if scorer.continuous is not None and threshold is not None and not 0 <= threshold <= 1:
        raise ConfigError(f"threshold is {threshold}; scores of {scorer.name} lie between 0 and 1.")


def _check(values: dict[str, Any], scorer_options: Mapping[str, object]) -> dict[str, Any]:
    """Return the values with the references gathered, refusing what is out of its range."""
    values["references"] = tuple(map(find_address, gather_references(values["references"])))
    in_memory = any(not isinstance(item, str | Path) for item in values["references"])
    for name, value in values.items():
        # Rows in memory are what Python alone can say, and an address was found in a text.
        if name != "scorer" and not (name == "references" and in_memory):
            OPTIONS[name].check(value)
    if values["cluster"] is not None and values["interval"] != "wilson":
        raise ConfigError(
            "interval is of examples that are independent, and those of a cluster are not: their "
            "intervals are made otherwise. Leave --interval out, or --cluster."
        )
    unknown = [name for name in scorer_options if name not in SCORER_OPTIONS]
    if unknown:
        every = (
            "it is none of a comparison's, which compatkit.comparison.options.make_options lists, "
            "and no scorer's. Fields are named by fields={'prediction': 'NAME'}."
        )
        raise ConfigError(f"no option {unknown[0]!r}; {suggest(unknown[0], OPTIONS, every)}")
    return values


def _build(values: dict[str, Any], scorer_options: Mapping[str, object]) -> Options:
    for name in (name for name in values if OPTIONS[name].per_side):
        if not isinstance(values[name], str | None):
            of_sides = tuple(values[name])
            values[name] = of_sides if len(of_sides) > 1 else next(iter(of_sides), None)
    references = values.pop("references")
    changed = {name for name, value in values.items() if value != OPTIONS[name].default}
    for name in ("by", "tasks", "skip_tasks", "new_where"):
        values[name] = (values[name],) if isinstance(values[name], str) else tuple(values[name])
    scorer, interval = values.pop("scorer"), values.pop("interval")
    named = scorer is not None or any(value not in (None, ()) for value in scorer_options.values())
    scorer = "exact_match" if scorer is None else scorer
    if str(scorer).startswith("field:"):
        from compatkit.readers.logs.directions import turn_field  # noqa: PLC0415  (start-up time)

        scorer_options = {**scorer_options, **turn_field(str(scorer), scorer_options, values)}
        changed -= {"lower_is_better", "higher_is_better"}  # said of the field, not of a log
    made = make_scorer(scorer, **scorer_options)
    further = [*values["by"], *filter(None, [values["cluster"]]), *made.fields]
    roles = parse_sides(values, further)
    if references and roles.get("references") == NO_FIELD:
        raise ConfigError(
            f"--reference-field {NO_FIELD} beside --references, of whose file it names the field. "
            "Leave one out."
        )
    if named:
        check_threshold(made, values["threshold"])
    threshold = values.pop("threshold")
    selection = _select(values, scorer if named else None)
    paths = [item for item in references if isinstance(item, str | Place)]
    selection = replace(selection, dataset=paths[0] if len(paths) == 1 else None)
    plan = {name: values.pop(name) for name in ("level", "seed", "resamples", "epsilon", "margin")}
    values["memory"] = parse_size(values["memory"])
    return Options(
        scorer=made,
        threshold=THRESHOLD if threshold is None else threshold,
        threshold_was_named=threshold is not None,
        roles=roles,
        plan=Plan(**plan, bounded=made.continuous is not None, exact=interval == "exact"),
        recipe=Recipe(scorer, scorer_options) if isinstance(scorer, str) else None,
        scorer_was_named=named,
        selection=selection,
        references=references,
        changed=frozenset(changed),
        **values,  # all others are attributes of the same name
    )


def _select(values: dict[str, Any], scorer: object) -> LogSelection:
    """Take what was said of logs out of the values.

    Raises:
        ConfigError: directions of a metric that contradict each other, or that a scorer replaces.
    """
    lower, higher = values.pop("lower_is_better"), values.pop("higher_is_better")
    if lower and higher:
        raise ConfigError("--lower-is-better and --higher-is-better contradict each other.")
    metric = values.pop("metric")
    # What another field of a log holds is the harness's own judgement too.
    field = str(scorer).startswith("field:")
    anew = scorer is not None and not field and not metric
    if anew and (lower or higher):
        raise ConfigError(
            "the direction is of a log's own metric, and --scorer judges the answers anew. Leave "
            "one of them out."
        )
    return LogSelection(
        metric,
        **{name: values.pop(name) for name in ("run", "unfinished")},
        **{name: values.pop(name) for name in ("tasks", "skip_tasks")},
        # A field is turned by its scorer.
        lower_is_better=None if field else True if lower else False if higher else None,
        judged_anew=anew,
    )


def _document() -> str:
    """Return the docstring of `make_options`, with the table's word on each option."""
    head, raises, tail = (inspect.getdoc(make_options) or "").partition("Raises:")
    arguments = [f"    {name}: {option.help}" for name, option in OPTIONS.items()]
    return "\n".join([f"{head}Args:", *arguments, "", raises + tail])


make_options.__doc__ = _document()
