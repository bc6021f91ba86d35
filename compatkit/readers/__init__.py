"""Readers: each turns the bytes of a file into `Records`, batch by batch.

To add one: a file with one function `read_KIND(stream, name)` whose docstring is its
documentation, and a line in `READERS`, which imports it when a file is of its kind. The logs of
evaluation harnesses, which hold one task or several, are in the folder `logs`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from compatkit.on_demand import import_each

if TYPE_CHECKING:
    from compatkit.predictions.records import Records

READERS: Mapping[str, Callable[..., Iterator["Records"]]] = import_each(
    {
        "arrow": "compatkit.readers.arrow:read_arrow",
        "csv": "compatkit.readers.csv_table:read_csv",
        "json": "compatkit.readers.json_array:read_json",
        "jsonl": "compatkit.readers.jsonl:read_jsonl",
        "parquet": "compatkit.readers.parquet:read_parquet",
        "text": "compatkit.readers.plain_text:read_text",
        "tsv": "compatkit.readers.csv_table:read_tsv",
    }
)
TABLES = frozenset({"csv", "tsv"})  # their readers take what a user said of quotes:
QUOTED, UNQUOTED = QUOTING = ("quoted", "unquoted")  # they stand around cells, or are texts'
DOCUMENT = "json"  # its reader takes where in a document the rows stand
TEXT = "text"  # its rows are answers alone, or references alone, in the order of the examples
LINES = frozenset({"jsonl"})  # each record is a line of its own, whatever the others hold
