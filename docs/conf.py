"""The documentation as a site: `make site` builds it into build/site.

The source folder is the repository, so that a link between pages, to a result of a benchmark or to
a source file leads to the same place here as in a clone.
"""

import sys
from pathlib import Path

from compatkit import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "compatkit"
author = "The compatkit developers"
version = release = __version__
root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "benchmarks/README.md",
    "benchmarks/results/*.md",
    "benchmarks/results/*.svg",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
    "error_messages",
    "themed_pictures",
]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_use_ivar = True
napoleon_use_rtype = False
smartquotes = False  # two hyphens begin an option
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = "compatkit"
html_show_copyright = False
html_show_sourcelink = False
html_additional_pages = {"index": "redirect.html"}
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
