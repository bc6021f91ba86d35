"""Signs: what the files of a harness have, which tells them before its reader is loaded."""

import re

from msgspec import Struct

from compatkit.readers.address import Place
from compatkit.readers.logs.log import find_beside, plain_name

LINES = (".jsonl",)
ONE_VALUE = (".json",)
DATE = r"\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?"
# Names that say task and date, which the readers take from them.
LIGHTEVAL_NAME = rf"^details_(.+)_({DATE})\.parquet$"
LM_EVAL_NAME = rf"samples_(.+)_({DATE})\.jsonl?$"
LMMS_EVAL_NAME = r"^(\d{8}_\d{6})_samples_(.+)\.jsonl$"


class FileSign(Struct, frozen=True):
    """What a harness's files have, all of it.

    Attributes:
        suffixes: one of these ends the name, but for the ending of a compression.
        name: a pattern that is found in the name.
        begins: a pattern that the first bytes match; a byte order mark is no part of them.
        holds: bytes of the first record: the keys of its fields.
        beside: the name of a file in the same folder.
    """

    suffixes: tuple[str, ...]
    name: str = ""
    begins: bytes = b""
    holds: tuple[bytes, ...] = ()
    beside: str = ""

    def fits(self, path: Place, beginning: bytes) -> bool:
        """Tell whether a file is such a one.

        Args:
            path: the file.
            beginning: its first bytes, as `read_beginning` returns them.
        """
        name = plain_name(path)
        record = beginning.lstrip().partition(b"\n")[0] if name.endswith(LINES) else beginning
        return (
            name.endswith(self.suffixes)
            and re.search(self.name, name) is not None
            and re.match(self.begins, beginning, re.DOTALL) is not None
            and all(key in record for key in self.holds)
            and (not self.beside or find_beside(path, self.beside) is not None)
        )
