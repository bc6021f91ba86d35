"""Where the golden files are, and how a text is held against one."""

from collections.abc import Callable
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"

Check = Callable[[str, str], None]
