"""Space: the folder of a module that can be pushed to the Hugging Face Hub as it stands."""

import shutil
from pathlib import Path

from compatkit.errors import ConfigError, DataError
from compatkit.evaluate_modules import MODULES

HERE = Path(__file__).parent
CARD = "README.md"


def list_files(name: str) -> list[str]:
    """Return the files of a module's folder."""
    return sorted([f"{name}.py", CARD, "app.py", "requirements.txt", "tests.py"])


def make_space(name: str, folder: str | Path, repository: str = "") -> list[str]:
    """Copy a module into a folder of its name, and return the commands that upload it.

    Nothing is uploaded.

    Args:
        name: a name in `compatkit.evaluate_modules.MODULES`.
        folder: where the folder is made; it must not be there yet.
        repository: `USER/NAME` on the Hub; a placeholder if not given.

    Raises:
        ConfigError: no such module, or a repository whose name is not the module's.
        DataError: the folder is there already, or cannot be written.
    """
    if name not in MODULES:
        raise ConfigError(f"no evaluate module {name!r}; there are {', '.join(MODULES)}.")
    repository = repository or f"USER/{name}"
    if repository.count("/") != 1 or repository.partition("/")[2] != name:
        raise ConfigError(
            f"the repository is {repository!r}; USER/{name} was expected, since evaluate looks for "
            f"{name}.py in a repository of that name."
        )
    target = Path(folder) / name
    try:
        target.mkdir(parents=True)
        for file in list_files(name):
            shutil.copyfile(HERE / name / file, target / file)
    except FileExistsError:
        raise DataError(f"{target}: is there already. Remove it, or name another folder.") from None
    except OSError as error:
        raise DataError(f"{target}: cannot be written: {error.strerror}.") from error
    return [
        f"hf repos create {repository} --type space --space-sdk gradio --exist-ok",
        f"hf upload {repository} {target} . --type space",
    ]
