import gzip
import hashlib
import os
import subprocess
import sys
import threading

import pytest
import zstandard

from compatkit import compare
from compatkit.errors import ConfigError, DataError
from compatkit.readers.prediction_file import open_predictions
from compatkit.readers.source import FILES, Source, kind_of_bytes, open_path

PACKERS = [gzip.compress, zstandard.compress]
SKIPPABLE = b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc"


def refusal_of(path, **options):
    with pytest.raises(DataError) as caught:
        compare(path, path, **options)
    return str(caught.value)


def score(*arguments, **options):
    command = [sys.executable, "-W", "error", "-m", "compatkit", "score", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, **options)


@pytest.mark.parametrize("pack", PACKERS)
def test_a_compressed_file_that_is_cut_is_refused_wherever(lines, refusal_of, pack):
    data = pack(b"".join(lines))
    for end in range(1, len(data)):
        message = refusal_of(data[:end], "new.jsonl.gz")
        assert message.startswith("new.jsonl.gz"), end
        assert "Write the file again" in message or "not UTF-8" in message
        if end > 4:
            assert "the compressed data is cut off or damaged" in message


@pytest.mark.parametrize("pack", PACKERS)
def test_a_long_compressed_file_that_is_cut_is_refused_whatever_was_read(tmp_path, pack):
    """Whole lines that come out before the cut do not count as the file."""
    rows = b"".join(
        b'{"id": "%d", "prediction": "x", "reference": "x"}\n' % n for n in range(50_000)
    )
    data = pack(rows)
    path = tmp_path / "new.jsonl.gz"
    for end in (len(data) // 2, len(data) - 1):
        path.write_bytes(data[:end])
        assert "the compressed data is cut off or damaged" in refusal_of(path)


@pytest.mark.parametrize("pack", PACKERS)
def test_several_frames_are_one_file(lines, counts_of, refusal_of, pack):
    frames = [pack(line) for line in lines]
    assert counts_of(b"".join(frames)).both_right == 4
    assert "lacks 1 of 4 ids: 'q4'" in refusal_of(b"".join(frames[:3]))
    for end in range(1, len(frames[3])):
        assert "cut off or damaged" in refusal_of(b"".join(frames[:3]) + frames[3][:end])


@pytest.mark.parametrize("pack", PACKERS)
def test_what_follows_compressed_data_is_refused(lines, refusal_of, pack):
    message = refusal_of(pack(b"".join(lines)) + b"garbage", "new.jsonl.zst")
    assert "the compressed data is cut off or damaged" in message


@pytest.mark.parametrize("pack", PACKERS)
def test_a_turned_byte_is_refused_or_changes_nothing(lines, counts_of, pack):
    data = pack(b"".join(lines))
    for place in range(len(data)):
        spoilt = bytearray(data)
        spoilt[place] ^= 0x41
        message = "new.jsonl"
        try:
            total = counts_of(bytes(spoilt)).total
        except DataError as error:
            total, message = 4, str(error)
        assert total == 4
        assert "new.jsonl" in message


def test_frames_that_zstd_passes_over_are_passed_over(lines, counts_of):
    data = zstandard.compress(b"".join(lines))
    for whole in (SKIPPABLE + data, data + SKIPPABLE):
        assert counts_of(whole, "new.jsonl.zst").both_right == 4


@pytest.mark.parametrize("pack", PACKERS)
def test_nothing_that_was_compressed_is_refused(refusal_of, pack):
    assert "the file holds no rows" in refusal_of(pack(b""))


def test_the_digest_is_that_of_the_stored_bytes(tmp_path, lines):
    path = tmp_path / "new.jsonl.gz"
    path.write_bytes(gzip.compress(b"".join(lines)))
    assert open_predictions(path).digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_folder_is_refused(tmp_path):
    assert refusal_of(tmp_path).startswith(f"{tmp_path}: is a folder;")


def test_a_missing_file_is_refused(tmp_path):
    assert refusal_of(tmp_path / "absent.jsonl") == f"{tmp_path}/absent.jsonl: no such file."


def test_a_loop_of_links_is_refused(tmp_path):
    loop = tmp_path / "loop.jsonl"
    loop.symlink_to(loop)
    assert str(loop) in refusal_of(loop)


@pytest.mark.parametrize("name", ["x" * 300, "x\0y", "new.jsonl/x"])
def test_a_path_that_cannot_be_is_refused(tmp_path, name):
    (tmp_path / "new.jsonl").write_bytes(b"")
    assert refusal_of(tmp_path / name).startswith(f"{tmp_path}/{name}: ")


def test_a_file_without_permission_is_refused(tmp_path, lines):
    path = tmp_path / "new.jsonl"
    path.write_bytes(b"".join(lines))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert refusal_of(path) == f"{path}: cannot be read: Permission denied."


@pytest.mark.parametrize("denied", ["open", "stat"])
def test_what_the_system_denies_is_refused(tmp_path, lines, monkeypatch, denied):
    path = tmp_path / "new.jsonl"
    path.write_bytes(b"".join(lines))

    def deny(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(f"pathlib.Path.{denied}", deny)
    assert refusal_of(path) == f"{path}: cannot be read: Permission denied."


def test_a_file_that_grows_while_it_is_scored_is_refused(tmp_path, lines):
    path = tmp_path / "new.jsonl"
    path.write_bytes(b"".join(lines))
    file = open_predictions(path)
    batches = file.batches()
    next(batches)
    with path.open("ab") as more:
        more.write(lines[0])
    with pytest.raises(DataError, match=r"new\.jsonl: the file changed while it was read"):
        list(batches)


def test_a_named_pipe_is_read_once(tmp_path, lines):
    pipe, plain = tmp_path / "pipe", tmp_path / "old.jsonl"
    os.mkfifo(pipe)
    plain.write_bytes(b"".join(lines))
    writer = threading.Thread(target=pipe.write_bytes, args=(b"".join(lines[:3]),))
    writer.start()
    result = compare(plain, pipe, missing="wrong")
    writer.join()
    assert (result.counts.both_right, result.counts.negative_flips) == (3, 1)
    assert result.examples[0].id == "q4"


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
@pytest.mark.parametrize("pack", [bytes, *PACKERS])
def test_standard_input_is_a_file(tmp_path, lines, name, pack):
    plain = tmp_path / "old.jsonl"
    plain.write_bytes(b"".join(lines))
    data = pack(b"".join(lines).replace(b'"prediction": "yes"', b'"prediction": "no"', 1))
    done = score(plain, name, "--json", input=data)
    assert done.stderr == b""
    assert done.returncode == 0
    assert b'"negative_flips": 1' in done.stdout


def test_a_fault_in_standard_input_is_named(tmp_path, lines):
    plain = tmp_path / "old.jsonl"
    plain.write_bytes(b"".join(lines))
    done = score("-", plain, input=b"".join(lines[:2]) + b"{oops\n")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"compatkit: <stdin>:3: not JSON: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "-"], b"compatkit: - can stand for one file only"),
        (["-", "old.csv"], b"compatkit: <stdin>: its kind is empty."),
    ],
)
def test_standard_input_is_read_once_and_holds_something(tmp_path, arguments, message):
    (tmp_path / "old.csv").write_bytes(b"id,prediction,reference\n1,x,x\n")
    done = score(*arguments, input=b"", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(message)


def test_a_terminal_or_no_standard_input_is_refused(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(ConfigError, match="nothing is piped into it"):
        open_path("-")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PAR1", "parquet"),
        (b"[", "json"),
        (b"\n {", "jsonl"),
        (b"\xef\xbb\xbf[", "json"),
    ],
)
def test_the_first_bytes_tell_the_kind(tmp_path, head, kind):
    (tmp_path / "new").write_bytes(head)
    assert open_path(tmp_path / "new").kind() == kind
    assert Source("new", data=head).kind() == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"PK\x03\x04", "a zip archive"),
        (b"%PDF-1.7", "a PDF"),
        (b"BZh9", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"id,prediction", "unknown, it begins with b'id,predictio'"),
    ],
)
def test_unknown_kinds_are_refused_by_name(head, kind):
    with pytest.raises(DataError) as caught:
        kind_of_bytes(head, "new.dat")
    assert str(caught.value).startswith(f"new.dat: its kind is {kind}. {FILES} was expected")
    assert "--reader NAME" in str(caught.value)


def test_the_reader_may_be_named(counts_of, refusal_of):
    table = b"id,prediction,reference\n" + b"".join(b"q%d,yes,yes\n" % n for n in range(1, 5))
    assert counts_of(table, "new.dat", reader="csv").both_right == 4
    assert refusal_of(table, "new.dat").startswith("new.dat: its kind is unknown")


def test_an_unknown_reader_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="reader is 'xml'; one of arrow, csv, deepeval"):
        compare(tmp_path, tmp_path, reader="xml")


def test_a_file_that_changes_and_keeps_its_time_and_size_is_refused(tmp_path, lines):
    path = tmp_path / "new.jsonl"
    path.write_bytes(b"".join(lines))
    before = path.stat()
    file = open_predictions(path)
    path.write_bytes(b"".join(lines).replace(b"1", b"2"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    with pytest.raises(DataError, match=r"new\.jsonl: the file changed while it was read"):
        list(file.batches())
