"""A runner of commands whose two streams are apart, which click before 8.2 makes when asked to."""

import inspect

from click.testing import CliRunner


def make_runner() -> CliRunner:
    """Return a runner whose results have `stdout` and `stderr`."""
    asked = "mix_stderr" in inspect.signature(CliRunner).parameters
    return CliRunner(mix_stderr=False) if asked else CliRunner()  # type: ignore[call-arg]
