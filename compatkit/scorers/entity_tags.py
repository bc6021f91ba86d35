"""Entity tags: what a sequence of tags such as `B-PER`, `I-PER` and `O` marks."""

import re
from collections.abc import Sequence

CONLL, IOB2 = SCHEMES = ("conll", "iob2")
OUTSIDE = "O"
Entity = tuple[int, int, str]
"""First position, last position, type."""
Entities = frozenset[Entity]

TAG = {
    CONLL: re.compile(r"O|[BIES](?:-.*+)?+", re.DOTALL),
    IOB2: re.compile(r"O|[BI](?:-.*+)?+", re.DOTALL),
}


def is_tag(text: str, scheme: str) -> bool:
    """Tell whether a text is a tag of a scheme.

    >>> is_tag("B-PER", "iob2"), is_tag("S-PER", "iob2"), is_tag("person", "conll")
    (True, False, False)
    """
    return TAG[scheme].fullmatch(text) is not None


def find_entities(tags: Sequence[str], scheme: str) -> Entities | None:
    """Return the entities that tags mark; None where the scheme refuses one of them.

    Source: the rules of conlleval (Tjong Kim Sang and Buchholz 2000) as seqeval 1.2.2 has them:
    this equals its `get_entities`, and `Tokens` with the scheme IOB2, for all tags but empty ones.

    >>> sorted(find_entities(["I-PER", "I-PER", "O", "B-LOC"], "conll") or ())
    [(0, 1, 'PER'), (3, 3, 'LOC')]
    >>> sorted(find_entities(["I-PER", "I-PER", "O", "B-LOC"], "iob2") or ())
    [(3, 3, 'LOC')]
    """
    if not all(tags):
        return None
    if scheme == CONLL:
        return _find_conll(tags)
    return _find_iob2(tags) if all(tag[0] in "IOB" for tag in tags) else None


def _find_conll(tags: Sequence[str]) -> Entities:
    marked: list[Entity] = []
    last, last_kind, start = OUTSIDE, "", 0
    for place, tag in enumerate((*tags, OUTSIDE)):
        prefix, kind = tag[0], tag[1:].split("-", 1)[-1] or "_"
        if _ends(last, prefix, same=last_kind == kind):
            marked.append((start, place - 1, last_kind))
        if _begins(last, prefix, same=last_kind == kind):
            start = place
        last, last_kind = prefix, kind
    return frozenset(marked)


def _ends(last: str, prefix: str, *, same: bool) -> bool:
    """Tell whether an entity ends before a tag."""
    if last in "ES" or (last in "BI" and prefix in "BSO"):
        return True
    return last not in "O." and not same


def _begins(last: str, prefix: str, *, same: bool) -> bool:
    """Tell whether an entity begins with a tag."""
    if prefix in "BS" or (last in "ESO" and prefix in "EI"):
        return True
    return prefix not in "O." and not same


def _find_iob2(tags: Sequence[str]) -> Entities:
    marked: list[Entity] = []
    start, kind = None, ""
    for place, tag in enumerate((*tags, OUTSIDE)):
        of_tag = tag[1:].strip("-") or "_"
        if start is not None and not (tag[0] == "I" and of_tag == kind):
            marked.append((start, place - 1, kind))
            start = None
        if tag[0] == "B":
            start, kind = place, of_tag
    return frozenset(marked)
