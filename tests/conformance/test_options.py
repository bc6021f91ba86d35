"""What holds for every option: declared once, and all that follows from it is there."""

import inspect
import re
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from click.testing import CliRunner
from prediction_files import write_models

from compatkit import compare
from compatkit.cli import COMMANDS, command_line
from compatkit.commands.flags import Flag
from compatkit.comparison.option_table import OF_LOGS, OF_TASKS, OPTIONS
from compatkit.comparison.options import make_options
from compatkit.comparison.signature import sign
from compatkit.errors import ConfigError
from compatkit.gate.policy_keys import PAIR_OPTIONS, TASK_KEYS, TOP_KEYS
from compatkit.gate.schema import make_schema
from compatkit.option import COMMAND, EVALUATE, POLICY, TASK, Option
from compatkit.readers.logs.log import LogSelection
from compatkit.record import replace
from compatkit.scorers import SCORERS
from compatkit.scorers.answer_text import read_answers
from compatkit.scorers.declared import SCORER_OPTIONS, scorer_options, takers

GATE_PAGE = (Path(__file__).parents[2] / "docs" / "gate.md").read_text(encoding="utf-8")
OWN = [name for name in OPTIONS if name not in SCORER_OPTIONS]


def commands() -> dict[str, click.Command]:
    """Return every command, and those of groups by `group command`."""
    context = click.Context(command_line)
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = command_line.get_command(context, name)
        assert command is not None
        inner = getattr(command, "commands", {})
        found |= {f"{name} {each}": inner[each] for each in inner} or {name: command}
    return found


def flags_of(command: str) -> set[str]:
    return {flag for each in commands()[command].params for flag in each.opts}


def run(*arguments: str) -> tuple[int, str]:
    """Run the command line; its exit code and message."""
    result = CliRunner().invoke(command_line, list(arguments))
    if isinstance(result.exception, ConfigError):
        return 2, str(result.exception)
    return result.exit_code, result.output


def test_python_takes_what_the_table_has_with_the_same_defaults() -> None:
    parameters = inspect.signature(make_options).parameters
    named = {name: each for name, each in parameters.items() if each.kind is not each.VAR_KEYWORD}
    assert list(named) == OWN
    for name, each in named.items():
        assert each.default == OPTIONS[name].default, name


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_is_documented_where_it_may_be_said(name: str) -> None:
    option = OPTIONS[name]
    assert option.help.endswith(".")
    assert f"{name}: " in (make_options.__doc__ or "")
    assert option.kind in {bool, int, float, str, Path, dict, object}
    flags = {"--id-field", "--reference-field"} if name == "fields" else {option.flag}
    assert (flags <= flags_of("score")) == (COMMAND in option.places)
    assert (name in TASK_KEYS) == (TASK in option.places)
    tables = {"tasks"}  # [tasks.NAME], beside the option of a task that is called so
    assert (name in TOP_KEYS) == (POLICY in option.places or name in tables)
    assert (f"\n| `{name}` |" in GATE_PAGE) == bool({TASK, POLICY} & option.places)
    schema = make_schema()["properties"]
    task = schema["tasks"]["additionalProperties"]["properties"]
    assert (name in task) == (TASK in option.places)
    assert (name in schema) == (POLICY in option.places or name in tables)


@pytest.mark.parametrize("scorer", SCORERS)
def test_every_option_of_a_scorer_has_a_type_a_help_and_a_flag(scorer: str) -> None:
    for name in scorer_options(scorer):
        option = OPTIONS[name]
        assert option.kind in {bool, int, float, str}, f"{scorer}: {name} has no plain type"
        assert option.help, f"{scorer}: {name} has no help; Annotated[..., Option(help=...)]"
        for command in ("score", "gate", "power"):
            assert option.flag in flags_of(command)
        assert name in TASK_KEYS
        assert {COMMAND, TASK, EVALUATE} <= option.places


@pytest.mark.parametrize("name", SCORER_OPTIONS)
def test_scorers_that_share_an_option_declare_it_alike(name: str) -> None:
    told = set()
    for scorer in takers(name):
        own = inspect.signature(SCORERS[scorer]).parameters
        # What all scorers of texts take is declared where their texts are read.
        parameters = own if name in own else inspect.signature(read_answers).parameters
        kind, *declared = get_args(parameters[name].annotation)
        told.add((str(kind).removesuffix(" | None"), *declared))
    assert len({option for _, option in told}) == 1
    assert len({kind for kind, _ in told} - {"<class 'str'>", "str"}) <= 1


def value_beyond(option: Option) -> Any:
    """Return a value that is out of an option's range, None where it has none."""
    if option.choices:
        return "nonsense" if option.kind is str else max(option.choices) + 1
    if option.least is not None:
        return option.least - 1
    return option.above


@pytest.mark.parametrize("name", OPTIONS)
def test_one_range_holds_for_python_the_flag_and_the_schema(name: str) -> None:
    option = OPTIONS[name]
    value = value_beyond(option)
    if value is None:
        return
    scorer = {"scorer": takers(name)[0]} if name in SCORER_OPTIONS else {}
    with pytest.raises(ConfigError, match=re.escape(option.range_wanted)):
        make_options(**scorer, **{name: value})
    code, message = run("score", "old", "new", f"{option.flag}={value}")
    assert code == 2
    assert option.flag in message


def test_the_level_of_a_gate_is_above_one_half_wherever_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PAIR_OPTIONS["level"] == replace(
        OPTIONS["level"], above=0.5, help=PAIR_OPTIONS["level"].help
    )
    monkeypatch.chdir(tmp_path)
    said = "--level is 0.5; more than 0.5 and at most 0.9999 was expected."
    pair = ("old.jsonl", "new.jsonl", "--level", "0.5")
    assert run("gate", *pair, "--max-nfr", "0.1") == (2, said)
    assert run("gate", "--init", *pair) == (2, said)
    assert run("power", "--nfr-budget", "0.1", "--level", "0.5") == (2, said)


@pytest.mark.parametrize("name", [name for name, each in OPTIONS.items() if each.signed])
def test_what_numbers_depend_on_is_in_the_signature(name: str) -> None:
    changed: dict[str, Any] = {
        "scorer": "token_f1",
        "pass_at": 2,
        "threshold": 0.25,
        "by_position": True,
        "cluster": "passage",
        "correction": "bh",
        "missing": "skip",
        "errors": "wrong",
        "edited": "keep",
        "interval": "exact",
        "level": 0.9,
        "epsilon": 0.1,
        "resamples": 200,
        "seed": 1,
        "quoting": "unquoted",
        "lists": "set",
        "where": "lang=de",
        "rows": "results",
        "old_where": "model=a",
        "new_where": "model=b",
        "close_margin": 0.0,
    }
    plain = sign(make_options(), total=1, inputs={})
    assert sign(make_options(**{name: changed[name]}), total=1, inputs={}) != plain


def test_what_is_about_logs_is_what_a_selection_of_logs_holds() -> None:
    about = {name for name, each in OPTIONS.items() if each.about in {OF_LOGS, OF_TASKS}}
    held = set(LogSelection.__struct_fields__)
    # A direction has two flags and one value; --scorer says that answers are judged anew, and
    # --references, which is of all files, names the dataset of logs that hold answers alone.
    assert about - {"higher_is_better"} == held - {"judged_anew", "dataset"}


@pytest.mark.parametrize("name", [name for name, each in OPTIONS.items() if each.about == OF_LOGS])
def test_what_is_about_logs_is_refused_of_plain_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_models(tmp_path)
    option = OPTIONS[name]
    value = option.choices[-1] if option.choices else "old.jsonl"
    said = option.flag if option.kind is bool else f"{option.flag}={value}"
    for arguments in (
        ("score", "old.jsonl", "new.jsonl"),
        ("gate", "old.jsonl", "new.jsonl", "--max-nfr=0.5"),
        ("gate", "--init", "old.jsonl", "new.jsonl"),
        ("convert", "old.jsonl", "-o", "converted.jsonl"),
        ("power", "--nfr-budget=0.5", "--pilot", "old.jsonl", "new.jsonl"),
    ):
        code, message = run(*arguments, said)
        assert code == 2, arguments
        assert "of logs of evaluation harnesses" in message
        assert option.flag in message
    assert not (tmp_path / "converted.jsonl").exists()
    assert not (tmp_path / "compatkit.toml").exists()


def test_what_cannot_be_seen_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_models(tmp_path)
    pair = ("score", "old.jsonl", "new.jsonl")
    for said in (["--show-flips=2"], ["--explain"]):
        for kind in (["--json"], ["--json", "-o", "r.csv"]):
            code, message = run(*pair, *kind, *said)
            assert (code, "nobody would see it" in message) == (2, True)
        assert run(*pair, "--json", "-o", "r.md", *said)[0] == 0
    code, message = run(*pair, "--epsilon=0.1")
    assert (code, "those of exact_match are 0 or 1" in message) == (2, True)
    assert run(*pair, "--epsilon=0.1", "-s", "token_f1")[0] == 0
    code, message = run(*pair, "--interval=exact", "--cluster=lang")
    assert (code, "Leave --interval out, or --cluster" in message) == (2, True)


@pytest.mark.parametrize("name", sorted(flags_of("power")))
def test_power_without_a_pilot_takes_no_option_of_scoring(name: str) -> None:
    (option,) = [each for each in commands()["power"].params if name in each.opts]
    assert isinstance(option, Flag)
    own = {"nfr_budget", "old_accuracy", "true_nfr", "power", "pilot", "as_json", "level"}
    own |= {"margin", "discordance"}
    assert (option.needs == "pilot") == (option.name not in own)
    if option.needs:
        plain = ["id=x"] if option.metavar == "ROLE=NAME" else ["1"]
        value = [] if option.is_flag else [str(next(iter(getattr(option.type, "choices", plain))))]
        code, message = run("power", "--nfr-budget", "0.02", name, *value)
        assert (code, "there is none" in message) == (2, True)


def single_flags() -> list[tuple[str, str]]:
    return [
        (name, max(each.opts, key=len))
        for name, command in commands().items()
        for each in command.params
        if isinstance(each, click.Option) and not (each.is_flag or each.multiple)
    ]


def test_every_option_of_every_command_is_a_flag() -> None:
    for command in commands().values():
        for each in command.params:
            assert isinstance(each, Flag | click.Argument), (command.name, each.name)


@pytest.mark.parametrize(("command", "name"), single_flags())
def test_what_has_one_value_is_said_once(command: str, name: str) -> None:
    option = next(each for each in commands()[command].params if name in each.opts)
    first, second = (["one"] * option.nargs, ["two"] * option.nargs)
    arguments = [*command.split(), name, *first, name, *second]
    required = [each for each in commands()[command].params if isinstance(each, click.Argument)]
    arguments += ["file" for each in required for _ in range(max(each.nargs, 1))]
    code, message = run(*arguments)
    assert code == 2
    shown = " ".join(message.split())
    assert f"{name} is said twice, '{' '.join(first)}' and '{' '.join(second)}'" in shown


def test_an_option_that_is_no_option_is_refused() -> None:
    rows = [{"id": 1, "prediction": "a", "reference": "a"}]
    with pytest.raises(ConfigError, match="no option 'levl'"):
        compare(rows, rows, levl=0.9)
