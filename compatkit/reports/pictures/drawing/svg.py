"""SVG: matplotlib's, made small, accessible, and fit for a page of a strict policy.

A page may forbid styles and scripts within: what matplotlib writes as `style="..."` becomes
attributes, no id is one of another picture, nothing is loaded, and ink has the text's colour.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from xml.etree import ElementTree as ET

from compatkit.reports.hostile import visible
from compatkit.reports.pictures.drawing.sheet import CLASS, INK, MARGIN, WIDTH, Sheet
from compatkit.reports.pictures.picture import Picture

NUMBER = re.compile(r"-?\d+\.\d+")
FONTS = "system-ui, -apple-system, 'DejaVu Sans', sans-serif"
# What every mark has by default, or has not at all in a picture.
UNSAID = {
    ("stroke-dashoffset", "0"),
    ("stroke-linejoin", "miter"),
    ("stroke-width", "1"),
    ("text-anchor", "start"),
}
LEFT_OUT = {"font-family", "clip-path", "id", "style", "version"}
SCENERY = {"metadata", "style", "clipPath"}


def rewrite_svg(drawn: bytes, sheet: Sheet, picture: Picture, *, inline: bool) -> str:
    """Return a picture as SVG.

    Args:
        drawn: as matplotlib wrote it.
        sheet: what was drawn.
        picture: what it shows: its title and its text for who does not see it.
        inline: for a page: in the text's colour and without a background; else a file of its own.
    """
    source = ET.fromstring(drawn)  # noqa: S314 (matplotlib's own)
    _say(source, sheet)
    mark = blake2b(f"{picture.title}\0{picture.alt}".encode("utf-8", "replace"), digest_size=4)
    prefix = f"{picture.name}-{mark.hexdigest()}"
    names = {
        str(node.get("id")): f"{prefix}-{number}" for number, node in enumerate(_defined(source), 1)
    }
    root = _frame(sheet, picture, prefix, inline=inline)
    for child in source:
        root.extend(_rewrite(child, names, inline=inline))
    return ET.tostring(root, encoding="unicode") + ("" if inline else "\n")


def _frame(sheet: Sheet, picture: Picture, prefix: str, *, inline: bool) -> ET.Element:
    margin = 0.0 if inline else MARGIN
    size = WIDTH + 2 * margin, sheet.height + 2 * margin
    title, text = f"{prefix}-title", f"{prefix}-text"
    attributes = {
        "width": f"{size[0]:g}",
        "height": f"{size[1]:g}",
        "viewBox": f"{-margin:g} {-margin:g} {size[0]:g} {size[1]:g}",
        "role": "img",
        "aria-labelledby": f"{title} {text}",
        "class": f"picture {picture.name}",
        "font-family": FONTS,
    }
    root = ET.Element("svg", attributes if inline else _standing(attributes))
    ET.SubElement(root, "title", {"id": title}).text = visible(picture.title)
    ET.SubElement(root, "desc", {"id": text}).text = visible(picture.alt)
    if not inline:
        place = {"x": f"{-margin:g}", "y": f"{-margin:g}"}
        sides = {"width": f"{size[0]:g}", "height": f"{size[1]:g}"}
        ET.SubElement(root, "rect", {**place, **sides, "fill": "#ffffff"})
    return root


def _standing(attributes: Mapping[str, str]) -> dict[str, str]:
    return {"xmlns": "http://www.w3.org/2000/svg", **attributes}


def _say(source: ET.Element, sheet: Sheet) -> None:
    """Put the texts in, with letters that matplotlib's font lacks, and what they are names of."""
    for group in source.iter():
        number = str(group.get("id"))
        if number not in sheet.texts:
            continue
        for text in group:
            text.text = sheet.texts[number]
            if number in sheet.meanings:
                kind, name = sheet.meanings[number]
                text.set("data-kind", visible(kind))
                text.set("data-name", visible(name))


def _defined(source: ET.Element) -> Iterator[ET.Element]:
    """Yield what is drawn several times."""
    used = {use.get("{http://www.w3.org/1999/xlink}href") for use in source.iter()}
    yield from (node for node in source.iter() if f"#{node.get('id')}" in used)


def _rewrite(node: ET.Element, names: Mapping[str, str], *, inline: bool) -> list[ET.Element]:
    """Return a node without what a picture does not need; its children where it is nothing else."""
    tag = node.tag.rpartition("}")[2]
    if tag in SCENERY:
        return []
    children = [part for child in node for part in _rewrite(child, names, inline=inline)]
    attributes = _attributes(node, names, inline=inline)
    if tag in {"g", "defs"} and (not children or (not attributes and tag == "g")):
        return children
    if tag == "path" and "fill" in attributes and _draws_nothing(attributes):
        return []
    new = ET.Element(tag, attributes)
    new.text = node.text if tag == "text" else None
    new.extend(children)
    return [new]


def _attributes(node: ET.Element, names: Mapping[str, str], *, inline: bool) -> dict[str, str]:
    attributes: dict[str, str] = {}
    group = str(node.get("id", ""))
    if group.startswith(CLASS):
        attributes["class"] = group.removeprefix(CLASS)
    if group in names:
        attributes["id"] = names[group]
    for key, value in node.items():
        if key == "{http://www.w3.org/1999/xlink}href":
            attributes["href"] = f"#{names[value.removeprefix('#')]}"
        elif key.startswith("data-"):
            attributes[key] = value
        elif key not in LEFT_OUT and not value.startswith("rotate(-0 "):
            attributes[key] = _round(value)
    for part in filter(None, node.get("style", "").split(";")):
        key, _, value = (word.strip() for word in part.partition(":"))
        if key not in LEFT_OUT and (key, value) not in UNSAID:
            ink = inline and value == INK
            attributes[key] = "currentColor" if ink else value.removesuffix("px")
    return attributes


def _draws_nothing(attributes: Mapping[str, str]) -> bool:
    return attributes.get("fill") == "none" and "stroke" not in attributes


def _round(value: str) -> str:
    """Return an attribute with numbers as fine as can be seen, on one line."""
    short = NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), value)
    return " ".join(short.replace("-0 ", "0 ").split())
