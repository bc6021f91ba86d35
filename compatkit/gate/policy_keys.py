"""Policy keys: what a gate may be told, each declared once.

The options of a comparison are those of `compatkit.comparison.option_table`, with what a gate asks
of two of them. Flags, keys and their checks, and the schema of a policy follow.
"""

from pathlib import Path

from compatkit.comparison.option_table import OPTIONS
from compatkit.gate.policy import INCONCLUSIVE, KEEP, MAX_WAIVED, OUTCOMES, REFUSE, WAYS
from compatkit.option import COMMAND, POLICY, TASK, TOTAL, Option
from compatkit.record import replace

FILE_NAME = "compatkit.toml"
FORMAT = 1

PAIR_OPTIONS = OPTIONS | {
    # Of a level of one half or less, what one bound may miss would be half of all cases or more.
    "level": replace(OPTIONS["level"], above=0.5, help="How often a pass, or a fail, is right."),
    "errors": replace(OPTIONS["errors"], default="refuse"),
}
_DECLARED = (
    Option(
        name="decide",
        choices=WAYS,
        default=WAYS[0],
        help="By bounds that hold at --level, or by the measured value alone.",
        places=frozenset({COMMAND, POLICY}),
    ),
    Option(
        name="looks",
        kind=int,
        default=1,
        least=1,
        most=1000,
        help="How many looks share the error, where examples are added until it is settled.",
        places=frozenset({COMMAND, POLICY}),
    ),
    Option(
        name="inconclusive",
        choices=OUTCOMES,
        default=INCONCLUSIVE,
        help="What too few examples count as.",
        places=frozenset({COMMAND, POLICY, TASK}),
    ),
    Option(
        name="examples",
        kind=int,
        least=1,
        help="How many examples there must be.",
        places=frozenset({COMMAND, TASK}),
    ),
    Option(
        name="max_left_out",
        kind=float,
        default=0.0,
        least=0,
        below=1,
        help="Share of the examples that may be left out, where other options allow it at all.",
        places=frozenset({COMMAND, TASK}),
    ),
    Option(
        name="max_waived",
        kind=float,
        default=MAX_WAIVED,
        least=0,
        below=1,
        help="Share of the examples whose flips may be waived.",
        places=frozenset({TASK}),
    ),
    Option(
        name="overlap",
        choices=(REFUSE, KEEP),
        default=REFUSE,
        help="Examples that two tasks share: refused, or counted as often as they come.",
        places=frozenset({TOTAL}),
    ),
    Option(
        name="old_rerun",
        kind=Path,
        help="A second run of the old model, for --max-excess-nfr, and to measure which calls are "
        "close for --max-confident-nfr.",
        places=frozenset({COMMAND, TASK}),
    ),
    Option(
        name="history",
        kind=Path,
        several=True,
        default=(),
        metavar="FILE",
        help="A version before the old one: budgets are held against the best answers so far. "
        "Repeatable, the oldest first.",
        places=frozenset({COMMAND, TASK}),
    ),
    Option(
        name="strict",
        kind=bool,
        default=False,
        help="A warning is an error.",
        places=frozenset({COMMAND, POLICY}),
    ),
    Option(
        name="name",
        default="",
        help="What reports call the policy; two gates on one pull request need two names.",
        places=frozenset({POLICY}),
    ),
)
GATE_OPTIONS = {option.name: option for option in _DECLARED}
# Of [tasks.NAME.found_slices], which asks for a search: it decides nothing.
MIN_LIFT = Option(
    name="min_lift",
    kind=float,
    default=1.0,
    least=1,
    help="A slice where broken answers gather is told of from this lift on.",
)


def keys_at(place: str, options: dict[str, Option]) -> tuple[str, ...]:
    """Return the names of the options that may be said at a place."""
    return tuple(name for name, option in options.items() if place in option.places)


OPTION_KEYS = keys_at(TASK, PAIR_OPTIONS)
LIMIT_KEYS = ("budgets", "advisory", "inconclusive")
TOP_KEYS = (
    "format",
    *keys_at(POLICY, GATE_OPTIONS),
    *keys_at(POLICY, PAIR_OPTIONS),
    *("tasks", "total", "waivers"),
)
TASK_KEYS = tuple(
    dict.fromkeys(
        (
            *("old", "new", *keys_at(TASK, GATE_OPTIONS)),
            *("slices", "found_slices", "must_not_flip", *LIMIT_KEYS),
            *OPTION_KEYS,
        )
    )
)
TOTAL_KEYS = (*LIMIT_KEYS, *keys_at(TOTAL, GATE_OPTIONS))
FOUND_SLICES_KEYS = (MIN_LIFT.name,)
MUST_NOT_FLIP_KEYS = ("ids", "tags")
WAIVER_KEYS = ("task", "id", "reason", "expires")
