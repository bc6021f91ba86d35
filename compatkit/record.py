"""record: a copy of an immutable record with some fields changed, of either kind.

Records that users hold are dataclasses, as the standard library's tools know them; those that the
parts of compatkit hand each other are `msgspec.Struct`, which Python makes 30 times faster.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Both kinds are dataclasses to a type checker, which checks names and types of the fields.
    from dataclasses import replace as replace  # noqa: PLC0414  (for others to import)
else:
    import dataclasses

    import msgspec

    def replace(record: Any, /, **fields: Any) -> Any:
        """Return a copy of a record with some fields changed.

        Args:
            record: a frozen dataclass, or a `msgspec.Struct`.
            fields: the fields that change, by name.

        Raises:
            TypeError: the record has no such field.
        """
        if isinstance(record, msgspec.Struct):
            return msgspec.structs.replace(record, **fields)
        return dataclasses.replace(record, **fields)
