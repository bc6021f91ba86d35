"""Read policy: from TOML, every key and value checked."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from compatkit.comparison.checked_options import Options
from compatkit.comparison.options import make_options
from compatkit.errors import ConfigError
from compatkit.gate.limits import check_looks, read_limit
from compatkit.gate.policy import Limits, MustNotFlip, Policy, TaskPolicy, Waiver
from compatkit.gate.policy_keys import (
    FILE_NAME,
    FORMAT,
    FOUND_SLICES_KEYS,
    GATE_OPTIONS,
    LIMIT_KEYS,
    MIN_LIFT,
    MUST_NOT_FLIP_KEYS,
    OPTION_KEYS,
    PAIR_OPTIONS,
    TASK_KEYS,
    TOP_KEYS,
    TOTAL_KEYS,
    WAIVER_KEYS,
    keys_at,
)
from compatkit.gate.verdict import TOTAL
from compatkit.option import POLICY, Option
from compatkit.readers.address import Address, find_address
from compatkit.record import replace
from compatkit.spelling import suggest
from compatkit.urls import is_url, redact, show_url

PYPROJECT = "pyproject.toml"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
Table = Mapping[str, Any]


def find_policy(folder: str | Path = ".") -> Path:
    """Return the policy of a folder, or of the nearest one above it within the repository.

    `compatkit.toml`, or the table `[tool.compatkit]` of `pyproject.toml`.

    Raises:
        ConfigError: none, or both in one folder.
    """
    start = Path(folder).resolve()
    for place in (start, *start.parents):
        own, project = place / FILE_NAME, place / PYPROJECT
        held = project.is_file() and _own_table(_parse(project)) is not None
        if own.is_file() and held:
            raise ConfigError(f"{own} and [tool.compatkit] of {project}: two policies. Keep one.")
        if own.is_file() or held:
            return own if own.is_file() else project
        if (place / ".git").exists():
            break
    raise ConfigError(
        f"no policy: neither {FILE_NAME} nor [tool.compatkit] in {PYPROJECT} in {start} or above. "
        "'compatkit gate --init OLD NEW' writes a first one; 'compatkit gate OLD NEW --max-nfr "
        "0.02' needs none."
    )


def read_policy(path: str | Path) -> Policy:
    """Read a policy file.

    Args:
        path: a TOML file; of `pyproject.toml`, the table `[tool.compatkit]`. Its paths are
            relative to the folder that it lies in.

    Raises:
        ConfigError: a file that cannot be read, an unknown or missing key, a value of another
            type or out of its range, or nothing to hold an update against.
    """
    if is_url(str(path)):
        raise ConfigError(
            f"{show_url(str(path))}: is an address, and a policy is a file of this machine, beside "
            "the code that it guards."
        )
    place = Path(path)
    table = _parse(place)
    if place.name == PYPROJECT:
        table = _own_table(table)
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: no table [tool.compatkit].")
    return parse_policy(table, place)


def parse_policy(table: Mapping[str, Any], path: str | Path = FILE_NAME) -> Policy:
    """Make a policy of the tables of a policy file, as `tomllib` reads them.

    Args:
        table: the whole file, or what `[tool.compatkit]` holds.
        path: what messages call it; its paths are relative to the folder that this lies in.

    Raises:
        ConfigError: see `read_policy`.
    """
    return _Reader(Path(path)).policy(table)


def _own_table(project: Table) -> Any:
    """Return what a pyproject.toml holds under `tool.compatkit`, None where it holds nothing."""
    tools = project.get("tool")
    return tools.get("compatkit") if isinstance(tools, dict) else None


def _parse(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  (start-up time)

    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except ValueError as error:  # a number of too many digits among them
        raise ConfigError(f"{path}: not TOML that can be read: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{path}: not TOML that can be read: nested too deep.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from None


class _Reader:
    """Reads the tables of one file; what is wrong is said with its place."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def policy(self, table: Table) -> Policy:
        """Return the policy of the whole file."""
        self._check_keys(table, TOP_KEYS, "")
        if self._get(table, "format", int, "", FORMAT) != FORMAT:
            raise self._error("format", f"is {table['format']!r}; this version reads {FORMAT}")
        choices = {
            key: self._said(table, GATE_OPTIONS[key], "") for key in keys_at(POLICY, GATE_OPTIONS)
        }
        shared = {
            key: self._said(table, PAIR_OPTIONS[key], "") for key in keys_at(POLICY, PAIR_OPTIONS)
        }
        rule, way = choices.pop("inconclusive"), choices["decide"]
        try:
            check_looks(choices["looks"], way)
        except ConfigError as error:
            raise self._error("", str(error).removesuffix(".")) from None
        tasks = self._get(table, "tasks", dict, "", {})
        total = self._table(table, TOTAL, "")
        if not tasks:
            raise self._error("", "no [tasks.NAME]; at least one task was expected")
        policy = Policy(
            tasks=tuple(
                self._task(name, self._table(tasks, name, "tasks"), shared, rule, way)
                for name in tasks
            ),
            total=self._limits(total, TOTAL, rule, way, keys=TOTAL_KEYS),
            overlap=self._said(total, GATE_OPTIONS["overlap"], TOTAL),
            waivers=tuple(
                self._waiver(waiver, f"waivers[{number}]")
                for number, waiver in enumerate(self._get(table, "waivers", list, "", []))
            ),
            level=float(shared["level"]),
            path=str(self.path),
            **choices,
        )
        if total and not policy.total:
            raise self._error(TOTAL, "holds no budget; [budgets] or [advisory] was expected")
        self._check_use(policy)
        return policy

    def _check_use(self, policy: Policy) -> None:
        for task in policy.tasks:
            empty = [path for path, limits in task.slices.items() if not limits]
            if empty:
                at = f"tasks.{task.name}.slices.{empty[0]}"
                raise self._error(at, "holds no budget; [budgets] or [advisory] was expected")
            held = (task.limits, policy.total, task.must_not_flip, *task.slices.values())
            if not any(held):
                raise self._error(
                    f"tasks.{task.name}",
                    "holds nothing against an update: [budgets], [advisory], [slices] or "
                    "[must_not_flip] was expected",
                )

    def _task(self, name: str, table: Table, shared: Table, rule: str, way: str) -> TaskPolicy:
        at = f"tasks.{name}"
        if name == TOTAL or not name:
            raise self._error(at, f"a task cannot be called {name!r}")
        self._check_keys(table, TASK_KEYS, at)
        options = self._options(table, shared, at)
        if "old" not in table or ("new" not in table and not options.tells_sides):
            key = "new" if "old" in table else "old"
            raise self._error(at, f"no {key!r}; the {key} model's prediction file was expected")
        limits = self._limits(table, at, rule, way)
        slices = self._table(table, "slices", at)
        return TaskPolicy(
            name=name,
            old=self._file(table, "old", at),
            new=self._file(table, "new" if "new" in table else "old", at),
            options=options,
            limits=limits,
            slices={
                path: self._limits(
                    self._table(slices, path, f"{at}.slices"),
                    f"{at}.slices.{path}",
                    limits.inconclusive,
                    way,
                    keys=LIMIT_KEYS,
                )
                for path in slices
            },
            must_not_flip=self._must_not_flip(table, at),
            min_lift=self._min_lift(table, at),
            old_rerun=self._file(table, "old_rerun", at) if "old_rerun" in table else None,
            history=self._files(table, "history", at),
            examples=self._said(table, GATE_OPTIONS["examples"], at),
            max_left_out=float(self._said(table, GATE_OPTIONS["max_left_out"], at)),
            max_waived=float(self._said(table, GATE_OPTIONS["max_waived"], at)),
        )

    def _options(self, table: Table, shared: Table, at: str) -> Options:
        values = {
            key: self._said(table, PAIR_OPTIONS[key], at) for key in OPTION_KEYS if key in table
        }
        for key in ("metric", "run", "quoting", "rows"):
            if isinstance(values.get(key), list):
                values[key] = self._texts(values, key, at)
        for key in (key for key in values if PAIR_OPTIONS[key].kind is Path):
            values[key] = list(self._files(values, key, at))
        for key in (key for key in values if PAIR_OPTIONS[key].kind is dict):
            if not isinstance(values[key], dict):
                raise self._error(f"{at}.{key}", "a list was found; a table was expected")
            for role, name in values[key].items():
                if not isinstance(name, str):
                    raise self._error(f"{at}.{key}", f"{role} is {name!r}; a field was expected")
        try:
            return make_options(**{"errors": PAIR_OPTIONS["errors"].default, **values, **shared})
        except ConfigError as error:
            raise self._error(at, str(error).removesuffix(".")) from None

    def _limits(
        self, table: Table, at: str, rule: str, way: str, *, keys: tuple[str, ...] = ()
    ) -> Limits:
        """Return the limits of a table, which holds nothing but `keys` where these are given."""
        if keys:
            self._check_keys(table, keys, at)
        tiers: list[dict[str, float]] = []
        for key in LIMIT_KEYS[:2]:
            budgets = self._table(table, key, at)
            try:
                tiers.append(
                    {name: read_limit(name, limit, way) for name, limit in budgets.items()}
                )
            except ConfigError as error:
                place = f"{at}.{key}"
                raise self._error(place, str(error).removesuffix(".")) from None
        return Limits(
            blocking=tiers[0],
            advisory=tiers[1],
            inconclusive=self._said(table, replace(GATE_OPTIONS["inconclusive"], default=rule), at),
        )

    def _min_lift(self, table: Table, at: str) -> float | None:
        """Return from which lift on a slice that is found is told of, None for no search."""
        if "found_slices" not in table:
            return None
        asked, place = self._table(table, "found_slices", at), f"{at}.found_slices"
        self._check_keys(asked, FOUND_SLICES_KEYS, place)
        return float(self._said(asked, MIN_LIFT, place))

    def _must_not_flip(self, table: Table, at: str) -> MustNotFlip:
        at = f"{at}.must_not_flip"
        held = self._table(table, "must_not_flip", at)
        self._check_keys(held, MUST_NOT_FLIP_KEYS, at)
        tags = {
            path: self._texts(self._table(held, "tags", at), path, f"{at}.tags")
            for path in self._table(held, "tags", at)
        }
        return MustNotFlip(self._texts(held, "ids", at), tags)

    def _waiver(self, table: Any, at: str) -> Waiver:
        if not isinstance(table, dict):
            raise self._error(at, f"is {table!r}; a table was expected: [[waivers]]")
        self._check_keys(table, WAIVER_KEYS, at)
        for key in WAIVER_KEYS[1:]:
            if key not in table:
                raise self._error(at, f"no {key!r}; a waiver has an id, a reason and a last day")
        expires = table["expires"]
        try:
            day = _day(expires) if isinstance(expires, str) else expires
        except ValueError:
            day = None
        if not isinstance(day, date) or isinstance(day, datetime):
            raise self._error(f"{at}.expires", f"is {expires!r}; a date was expected: 2026-12-31")
        reason = self._get(table, "reason", str, at, "")
        if not reason.strip():
            raise self._error(f"{at}.reason", "is empty; why the flip is accepted was expected")
        (example,) = self._texts({"id": [table["id"]]}, "id", at)
        return Waiver(self._get(table, "task", str, at, ""), example, reason, day)

    def _texts(self, table: Table, key: str, at: str) -> tuple[str, ...]:
        """Return one text or a list of them; a whole number or a boolean counts as its text."""
        value = table.get(key, [])
        several = value if isinstance(value, list) else [value]
        if key in table and not several:
            raise self._error(f"{at}.{key}", "is empty; what it names was expected")
        for entry in several:
            if not isinstance(entry, str | int):
                raise self._error(f"{at}.{key}", f"holds {entry!r}; a text was expected")
        return tuple(str(text) for text in several)

    def _file(self, table: Table, key: str, at: str) -> str | Address:
        """Return a path of the policy as one that is good from here; an address as it is."""
        path: str = self._get(table, key, str, at, "")
        if not path.strip():
            raise self._error(_join(at, key), "is empty; the name of a file was expected")
        if is_url(path):
            return find_address(path)
        folder = self.path.parent
        return path if str(folder) == "." else str(folder / path)

    def _files(self, table: Table, key: str, at: str) -> tuple[str | Address, ...]:
        """Return one path or a list of them as such as are good from here."""
        return tuple(self._file({key: name}, key, at) for name in self._texts(table, key, at))

    def _table(self, table: Table, key: str, at: str) -> dict[str, Any]:
        subtable: dict[str, Any] = self._get(table, key, dict, at, {})
        return subtable

    def _said(self, table: Table, option: Option, at: str) -> Any:
        """Return the value of an option, checked; its default where the table does not say it."""
        if option.name not in table:
            return option.default
        value, place = table[option.name], _join(at, option.name)
        if not option.is_kind(value):
            raise self._error(place, f"is {value!r:.60}; {option.kind_wanted} was expected")
        if not option.is_in_range(value):
            raise self._error(place, f"is {value!r:.60}; {option.hint(value)}")
        return value

    def _get(self, table: Table, key: str, kind: type, at: str, default: Any) -> Any:
        if key not in table:
            return default
        value = table[key]
        if isinstance(value, bool) or not isinstance(value, kind):
            raise self._error(_join(at, key), f"is {value!r:.60}; {_name(kind)} was expected")
        return value

    def _check_keys(self, table: Table, keys: tuple[str, ...], at: str) -> None:
        for key in table:
            if key not in keys:
                raise self._error(at, f"no key {key!r}; {suggest(key, keys)}")

    def _error(self, at: str, what: str) -> ConfigError:
        where = f"{self.path}: {at}: " if at else f"{self.path}: "
        end = "" if what.endswith(("?", ".")) else "."
        return ConfigError(redact(f"{where}{what}{end}"))


def _day(text: str) -> date | None:
    """Return the day of a text such as 2026-12-31; other ways to write it are easily misread."""
    return date.fromisoformat(text) if re.fullmatch(DAY, text) else None


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _name(kind: type) -> str:
    names = {str: "a text", int: "a whole number", dict: "a table", list: "a list of tables"}
    return names[kind]
