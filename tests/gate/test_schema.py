"""The schema of a policy: what it accepts and refuses is what the reader does."""

import datetime as dt
import json
import random
import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from gate_files import write_pair
from gate_policies import POLICY, write_toml
from jsonschema import Draft4Validator

from compatkit.errors import ConfigError
from compatkit.gate.read_policy import read_policy
from compatkit.gate.schema import COPY_NAME, PATH, make_schema
from compatkit.option import Option

VALIDATOR = Draft4Validator(make_schema())
# What depends on several keys: on the scorer, on `decide`, on what a task holds beside it.
OF_SEVERAL_KEYS = (
    "holds nothing|holds no budget|no number of examples can show|pairs rows without an id|"
    "lie between 0 and 1|cannot be imported|no 'new'|no role|FIELD=VALUE was expected"
)
VALUES: list[Any] = ["", " ", "x", "qa", 0, 1, 3, -1, 0.5, 0.0, 1.0, -0.1, 1.5, 0.99999, 10**7]
VALUES += [
    True,
    False,
    [],
    [1],
    ["q018"],
    [[]],
    {},
    {"x": 1},
    "jsonl",
    "promptfoo",
    "rougeL",
    "keep",
]
VALUES += [dt.date(2999, 1, 1), dt.datetime(2999, 1, 1, tzinfo=dt.UTC), "2999-01-01", "29990101"]
FURTHER = {
    "threshold": 0.4,
    "cluster": "passage",
    "metric": ["acc"],
    "run": "newest",
    "unfinished": "keep",
    "references": ["dev.json"],
    "epsilon": 0.1,
    "old_fields": {"input": "prompt"},
    "old_where": "lang=de",
    "old_rerun": "again.jsonl",
}


def as_json(value: Any) -> Any:
    """Return TOML's values as JSON has them: a date is its text."""
    return json.loads(json.dumps(value, default=lambda day: day.isoformat()))


def places(table: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in table.items() if isinstance(table, dict) else enumerate(table):
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def mutate(draw: random.Random) -> Iterator[dict[str, Any]]:
    """Yield policies with a value changed, a key removed, or one that does not exist."""
    base = deepcopy(POLICY)
    base["tasks"]["qa"] |= FURTHER
    for path in places(base):
        for value in [*draw.sample(VALUES, 12), "removed", "renamed"]:
            if isinstance(value, dt.date) and path[-1] != "expires":
                continue  # JSON has no dates: an editor takes one for its text
            policy = deepcopy(base)
            table: Any = policy
            for step in path[:-1]:
                table = table[step]
            if value == "removed" and isinstance(table, dict):
                del table[path[-1]]
            elif value == "renamed" and isinstance(table, dict):
                table[f"{path[-1]}s"] = table.pop(path[-1])
            else:
                table[path[-1]] = value
            yield policy


def test_the_schema_accepts_and_refuses_what_the_reader_does(tmp_path: Path) -> None:
    accepted = refused = 0
    wrong = []
    for policy in mutate(random.Random(7)):
        path = tmp_path / "compatkit.toml"
        path.write_text(write_toml(policy), encoding="utf-8")
        fits = VALIDATOR.is_valid(as_json(policy))
        try:
            read_policy(path)
        except ConfigError as error:
            if re.search(OF_SEVERAL_KEYS, str(error)):
                continue
            refused += 1
            wrong += [str(error)] if fits else []
        else:
            accepted += 1
            wrong += [] if fits else [f"accepted: {policy}"]
    assert not wrong, f"{len(wrong)}: {wrong[:5]}"
    assert accepted > 50
    assert refused > 400


def test_the_schema_is_a_schema_and_lies_in_the_package() -> None:
    Draft4Validator.check_schema(make_schema())
    assert json.loads(PATH.read_text(encoding="utf-8")) == make_schema()


@pytest.mark.parametrize(("scorer", "fits"), [("numeric", False), ("rougeL", True)])
def test_an_option_of_another_scorer_does_not_fit(scorer: str, fits: bool) -> None:
    task = {"old": "a", "new": "b", "scorer": scorer, "stemmer": True}
    assert VALIDATOR.is_valid({"tasks": {"t": task}}) is fits


def test_an_option_names_what_it_wants() -> None:
    assert Option(kind=int, choices=(0, 1)).range_wanted == "0 or 1"
    assert Option(kind=float, least=0, below=1).range_wanted == "a share from 0 to below 1"


def test_a_first_policy_names_a_schema_that_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner  # noqa: PLC0415

    from compatkit.cli import command_line  # noqa: PLC0415

    write_pair(tmp_path, broken=[0])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ci").mkdir()
    made = CliRunner().invoke(
        command_line, ["gate", "--init", "old.jsonl", "new.jsonl", "--policy", "ci/p.toml"]
    )
    assert made.exit_code == 0, made.output
    text = (tmp_path / "ci/p.toml").read_text(encoding="utf-8")
    assert text.startswith(f"#:schema ./{COPY_NAME}\n")
    assert (tmp_path / "ci" / COPY_NAME).read_bytes() == PATH.read_bytes()


def write_longer(log: Path, path: Path) -> str:
    """Write a log of promptfoo with its tests twenty times: enough for a limit."""
    run = json.loads(log.read_text(encoding="utf-8"))
    rows = run["results"]["results"]
    run["results"]["results"] = [
        {**row, "id": f"{row['id']}-{turn}", "testIdx": row["testIdx"] + turn * len(rows)}
        | {"vars": {**row["vars"], "turn": str(turn)}}
        | {"testCase": {**row["testCase"], "vars": {**row["vars"], "turn": str(turn)}}}
        | {"prompt": {**row["prompt"], "raw": f"{turn}: {row['prompt']['raw']}"}}
        for turn in range(20)
        for row in rows
    ]
    stats = run["results"]["stats"]
    stats |= {name: 20 * stats[name] for name in ("successes", "failures", "errors")}
    path.with_suffix(".json").write_text(json.dumps(run), encoding="utf-8")
    return str(path.with_suffix(".json"))


def test_every_reader_of_the_command_line_is_one_of_a_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner  # noqa: PLC0415
    from harness_runs import RUNS  # noqa: PLC0415

    from compatkit.cli import command_line  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    runs = [
        write_longer(next((RUNS / "promptfoo" / side).glob("capitals.json")), tmp_path / side)
        for side in ("v1", "v2")
    ]
    made = CliRunner().invoke(
        command_line, ["gate", "--init", *runs, "--reader=promptfoo", "--errors=exclude"]
    )
    assert made.exit_code == 0, (made.output, made.exception)
    (task,) = read_policy("compatkit.toml").tasks
    assert task.options.reader == "promptfoo"
    held = CliRunner().invoke(command_line, ["gate"])
    assert held.exit_code in {0, 3}, (held.output, held.exception)


def policies_of_the_docs() -> list[tuple[str, dict[str, Any]]]:
    """Return every policy that a page shows, by the name of the page."""
    root = Path(__file__).parents[2]
    texts = [
        (page.name, text)
        for page in sorted([root / "README.md", *(root / "docs").rglob("*.md")])
        for text in re.findall(r"(?ms)^```toml\n(.*?)^```$", page.read_text("utf-8"))
    ]
    texts.append(("compatkit.toml", (root / "docs/examples/compatkit.toml").read_text("utf-8")))
    read = [(name, tomllib.loads(text)) for name, text in texts]
    # What names no file is a part of a policy.
    return [
        (name, policy)
        for name, policy in read
        if any("old" in task for task in policy.get("tasks", {}).values())
    ]


# Whose keys are names that a user gives: of tasks, of a slice's field, of tags and of fields.
NAMES_OF_USERS = {"tasks", "slices", "tags", "fields", "old_fields", "new_fields"}


def misspell(policy: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a policy with each of its keys misspelt, one at a time, and the key."""

    def spots(table: Any, path: tuple[Any, ...], named: bool) -> Iterator[tuple[Any, ...]]:
        for key, value in table.items() if isinstance(table, dict) else enumerate(table):
            if isinstance(table, dict) and not named:
                yield (*path, key)
            if isinstance(value, dict | list):
                yield from spots(value, (*path, key), named=key in NAMES_OF_USERS)

    for path in spots(policy, (), named=False):
        changed = deepcopy(policy)
        table: Any = changed
        for step in path[:-1]:
            table = table[step]
        table[f"{path[-1]}x"] = table.pop(path[-1])
        yield path[-1], changed


@pytest.mark.parametrize(("page", "policy"), policies_of_the_docs())
def test_policies_of_the_docs_fit_and_no_misspelt_key_of_them_does(
    page: str, policy: dict[str, Any]
) -> None:
    assert VALIDATOR.is_valid(as_json(policy)), page
    changed = list(misspell(policy))
    assert len(changed) >= 4
    assert [key for key, other in changed if VALIDATOR.is_valid(as_json(other))] == []


def test_there_are_policies_in_the_docs() -> None:
    assert len(policies_of_the_docs()) >= 5
