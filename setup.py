"""The compiled kernel, which an installation does without where there is no C compiler.

And the addresses, and the README as an index page shows it. All else about the package is in
pyproject.toml.
"""

import re
import runpy
import sysconfig
from pathlib import Path

from setuptools import Extension, setup

KERNEL = Path("compatkit/kernel")
# One binary for Python 3.11 and later; a free-threaded Python has no stable interface yet.
STABLE = not sysconfig.get_config_var("Py_GIL_DISABLED")
COMPILED_BY_MSVC = sysconfig.get_platform().startswith("win")

kernel = Extension(
    "compatkit.kernel._kernel",
    sources=sorted(map(str, KERNEL.glob("*.c"))),
    depends=sorted(map(str, KERNEL.glob("*.h"))),
    define_macros=[("Py_LIMITED_API", "0x030B0000")] if STABLE else [],
    # Counts are whole numbers, so no option that touches floating point can change a score; this
    # one keeps it so of what TER rounds down.
    extra_compile_args=["/std:c11"]
    if COMPILED_BY_MSVC
    else ["-std=c11", "-O2", "-ffp-contract=off"],
    py_limited_api=STABLE,
    optional=True,
)

published = runpy.run_path("compatkit/addresses.py")
release = runpy.run_path("compatkit/version.py")["__version__"]


def find_address(link: re.Match[str]) -> str:
    """Return a link to a file of a clone as one that leads there from anywhere."""
    path, anchor = link["path"], link["anchor"] or ""
    if path.startswith("docs/") and path.endswith(".md"):
        address = published["page"](path.removeprefix("docs/").removesuffix(".md"))
    else:
        kind = "raw" if path.endswith(".png") else "blob"
        address = f"{published['REPOSITORY']}/{kind}/v{release}/{path}"
    return f"]({address}{anchor})"


readme = Path("README.md").read_text(encoding="utf-8")
setup(
    long_description=re.sub(r"\]\((?P<path>[^):#]+)(?P<anchor>#[^)]*)?\)", find_address, readme),
    long_description_content_type="text/markdown",
    project_urls={
        "Documentation": f"{published['DOCUMENTATION']}/",
        "Source": published["REPOSITORY"],
        "Issues": f"{published['REPOSITORY']}/issues",
        "Changes": f"{published['REPOSITORY']}/blob/main/CHANGELOG.md",
    },
    ext_modules=[kernel],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if STABLE else {},
)
