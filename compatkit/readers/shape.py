"""Shape: how one side's rows lie in its file, as far as a user must say it."""

from msgspec import Struct

from compatkit.readers.where import Condition, describe_where

Roles = tuple[tuple[str, str], ...]


class Shape(Struct, frozen=True):
    """What a user said of how the rows of one side lie in its file.

    One file that is read in two shapes is two models' predictions.

    Attributes:
        roles: role and field, those of all sides first.
        where: the conditions that each row meets.
        rows: where in a JSON document the rows stand; None where it is an array of them.
        quoting: `quoted` or `unquoted`, of the quotes of a table; None lets the file decide.
        label: what tells this side from another that lies in the same file.
        own: field, or role, and value, of what is said of this side alone.
    """

    roles: Roles = ()
    where: tuple[Condition, ...] = ()
    rows: str | None = None
    quoting: str | None = None
    label: str = ""
    own: Roles = ()


PLAIN = Shape()


def label_side(own: Roles, where: tuple[Condition, ...], rows: str | None = None) -> str:
    """Return what is said of one side alone, in a few words.

    >>> label_side((("prediction", "turbo"),), (("model", "a"),))
    'model=a, prediction=turbo'
    """
    fields = [f"{role}={field}" for role, field in own]
    place = [] if rows is None else [rows]
    return ", ".join([*place, *([describe_where(where)] if where else []), *fields])
