"""Readers: each turns the bytes of a file into `Records`, batch by batch.

To add one: a file with one function `read_KIND(stream, name)` whose docstring is its
documentation, and a line in `READERS`. The logs of evaluation harnesses, which hold one task
or several, are in the folder `logs`.
"""

from collections.abc import Callable, Iterator

from compatkit.predictions.records import Records
from compatkit.readers.csv_table import read_csv, read_tsv
from compatkit.readers.json_array import read_json
from compatkit.readers.jsonl import read_jsonl
from compatkit.readers.parquet import read_parquet
from compatkit.readers.plain_text import read_text

READERS: dict[str, Callable[..., Iterator[Records]]] = {
    "csv": read_csv,
    "json": read_json,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "text": read_text,
    "tsv": read_tsv,
}
TABLES = frozenset({"csv", "tsv"})  # their readers take what a user said of quotes
DOCUMENT = "json"  # its reader takes where in a document the rows stand
TEXT = "text"  # its rows are answers alone, or references alone, in the order of the examples
LINES = frozenset({"jsonl"})  # each record is a line of its own, whatever the others hold
