"""Says in Markdown that the gate could not measure: stdin is why, stdout the report."""

import os
import sys
from contextlib import suppress

from compatkit.errors import CompatkitError
from compatkit.gate import find_policy, read_policy
from compatkit.reports.verdicts.markdown import render_error

name = ""
with suppress(CompatkitError):
    if not os.environ["OLD"] + os.environ["NEW"]:
        name = read_policy(os.environ["POLICY"] or find_policy()).name
sys.stdout.write(render_error(sys.stdin.read(), name))
