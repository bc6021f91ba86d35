"""What is compressed, and what may be read from its end; cut and odd files: test_source.py."""

import gzip
import io

import pytest
import zstandard

from compatkit.readers.compression import decompress, is_compressed, is_packed, knows_end

DATA = b'{"id": 1}\n' * 1000
PACKERS = [gzip.compress, zstandard.compress]


@pytest.mark.parametrize("pack", PACKERS)
def test_a_stream_goes_back_and_forth_in_what_it_holds(pack) -> None:
    packed = pack(DATA)
    assert is_packed(packed[:4])
    stream = decompress(io.BytesIO(packed))
    assert is_compressed(stream)
    assert stream.read(7_000) == DATA[:7_000]
    stream.seek(30)
    assert stream.read() == DATA[30:]


def test_what_is_plain_stays_as_it_is() -> None:
    plain = io.BytesIO(DATA)
    assert decompress(plain) is plain
    assert not is_packed(DATA[:4])
    assert not is_compressed(io.BufferedReader(plain))


def test_a_stream_whose_end_is_known_goes_back_to_its_beginning() -> None:
    plain = io.BytesIO(DATA)
    assert knows_end(plain)
    assert plain.tell() == 0
    assert not knows_end(decompress(io.BytesIO(zstandard.compress(DATA))))
