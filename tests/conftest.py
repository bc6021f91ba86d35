"""Settings for all tests."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from compatkit.kernel import SWITCH, load_kernel

# In CI the same examples every time: a rare find is for a developer's machine, not for a merge.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("dev", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

# A gate that a test runs would write into the summary of the run that tests it.
os.environ.pop("GITHUB_STEP_SUMMARY", None)
# How wide and colourful a report is, is a test's to say. readline, which pytest loads, sets COLUMNS
# for the processes that tests start, where Python itself does not see it.
os.unsetenv("COLUMNS")
for name in ("COLUMNS", "FORCE_COLOR"):
    os.environ.pop(name, None)


@pytest.fixture(scope="module", params=["kernel", "python"])
def counted_by(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let ROUGE, BLEU, chrF and TER be counted by the compiled kernel, and once more without it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SWITCH, "0" if request.param == "kernel" else "1")
        load_kernel.cache_clear()
        if request.param == "kernel" and load_kernel() is None:
            pytest.skip("the compiled kernel is not built: `make kernel` takes a C compiler")
        yield request.param
    load_kernel.cache_clear()
