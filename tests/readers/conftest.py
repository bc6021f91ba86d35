import gzip
import json

import pytest
import zstandard

from compatkit import compare
from compatkit.errors import DataError

ROWS = [{"id": f"q{n}", "prediction": "yes", "reference": "yes"} for n in range(1, 5)]
PACKERS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


def pack_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def rows():
    """Four rows q1 to q4, all of them right."""
    return [dict(row) for row in ROWS]


@pytest.fixture
def lines(rows):
    """The rows as JSON Lines, each with its line break."""
    return pack_lines(rows).splitlines(keepends=True)


@pytest.fixture
def counts_of(tmp_path):
    """Compare the four rows with a file of these bytes and return the counts."""

    def count(data, name="new.jsonl", old=ROWS, **options):
        path = tmp_path / name
        path.write_bytes(data)
        return compare(old, path, **options).counts

    return count


@pytest.fixture
def refusal_of(tmp_path, counts_of):
    """Return the message that a file of these bytes is refused with, without its folder."""

    def refuse(data, name="new.jsonl", old=ROWS, **options):
        with pytest.raises(DataError) as caught:
            counts_of(data, name, old, **options)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return refuse
