"""Output files: written whole or not at all."""

import os
import tempfile
from pathlib import Path

from compatkit.errors import ConfigError


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, and rename it when it is complete.

    An existing file is replaced at once or stays as it is. A path that is no regular file
    (such as /dev/stdout) is written to directly.

    Raises:
        ConfigError: the folder does not exist or cannot be written to.
    """
    target = Path(path)
    try:
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
            return
        target = Path(os.path.realpath(target))  # a symbolic link stays one
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            temporary.chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}.") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
