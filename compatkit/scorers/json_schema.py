"""JSON schema: which values a user's schema allows."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from compatkit.errors import ConfigError
from compatkit.extras import require_extra
from compatkit.scorers.json_text import write_json


class Schema(Struct, frozen=True):
    """A schema that was read.

    Attributes:
        digest: the beginning of a hash of the file, for the signature; empty for no schema.
        validate: tells whether a value is allowed.
    """

    digest: str
    validate: Callable[[Any], bool]

    def __call__(self, value: Any) -> bool:
        """Tell whether a value of `compatkit.scorers.json_text.read_json` is allowed."""
        return not self.digest or self.validate(json.loads(write_json(value)))


def load_schema(path: str | None) -> Schema:
    """Read a JSON schema, by the draft that it names in `$schema`, else the newest.

    Without a path everything is allowed.

    A reference to another document is not followed.

    Raises:
        ConfigError: no such file, no JSON, or no schema.
        MissingExtraError: jsonschema is not installed.
    """
    if path is None:
        return Schema("", lambda value: True)  # noqa: ARG005
    require_extra("json")
    from jsonschema import exceptions, validators  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415

    schema, digest = _load(path)
    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except exceptions.SchemaError as error:
        raise ConfigError(
            f"--schema {path}: {error.message}. A JSON schema was expected."
        ) from None
    return Schema(digest, kind(schema, registry=Registry()).is_valid)


def _load(path: str) -> tuple[dict[str, Any], str]:
    """Return what a file holds, and the beginning of its hash."""
    wanted = "A file with a JSON schema was expected."
    try:
        data = Path(path).read_bytes()
        schema = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"--schema {path}: {error}. {wanted}") from None
    if not isinstance(schema, dict):
        raise ConfigError(f"--schema {path}: it holds a {type(schema).__name__}. {wanted}")
    return schema, hashlib.sha256(data).hexdigest()[:12]
