"""Picture files: which of the files that are written show a picture, and which one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from compatkit.commands.flags import flag, propose
from compatkit.comparison.comparison import Comparison
from compatkit.errors import ConfigError
from compatkit.reports.pictures import (
    IMAGES,
    PICTURES,
    PictureKind,
    describe_picture,
    render_picture,
)
from compatkit.spelling import suggest

MATRIX = "matrix"  # the picture of --matrix, which shows no other
PICTURE_FLAG = flag(
    "--picture",
    metavar="NAME",
    group="Report",
    shell_complete=propose(tuple(PICTURES)),
    help=f"What a picture of -o shows, where its name does not say: {', '.join(PICTURES)}.",
)


def find_pictures(
    outputs: Sequence[str],
    picture: str | None,
    asked: Mapping[str, object],
    kinds: Mapping[str, PictureKind] = PICTURES,
) -> dict[str, str]:
    """Return which picture each file shows, of those whose suffix is a picture's.

    Args:
        outputs: the files to be written.
        picture: what all of them show; None where the name of each file says it.
        asked: what was asked for, by option, and the further candidates.
        kinds: the pictures that there are.

    Raises:
        ConfigError: a picture that does not exist, or that nothing would be in.
    """
    files = [path for path in outputs if Path(path).suffix.lower() in IMAGES]
    if picture is not None and not files:
        raise ConfigError(
            f"--picture {picture}: no picture is written. Add -o FILE.svg, or leave it out."
        )
    return {path: _find(path, picture, asked, kinds) for path in files}


def _find(
    path: str, picture: str | None, asked: Mapping[str, object], kinds: Mapping[str, PictureKind]
) -> str:
    name = Path(path).stem if picture is None else picture
    if name == MATRIX:
        raise ConfigError(f"-o {path}: a matrix is of every update between models. Say --matrix.")
    if name not in kinds:
        listed = ", ".join(kinds)
        if picture is not None:
            raise ConfigError(f"--picture {picture}: there is none; {suggest(picture, kinds)}")
        raise ConfigError(
            f"-o {path}: {name!r} names no picture; there are {listed}. Name the file after one, "
            f"as {next(iter(kinds))}{Path(path).suffix}, or say --picture NAME."
        )
    kind = kinds[name]
    if kind.needs and not asked[kind.needs]:
        raise ConfigError(f"-o {path}: {name}: {kind.lacks}")
    return name


def render_pictures(pictures: Mapping[str, str], results: Sequence[Comparison]) -> dict[str, bytes]:
    """Return what each file is to hold.

    Args:
        pictures: file to the name of its picture.
        results: one comparison per task and candidate, totals last.

    Raises:
        NoPictureError: nothing is in one of them.
    """
    described = {path: describe_picture(name, results) for path, name in pictures.items()}
    return {
        path: render_picture(picture, IMAGES[Path(path).suffix.lower()])
        for path, picture in described.items()
    }
