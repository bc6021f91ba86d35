"""Names: what reports call the models.

What the user says (`NAME=PATH`), else what tells models in one file apart (`a`, of `model=a`), else
what the harness's log or the run's header calls the model, else the shortest part of the paths
that tells them apart.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.readers.address import Place, find_address
from compatkit.readers.prediction_file import PredictionFile
from compatkit.readers.run_header import read_header
from compatkit.record import replace
from compatkit.urls import is_url


def split_name(argument: str | Place) -> tuple[str, str | Place]:
    """Return the name and the path, or address, of `NAME=PATH`; no name where the whole is a path.

    A path that exists is a path, whatever it holds, and a name holds no slash.

    >>> split_name("v2=runs/new.jsonl"), split_name("runs/lr=1/new.jsonl")
    (('v2', 'runs/new.jsonl'), ('', 'runs/lr=1/new.jsonl'))
    """
    if not isinstance(argument, str) or is_url(argument):
        return "", find_address(argument)
    name, sign, path = argument.partition("=")
    if not (sign and name.strip() and path) or "/" in name or Path(argument).exists():
        return "", argument
    return name, find_address(path)


def name_models(
    paths: Sequence[str], sides: Sequence[Iterable[PredictionFile]], given: Sequence[str] = ()
) -> list[str]:
    """Return what reports call the models, the old one first.

    Args:
        paths: where each model's predictions are.
        sides: the files of each model.
        given: what the user calls each, empty for nothing; none at all where nothing was said.

    Raises:
        ConfigError: two models are given one name.
    """
    given = given or [""] * len(paths)
    refuse_clash(given)
    models = [tuple(files) for files in sides]
    own = _tell_apart(models) or [_find_own(files) for files in models]
    derived = shorten_paths(own if all(own) and len(set(own)) == len(own) else paths)
    names = [name or part for name, part in zip(given, derived, strict=True)]
    if len(set(names)) < len(names):
        names = [name or path for name, path in zip(given, paths, strict=True)]
    return names


def refuse_clash(given: Sequence[str]) -> None:
    """Refuse one name for two models.

    Raises:
        ConfigError: naming it.
    """
    clash = next((name for name in given if name and given.count(name) > 1), None)
    if clash is not None:
        raise ConfigError(f"two models are named {clash!r}. Give each a name of its own.")


def name_files(files: Sequence[PredictionFile], given: Sequence[str] = ()) -> list[str]:
    """Return what reports call the models of which there is one file each; see `name_models`."""
    return name_models([file.name for file in files], [[file] for file in files], given)


def _tell_apart(sides: Sequence[Sequence[PredictionFile]]) -> list[str]:
    """Return what tells models in one file apart, of each; nothing where they lie in several."""
    files = [files[0] for files in sides if len(files) == 1]
    if len(files) < len(sides) or len({file.digest for file in files}) > 1:
        return []
    shared = set.intersection(*({*file.shape.own} for file in files))
    names = [", ".join(pair[1] for pair in file.shape.own if pair not in shared) for file in files]
    return names if all(names) else []


def _find_own(files: Iterable[PredictionFile]) -> str:
    """Return what the files of one model call it; nothing where they do not agree."""
    names = set()
    for file in files:
        model = (read_header(file)[0] or {}).get("model")
        name = model.get("name") if isinstance(model, dict) else None
        names.add(file.log.model if file.log is not None else str(name or ""))
    return names.pop() if len(names) == 1 else ""


def shorten_paths(paths: Sequence[str]) -> list[str]:
    """Return of each path the part that tells it from the others, the shortest that there is.

    >>> shorten_paths(["runs/step1000/org__model/x.jsonl", "runs/step2000/org__model/x.jsonl"])
    ['step1000', 'step2000']
    >>> shorten_paths(["old.jsonl", "old.jsonl"]), shorten_paths(["a", "a/b"])
    (['old.jsonl', 'old.jsonl'], ['a', 'b'])
    """
    parts = [_parts_of(path) for path in paths]
    depth = min(map(len, parts))
    rows = [[row[place] for row in parts] for place in (*range(-1, -depth - 1, -1), *range(depth))]
    apart = [row for row in rows if len(set(row)) == len(row)]
    if apart:
        return min(apart, key=lambda row: max(map(len, row)))
    return [row[-1] for row in parts] if len(set(paths)) == 1 else list(paths)


def _parts_of(path: str) -> tuple[str, ...]:
    """Return the parts that may name a path or an address: its root, or its kind, names nothing."""
    pure = PurePath(path.partition("://")[2] if is_url(path) else path)
    return pure.relative_to(pure.anchor).parts or (path,)


def rename(result: Comparison, given: Sequence[str]) -> Comparison:
    """Return a comparison whose old and new model are called what the user calls them.

    Args:
        result: one that knows what its models would be called.
        given: what the user calls each, empty for nothing.
    """
    old, new = (
        name or own for name, own in zip(given, (result.old_name, result.new_name), strict=True)
    )
    if old == new:  # one of them alone was given
        old, new = (
            name or path for name, path in zip(given, (result.old, result.new), strict=True)
        )
    return replace(result, old_name=old, new_name=new)


def give_names(results: Sequence[Comparison], names: Sequence[str]) -> list[Comparison]:
    """Return comparisons that know what their models are called.

    Args:
        results: one per task and candidate, the candidates of a task in their order.
        names: the old model's, then those of the candidates.
    """
    old, *news = names
    return [
        replace(result, old_name=old, new_name=news[number % len(news)])
        for number, result in enumerate(results)
    ]
