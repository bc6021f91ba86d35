"""Settings for all tests."""

import os

from hypothesis import settings

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
