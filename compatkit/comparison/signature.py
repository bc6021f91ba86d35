"""Signature: everything that a number depends on, in one line.

Two results with the same signature are comparable; the idea is sacrebleu's (Post 2018,
arXiv 1804.08771). Its short form, the first 8 characters of its SHA-256, is for people.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

from compatkit.comparison.checked_options import Options
from compatkit.comparison.option_table import OPTIONS
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.predictions.fields import OWN_NAMES
from compatkit.version import __version__

SHORT = 8  # characters
NOBODY = "none"  # what an option is that nobody said
# What most comparisons have none of: named where it was said.
IF_SAID = {
    *("pass_at", "quoting", "lists", "where", "old_where", "new_where", "rows"),
    "close_margin",
}
# What is called otherwise in the signature than in the table, or is no attribute of its name.
_OTHERWISE: dict[str, tuple[str, Callable[[Options], object]]] = {
    "scorer": ("scorer", lambda options: options.scorer.name),
    "threshold": ("threshold", lambda options: options.threshold),
    "by_position": ("join", lambda options: "position" if options.by_position else "id"),
    "interval": ("interval", lambda options: "exact" if options.plan.exact else "wilson"),
}


def sign(options: Options, *, total: int, inputs: Mapping[str, str]) -> str:
    """Return the signature of a comparison.

    Args:
        options: how the files are compared; the table says which of them belong here.
        total: N.
        inputs: the beginnings of the SHA-256 of the files, and the fields that were read.
    """
    signed: dict[str, object] = {}
    for name, option in OPTIONS.items():
        if option.signed:
            label, value_of = _OTHERWISE.get(name, (name, _plainly(name)))
            signed[label] = value_of(options)
    signed = {key: value for key, value in signed.items() if key not in IF_SAID or value != NOBODY}
    parts: dict[str, object] = {
        "scorer": signed.pop("scorer"),
        **options.scorer.options,
        "threshold": signed.pop("threshold"),
        "n": total,
        **signed,
        **inputs,
        "compatkit": __version__,
    }
    return "|".join(f"{name}:{_plain(value)}" for name, value in parts.items())


def name_inputs(
    sides: Mapping[str, ScoredRows], beside: Sequence[ScoredRows] = ()
) -> dict[str, str]:
    """Name the files that the numbers depend on, and the fields that were read.

    Args:
        sides: role in the comparison to rows.
        beside: all new models', where what one file lacks, or failed at, is left out for all.
    """
    inputs = {name: side.file.digest[:12] for name, side in sides.items()}
    inputs |= {"beside": "+".join(side.file.digest[:12] for side in beside)} if beside else {}
    for name, side in sides.items():
        read = [
            f"{role}={path}"
            for role, path in side.fields.paths.items()
            if path not in OWN_NAMES.get(role, (role,))
        ]
        inputs |= {f"{name}.fields": "+".join(read)} if read else {}
        references = side.file.references
        inputs |= {} if references is None else {"references": references.digest[:12]}
    return inputs


def shorten(signature: str) -> str:
    """Return the short form of a signature: equal where the signatures are.

    >>> shorten("scorer:exact_match|threshold:0.5")
    '5e42810e'
    """
    return hashlib.sha256(signature.encode("utf-8", "backslashreplace")).hexdigest()[:SHORT]


def _plainly(name: str) -> Callable[[Options], object]:
    """Return what takes an option from the options, or from their plan; none is `none`."""

    def value_of(options: Options) -> object:
        value = getattr(options if hasattr(options, name) else options.plan, name)
        return NOBODY if value is None or value == () else value

    return value_of


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "+".join(map(_plain, value))
    # All digits: what differs in the last one is another number.
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
