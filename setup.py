"""The compiled kernel, which an installation does without where there is no C compiler.

All else about the package is in pyproject.toml.
"""

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
setup(
    ext_modules=[kernel],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if STABLE else {},
)
