"""Says in Markdown that the gate could not measure: stdin is why, stdout the report.

It begins with the line that the gate's own report would begin with, so that a comment of an
earlier run does not go on saying that all is well.
"""

import os
import sys
from contextlib import suppress

from compatkit.errors import CompatkitError
from compatkit.gate import find_policy, read_policy
from compatkit.reports.hostile import visible
from compatkit.reports.verdicts.markdown import mark_comment

name = ""
with suppress(CompatkitError):
    if not os.environ["OLD"] + os.environ["NEW"]:
        name = read_policy(os.environ["POLICY"] or find_policy()).name
lines = [mark_comment(name), "", "## ERROR: the update could not be measured", ""]
lines += [f"    {visible(line)}" for line in sys.stdin.read().splitlines()]
sys.stdout.write("\n".join(lines) + "\n")
