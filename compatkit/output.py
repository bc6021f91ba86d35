"""Output files: written whole or not at all."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from compatkit.errors import ConfigError
from compatkit.urls import is_url, show_url

Data = bytes | Iterable[bytes]


def write_whole(path: str | Path, data: Data) -> None:
    """Write a file under a temporary name beside it, and rename it when it is complete.

    An existing file is replaced at once or stays as it is. A path that is no regular file
    (such as /dev/stdout) is written to directly.

    Args:
        path: where.
        data: the bytes, or parts of them one after the other.

    Raises:
        ConfigError: the folder does not exist or cannot be written to.
    """
    refuse_url(path)
    target = Path(path)
    with _failure_of(path):
        direct = target.exists() and not target.is_file() and not target.is_dir()
        if direct:
            with target.open("wb") as file:
                file.writelines(_parts_of(data))
    if not direct:
        replace_all({path: data})


def replace_all(files: Mapping[str | Path, Data | None]) -> None:
    """Replace several files, all of them or none.

    Each is written under a temporary name beside its target; when all are complete they are
    renamed, and where that fails those that were renamed before become what they were.

    Args:
        files: what each is to hold; None where it is to be gone.

    Raises:
        ConfigError: a folder does not exist or cannot be written to.
    """
    for path in files:
        refuse_url(path)
    # A symbolic link stays one.
    targets = {path: Path(os.path.realpath(path)) for path in files}
    staged: dict[str | Path, Path] = {}
    before: dict[str | Path, Path | None] = {}
    try:
        for path, data in files.items():
            with _failure_of(path):
                if data is not None:
                    staged[path] = _stage(targets[path], data)
                if len(files) > 1:
                    before[path] = _keep(targets[path])
        _rename(targets, staged, before)
    finally:
        for left in (*staged.values(), *filter(None, before.values())):
            left.unlink(missing_ok=True)


def refuse_url(path: str | Path) -> None:
    """Refuse to write to an address.

    Raises:
        ConfigError: it is one.
    """
    if is_url(str(path)):
        raise ConfigError(
            f"{show_url(str(path))}: is an address, and files are written on this machine alone. "
            "Name a path."
        )


def _rename(
    targets: Mapping[str | Path, Path],
    staged: Mapping[str | Path, Path],
    before: Mapping[str | Path, Path | None],
) -> None:
    """Give every file its new content; where one fails, give the others their old one again."""
    done: list[str | Path] = []
    try:
        for path, target in targets.items():
            with _failure_of(path):
                if path in staged:
                    staged[path].replace(target)
                else:
                    target.unlink(missing_ok=True)
            done.append(path)
    except BaseException:
        for path in done:
            kept = before[path]
            with suppress(OSError):
                if kept is None:
                    targets[path].unlink(missing_ok=True)
                else:
                    kept.replace(targets[path])
        raise


@contextmanager
def _failure_of(path: str | Path) -> Iterator[None]:
    """Turn a failure of the system into a sentence about a path."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"{path}: cannot be written: {reason}.") from error


def _stage(target: Path, data: Data) -> Path:
    """Write what a file is to hold beside it, and return where."""
    import tempfile  # noqa: PLC0415  (start-up time)

    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(_parts_of(data))
        temporary.chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _parts_of(data: Data) -> Iterable[bytes]:
    return (data,) if isinstance(data, bytes) else data


def _keep(target: Path) -> Path | None:
    """Keep what a file holds beside it, and return where; None where there is no file."""
    return _stage(target, target.read_bytes()) if target.exists() else None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
