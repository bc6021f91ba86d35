"""Pictures read back: what an SVG holds, and where."""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from compatkit import Comparison, compare
from compatkit.reports.pictures import inline_svg, render_picture
from compatkit.reports.pictures.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"


def compare_answers(
    old: Sequence[object], new: Sequence[object], *, prediction: str = "answer", **more: object
) -> Comparison:
    """Compare scores that stand in the rows; a third item of each is the slice it lies in."""
    options = {"scorer": "field:score", "fields": {"prediction": prediction}, **more}
    rows = [
        [
            {"id": f"{number:04}", "score": score, "answer": "x", "part": part}
            for number, (score, part) in enumerate(side)
        ]
        for side in (old, new)
    ]
    return compare(*rows, **options)


class Drawn:
    """A picture as SVG, parsed."""

    def __init__(self, picture: Picture, *, inline: bool = True) -> None:
        """Draw it and parse it."""
        self.source = inline_svg(picture) if inline else render_picture(picture, "svg").decode()
        self.root = ET.fromstring(self.source)  # noqa: S314 (our own)

    def nodes(self, tag: str) -> Iterator[ET.Element]:
        """Yield the elements of a tag, with or without a namespace."""
        yield from (node for node in self.root.iter() if node.tag.removeprefix(SVG) == tag)

    @property
    def texts(self) -> list[str]:
        """What is written."""
        return [str(node.text) for node in self.nodes("text")]

    def places_of(self, mark: str) -> list[tuple[float, float]]:
        """Return where the marks of a class stand."""
        return [
            (float(use.get("x", "nan")), float(use.get("y", "nan")))
            for group in self.root.iter()
            if group.get("class") == mark
            for use in group.iter()
            if use.tag.removeprefix(SVG) == "use"
        ]

    def spans_of(self, mark: str) -> list[tuple[float, float]]:
        """Return from where to where the level lines of a class go."""
        return [
            (float(words[1]), float(words[4]))
            for group in self.root.iter()
            if group.get("class") == mark
            for words in (path.get("d", "").split() for path in group)
        ]

    def share_at(self, x: float) -> float:
        """Return what share a place along the lower axis stands for, by the numbers beneath it."""
        ticks = [
            (float(node.get("x", "nan")), float(str(node.text).removesuffix("%")) / 100)
            for node in self.nodes("text")
            if str(node.text).endswith("%") and node.get("text-anchor") == "middle"
        ]
        (left, low), (right, high) = ticks[0], ticks[-1]
        return low + (x - left) / (right - left) * (high - low)
