"""Extras: libraries that only some uses need, and the refusal where they are not installed."""

from importlib.util import find_spec

from msgspec import Struct

from compatkit.errors import MissingExtraError


class Extra(Struct, frozen=True):
    """What an extra of compatkit is for.

    Attributes:
        user: what needs it, as a message names it.
        libraries: the modules that it installs, by the names that Python imports.
    """

    user: str
    libraries: tuple[str, ...]


MODELS = ("torch", "transformers", "accelerate", "peft", "safetensors", "huggingface_hub")
EXTRAS = {
    "dask": Extra("--scheduler", ("dask", "distributed")),
    "evaluate": Extra("a module or a metric of evaluate", ("evaluate", "datasets")),
    "json": Extra("--schema", ("jsonschema", "referencing")),
    "math": Extra("the scorer math", ("math_verify", "sympy")),
    "muscle": Extra("compatkit muscle", (*MODELS, "yaml")),
    "run": Extra("compatkit run", (*MODELS, "datasets")),
    "url": Extra("a file at an address", ("fsspec", "aiohttp")),
}


def require_extra(name: str) -> None:
    """Refuse to go on where a library of an extra is not installed.

    Nothing is imported.

    Args:
        name: of the extra, in `EXTRAS`.

    Raises:
        MissingExtraError: naming what needs which libraries, and how to install them.
    """
    extra = EXTRAS[name]
    missing = [library for library in extra.libraries if find_spec(library) is None]
    if missing:
        raise MissingExtraError(
            f"{extra.user} needs {', '.join(missing)}, not installed here. Install compatkit with "
            f'its extra: pip install "compatkit[{name}]".'
        )
