"""compatkit gate: does an update stay within its budget of broken behaviour?"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from compatkit.commands.command import Command
from compatkit.commands.flags import Limit, NamedPath, Predictions, add_flags, flag, make_flag
from compatkit.commands.gate_reports import (
    VERDICT_SUFFIXES,
    check_outputs,
    find_report_url,
    print_verdict,
    report_error,
    write_verdict,
)
from compatkit.commands.picture_files import PICTURE_FLAG
from compatkit.commands.printing import REPORT, report_flags
from compatkit.commands.progress import show_progress
from compatkit.commands.scheduler import SCHEDULER_FLAG, open_client
from compatkit.commands.score_options import (
    adopt_scorer,
    find_said,
    measure_options,
    parse_options,
)
from compatkit.comparison.names import refuse_clash, split_name
from compatkit.comparison.option_table import OF_SHARES, OF_SWEEP, OF_TESTS
from compatkit.errors import CompatkitError, ConfigError
from compatkit.gate.baseline import (
    check_baselines,
    check_shown,
    refuse_input,
    update_baselines,
)
from compatkit.gate.budgets import BUDGETS
from compatkit.gate.check_pair import make_policy
from compatkit.gate.checking import check_policy
from compatkit.gate.policy import Policy
from compatkit.gate.policy_keys import (
    FILE_NAME,
    GATE_OPTIONS,
    OPTION_KEYS,
    PAIR_OPTIONS,
    keys_at,
)
from compatkit.gate.read_policy import find_policy, read_policy
from compatkit.gate.task_files import expand_tasks, files_of
from compatkit.gate.verdict import TOTAL
from compatkit.option import COMMAND
from compatkit.output import write_whole
from compatkit.readers.address import Address, Place, find_address, place_of
from compatkit.record import replace
from compatkit.reports.hostile import visible
from compatkit.reports.pictures import IMAGES
from compatkit.urls import redact

EXAMPLES = (
    "compatkit gate old.jsonl new.jsonl -s numeric --max-nfr 2%",
    "compatkit gate --init old.jsonl new.jsonl -s numeric",
    "compatkit gate -o report.html -o junit.xml",
    "compatkit gate --policy gates/nightly.toml --update-baseline",
)
FIRST = ("policy", "init", "max_nfr", "scorer", "output")
BUDGET, DECISION = "Budgets", "Decision"
# What may be said beside a policy; all else is the policy's to say.
BESIDE_POLICY = {
    "policy",
    "strict",
    "explain",
    "show_flips",
    "report_url",
    "as_json",
    "as_markdown",
    "output",
    "picture",
    "gitlab",
    "update_baseline",
    "scheduler",
}
# What may be said beside --init: the pair, the policy's place, and what a policy can say of how
# they are measured.
BESIDE_INIT = {"init", "old", "new", "policy", "by", "level", "old_rerun", *OPTION_KEYS}
PATHS = ("old_rerun", "references")
OUTPUTS = ("output", "picture", "gitlab", "as_json", "as_markdown")


# Of p-values a gate makes none, and its intervals are exact.
HAS_NONE_OF = (OF_TESTS, OF_SHARES, OF_SWEEP)
limit = partial(flag, type=Limit(), metavar="LIMIT", group=BUDGET)
BUDGET_FLAGS = (
    *(
        limit(f"--{name.replace('_', '-')}", help=f"{budget.label}.")
        for name, budget in BUDGETS.items()
    ),
    limit("--max-slice-nfr", help="NFR of each slice of --by."),
    flag(
        "--must-not-flip",
        group=BUDGET,
        multiple=True,
        metavar="ID",
        help="An example that may not break; repeatable.",
    ),
    flag(
        "--must-not-flip-tag",
        group=BUDGET,
        multiple=True,
        metavar="FIELD=VALUE",
        help="Examples that may not break, by a field; repeatable.",
    ),
)
POLICY_FLAGS = tuple(
    make_flag(GATE_OPTIONS[name], group=DECISION) for name in keys_at(COMMAND, GATE_OPTIONS)
)
ACTION_FLAGS = (
    flag("--init", is_flag=True, help="Write a first policy from OLD and NEW."),
    flag(
        "--update-baseline",
        is_flag=True,
        group=DECISION,
        help="After a pass, NEW takes the place of OLD.",
    ),
    flag(
        "--show-flips",
        group=REPORT,
        type=click.IntRange(0),
        metavar="N",
        help="Show N negative flips; 5 on a terminal, every flip in HTML, if not said.",
    ),
    flag(
        "--report-url",
        group=REPORT,
        metavar="URL",
        help="Where the HTML report will lie, for the comment to link to.",
    ),
    flag(
        "--gitlab",
        type=NamedPath(),
        metavar="FILE",
        group=REPORT,
        help="Write GitLab's code quality.",
    ),
)


@click.command(cls=Command, first=FIRST, examples=EXAMPLES)
@click.argument("old", type=Predictions(), required=False)
@click.argument("new", type=Predictions(), required=False)
@flag(
    "--policy",
    type=NamedPath(),
    metavar="FILE",
    help="The policy; compatkit.toml, or [tool.compatkit] in pyproject.toml, if not said.",
)
@add_flags(*BUDGET_FLAGS, *POLICY_FLAGS, *ACTION_FLAGS)
@report_flags([*VERDICT_SUFFIXES, *IMAGES], "budget")
@PICTURE_FLAG
@measure_options(PAIR_OPTIONS, without=HAS_NONE_OF)
@SCHEDULER_FLAG
@click.pass_context
def gate(
    context: click.Context, /, old: str | Place | None, new: str | Place | None, **values: Any
) -> int:
    """Does the update from OLD to NEW stay within its budget of broken behaviour?

    Without OLD and NEW, the tasks of compatkit.toml are held against its budgets. NAME=PATH says
    what reports call a model: v2=runs/new.jsonl. Exit codes: 0 within the budget, 1 beyond it, 2
    could not measure, 3 too few examples to tell.
    """
    init = values.pop("init")
    outputs = {name: values.pop(name) for name in OUTPUTS}
    path = values.pop("policy")
    if init:
        values.pop("scheduler")  # which is refused beside it, where it is said
        return _init(context, old, new, path or FILE_NAME, values)
    try:
        return _hold(context, (old, new), path, outputs, values)
    except CompatkitError as error:
        report_error(error, outputs, _find_name(path) if old is None else "")
        raise


def _hold(
    context: click.Context,
    files: tuple[str | Place | None, str | Place | None],
    path: str | None,
    outputs: Mapping[str, Any],
    values: dict[str, Any],
) -> int:
    """Hold an update against its budgets, and report."""
    sides = [split_name(side) for side in files if side is not None]
    update = values.pop("update_baseline")
    shown = {name: values.pop(name) for name in ("show_flips", "explain")}
    scheduler = values.pop("scheduler")
    shown["report_url"] = find_report_url(values.pop("report_url"), outputs)
    with show_progress() as progress:
        if not sides:
            policy = _read(context, path, strict=values["strict"])
        elif path is not None:
            raise ConfigError("--policy names the files itself: leave OLD and NEW out.")
        else:
            adopt_scorer(values, [path for _, path in sides])
            policy = _from_options(sides, {**values, "progress": progress})
        if update:
            refuse_input(policy.tasks)
        tasks = tuple(expand_tasks(policy))
        read = [file for task in (*policy.tasks, *tasks) for file in files_of(task)]
        sliced = any(task.slices for task in policy.tasks)
        pictures = check_outputs(outputs, [*read, policy.path], sliced=sliced)
        if update:
            check_baselines(tasks)
        with open_client(scheduler) as client:
            verdict = check_policy(replace(policy, tasks=tasks), client=client)
    if update and verdict.passed:
        check_shown(verdict)
    write_verdict(verdict, outputs, shown, pictures)
    print_verdict(verdict, outputs, shown)  # while the old baseline, which it shows, is there
    if update and verdict.passed:
        for file in update_baselines(tasks, verdict):
            click.echo(f"compatkit: {visible(file)} is the new baseline", err=True)
    return verdict.exit_code


def _read(context: click.Context, path: str | None, *, strict: bool) -> Policy:
    _refuse_beside_policy(context)
    policy = read_policy(_relative(find_policy()) if path is None else path)
    return replace(policy, strict=policy.strict or strict)


def _find_name(path: str | None) -> str:
    """Return the policy's name, empty where the policy is what cannot be read."""
    with suppress(CompatkitError):
        return read_policy(path or find_policy()).name
    return ""


def _relative(path: Path) -> Path:
    """Return a path as seen from here, as the user would write it."""
    return Path(os.path.relpath(path))


def _refuse_beside_policy(context: click.Context) -> None:
    for name, option in find_said(context):
        if name not in BESIDE_POLICY:
            raise ConfigError(
                f"{option} beside a policy, which says that itself. Put it into the policy, or "
                "name OLD and NEW."
            )


def _refuse_beside_init(context: click.Context) -> None:
    for name, option in find_said(context):
        if name not in BESIDE_INIT and not name.startswith("field_"):
            raise ConfigError(
                f"{option} beside --init, which takes the limits from the pair. Leave it out, and "
                "put it into the policy that is written."
            )


def _from_options(sides: Sequence[tuple[str, str | Place]], values: dict[str, Any]) -> Policy:
    names, (old, *news) = [name for name, _ in sides], [path for _, path in sides]
    refuse_clash(names)
    if not news and any(names):
        raise ConfigError(f"{old}: one name for a file of two models. Give the path alone.")
    budgets = {name: values.pop(name) for name in BUDGETS}
    slice_limit = values.pop("max_slice_nfr")
    tags = _tags(values.pop("must_not_flip_tag"))
    own = ("must_not_flip", *keys_at(COMMAND, GATE_OPTIONS))
    named = {name: values.pop(name) for name in own}
    progress = values.pop("progress")
    by = values.pop("by")
    if bool(by) != (slice_limit is not None):
        raise ConfigError("--by and --max-slice-nfr go together: the field, and what it may lose.")
    options = parse_options({**values, "by": ()}, progress=progress)
    policy = make_policy(
        old,
        options.find_new(old, news[0] if news else None)[0],
        options,
        {name: limit for name, limit in budgets.items() if limit is not None},
        slices={path: {"max_nfr": slice_limit} for path in by},
        must_not_flip_tags=tags,
        **named,
    )
    tasks = [replace(task, names=(names[0], names[-1])) for task in policy.tasks]
    return replace(policy, tasks=tuple(tasks))


def _tags(texts: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    tags: dict[str, tuple[str, ...]] = {}
    for text in texts:
        field, sign, value = text.partition("=")
        if not sign or not field:
            raise ConfigError(f"--must-not-flip-tag is {text!r}; FIELD=VALUE was expected.")
        tags[field] = (*tags.get(field, ()), value)
    return tags


def _init(
    context: click.Context,
    old: str | Place | None,
    new: str | Place | None,
    path: str,
    values: dict[str, Any],
) -> int:
    """Write a first policy, with limits that the pair keeps."""
    _refuse_beside_init(context)
    if old is None:
        raise ConfigError("--init needs a pair to learn from: compatkit gate --init OLD NEW.")
    if any(split_name(side)[0] for side in (old, new or old)):
        raise ConfigError("--init: a policy holds paths, and no names. Give the paths alone.")
    if Path(path).exists():
        raise ConfigError(f"{path}: exists already. Remove it, or name another with --policy.")
    rerun = values["old_rerun"]
    if rerun is not None and not place_of(rerun).exists():
        raise ConfigError(f"{rerun}: no such file; --old-rerun is a second run of the old model.")
    before = dict(values)
    adopt_scorer(values, [old, new or old])
    named = _named(context, values) | {
        name: value for name, value in values.items() if value != before[name]
    }
    options = parse_options(dict(values))
    (new,) = options.find_new(old, new)[:1]
    options.check_sides(2)
    folder = Path(path).parent
    for name in (name for name in PATHS if name in named):
        several = [named[name]] if name == "old_rerun" else named[name]
        seen = [_as_written(_seen_from(folder, file)) for file in several]
        named[name] = seen[0] if name == "old_rerun" else seen
    pair = _seen_from(folder, old), _seen_from(folder, new)
    for file in pair:
        _as_written(file)
    from compatkit.gate.first_policy import write_first_policy  # noqa: PLC0415  (start-up time)
    from compatkit.gate.schema import COPY_NAME, PATH  # noqa: PLC0415  (start-up time)

    text = write_first_policy(pair, folder, options, named, _task_name(*pair))
    write_whole(folder / COPY_NAME, PATH.read_bytes())
    write_whole(path, text.encode())
    click.echo(f"compatkit: wrote {visible(path)}; 'compatkit gate' holds updates against it.")
    return 0


def _seen_from(folder: Path, file: str | Place) -> str | Place:
    """Return a path relative to a folder; an address is the same from everywhere."""
    place = find_address(file)
    elsewhere = isinstance(place, Address) or "://" in str(place)  # an address, or TASK=ADDRESS
    return place if elsewhere else str(os.path.relpath(str(place), folder))


def _as_written(file: str | Place) -> str:
    """Return how a policy names a file.

    Raises:
        ConfigError: an address with secrets.
    """
    text = file.url if isinstance(file, Address) else str(file)
    if redact(text) != text:
        raise ConfigError(
            f"{redact(text)}: its address holds a sign-in or a query, which the policy would show. "
            "Name it without, and let the environment, or fsspec's own settings, give the right to "
            "it."
        )
    return text


def _task_name(old: str | Place, new: str | Place) -> str:
    """Return the name that both files share, or any."""
    names = {place_of(file).name.split(".")[0] for file in (old, new)}
    name = names.pop() if len(names) == 1 else ""
    return name if name not in {"", TOTAL} else "task"


def _named(context: click.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of measurement that the user named, as a policy's keys."""
    named: dict[str, Any] = {}
    fields: dict[str, str] = {}
    for name, value in values.items():
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        if name.startswith("field_"):
            fields[name.removeprefix("field_")] = value
        elif name in OPTION_KEYS or name == "old_rerun":
            named[name] = value
    return named | ({"fields": fields} if fields else {})
