"""What the site makes of `<picture>`: the picture of the site's theme, and on a phone a narrow one.

A page has `<picture>` for who reads it in a clone, where the reader's system says which theme it
is. Sphinx does not know of such a picture, nor copies it: each is rewritten as directives `image`,
one a theme. Beside NAME-1280-light.png lies NAME-390-light.png, the same page as a phone has it.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

PICTURE = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="(?P<dark>[^"]+)">\s*'
    r'<img alt="(?P<alt>[^"]+)"\s+src="(?P<light>[^"]+)"(?: width="(?P<width>\d+)")?>\s*</picture>'
)


def rewrite(app: "Sphinx", page: str, source: list[str]) -> None:
    """Rewrite the pictures of a page.

    Raises:
        ValueError: A picture is written in another way, and would be missing.
    """
    folder = Path(app.env.doc2path(page)).parent
    source[0] = PICTURE.sub(lambda picture: "\n".join(_images(folder, picture)), source[0])
    if "<picture>" in source[0]:
        raise ValueError(f"{page}: a <picture> that is not written as docs/reports.md has them")


def _images(folder: Path, picture: re.Match[str]) -> list[str]:
    """Return a directive for each theme, and for each width where there are two."""
    images = []
    for theme in ("light", "dark"):
        path = picture[theme]
        narrow = path.replace("-1280-", "-390-")
        if narrow != path and (folder / narrow).exists():
            images += [
                _image(path, picture, f"only-{theme} wide"),
                _image(narrow, picture, f"only-{theme} narrow"),
            ]
        else:
            images.append(_image(path, picture, f"only-{theme}"))
    return images


def _image(path: str, picture: re.Match[str], classes: str) -> str:
    alt = " ".join(picture["alt"].split())
    width = f":width: {picture['width']}px\n" if picture["width"] else ""
    return f"```{{image}} {path}\n:alt: {alt}\n:class: {classes}\n:loading: lazy\n{width}```\n"


def setup(app: "Sphinx") -> dict[str, Any]:
    """Register the rewriting."""
    app.connect("source-read", rewrite)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
