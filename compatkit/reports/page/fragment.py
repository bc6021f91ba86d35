"""Fragment: blocks as a notebook shows them, in a page that is not ours."""

from collections.abc import Iterable

from compatkit.reports.blocks import Block, FlipList, Fold
from compatkit.reports.page.drawing import draw
from compatkit.reports.tables import flip_table


def draw_fragment(blocks: Iterable[Block]) -> str:
    """Return blocks as HTML within a page: no script, nothing loaded, a style that stays inside."""
    return draw("fragment.html", blocks=list(map(_draw_flips, blocks)))


def _draw_flips(block: Block) -> Block:
    match block:
        case FlipList():
            return flip_table(block)
        case Fold(title, blocks):
            inner = [flip_table(one) if isinstance(one, FlipList) else one for one in blocks]
            return Fold(title, inner)
    return block
