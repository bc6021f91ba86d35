"""Files behind a web server: read in ranges, refused in one sentence, without secrets."""

import gzip
import io
import json
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from prediction_files import rows_of_model
from remote_files import Shelf, serve

from compatkit import compare, extras
from compatkit.errors import ConfigError, DataError, MissingExtraError
from compatkit.readers import remote, spans
from compatkit.readers.address import Address
from compatkit.readers.prediction_file import open_predictions, open_run

fsspec = pytest.importorskip("fsspec", reason="the extra url is not installed")
aiohttp = pytest.importorskip("aiohttp", reason="the extra url is not installed")

SECRET = "s3cr3t"  # noqa: S105
SIGNED = f"?X-Amz-Signature={SECRET}&token={SECRET}"


def lines_of(rows: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


OLD, NEW = rows_of_model("old"), rows_of_model("new")
MANY = lines_of([{"id": f"q{n}", "prediction": "yes", "reference": "yes"} for n in range(3000)])


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A server with the old and the new model's predictions."""
    with serve() as running:
        running.put("old.jsonl", lines_of(OLD))
        running.put("new.jsonl", lines_of(NEW))
        yield running


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file of some kilobytes take several ranges."""
    monkeypatch.setattr(remote, "AHEAD", 10_000)
    monkeypatch.setattr(remote, "CHUNK", 5_000)


def refusal_of(shelf: Shelf, path: str = "new.jsonl", user: str = f"user:{SECRET}") -> str:
    """Return the message that a file is refused with, which names it and shows no secret."""
    with pytest.raises((DataError, ConfigError)) as caught:
        compare(OLD, shelf.url(path, user, SIGNED))
    message = str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert message.startswith(f"{shelf.url(path)}: ")
    return message.removeprefix(f"{shelf.url(path)}: ")


def test_a_comparison_is_the_same_from_a_server_as_from_memory(shelf: Shelf) -> None:
    result = compare(shelf.url("old.jsonl"), shelf.url("new.jsonl", "", SIGNED))
    same = compare(OLD, NEW)
    assert result.counts == same.counts
    assert result.to_dict()["flips"] == same.to_dict()["flips"]
    assert (result.new, result.new_name) == (shelf.url("new.jsonl"), "new.jsonl")


@pytest.mark.parametrize(
    "trait", [{}, {"ranges": False}, {"refuses_ranges": True}, {"sizes": False}], ids=str
)
@pytest.mark.usefixtures("small_ranges")
def test_bytes_are_the_same_from_every_server(shelf: Shelf, trait: dict[str, bool]) -> None:
    shelf.put("many.jsonl", MANY)
    for name, value in trait.items():
        setattr(shelf, name, value)
    with Address(shelf.url("many.jsonl")).open() as stream:
        assert stream.read(10) == MANY[:10]
        assert stream.read() == MANY[10:]
        for place in (50_000, 20_000, 40_000, 0):
            stream.seek(place)
            assert stream.tell() == place
            assert stream.read(2_000) == MANY[place : place + 2_000]
        if trait != {"sizes": False}:
            assert stream.seek(-20, io.SEEK_END) == len(MANY) - 20
            assert stream.read() == MANY[-20:]


@pytest.mark.usefixtures("small_ranges")
def test_a_file_is_asked_for_in_ranges_and_never_whole(shelf: Shelf) -> None:
    shelf.put("many.jsonl", MANY)
    compare(MANY_ROWS, shelf.url("many.jsonl"))
    ranges = [
        asked for method, path, asked in shelf.requests if method == "GET" and "many.j" in path
    ]
    sizes = [int(end) + 1 - int(start) for start, end in map(_bounds, ranges)]
    assert max(sizes) <= 10_000 + 5_000 < len(MANY) / 4


MANY_ROWS = [json.loads(line) for line in MANY.splitlines()]


def _bounds(asked: str) -> list[str]:
    return asked.removeprefix("bytes=").split("-")


def test_a_sign_in_goes_along_and_is_never_shown(shelf: Shelf) -> None:
    shelf.sign_in = f"user:{SECRET}"
    result = compare(OLD, shelf.url("new.jsonl", shelf.sign_in, SIGNED))
    assert (
        SECRET not in f"{result} {result.new} {result.new_name} {result.notes} {result.to_dict()}"
    )
    assert refusal_of(shelf, user="user:wrong").startswith("access is denied (401).")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (
            401,
            "access is denied (401). Does the address, or the environment, give the right to it?",
        ),
        (
            403,
            "access is denied (403). Does the address, or the environment, give the right to it?",
        ),
        (404, "no such file."),
        (410, "no such file."),
        (500, "the server answered 500. Run again, or ask who keeps it."),
        (503, "the server answered 503. Run again, or ask who keeps it."),
    ],
)
def test_what_a_server_answers_is_one_sentence(shelf: Shelf, status: int, message: str) -> None:
    shelf.status["/new.jsonl"] = status
    assert refusal_of(shelf) == message


@pytest.mark.parametrize("trait", [{}, {"refuses_ranges": True}, {"ranges": False}], ids=str)
def test_a_transfer_that_breaks_off_is_refused(shelf: Shelf, trait: dict[str, bool]) -> None:
    shelf.cut = 300
    for name, value in trait.items():
        setattr(shelf, name, value)
    assert refusal_of(shelf) == "the transfer broke off before the end of the file. Run again."


def test_a_server_that_is_not_there_is_refused(shelf: Shelf) -> None:
    with serve() as gone:
        pass
    assert refusal_of(gone) == "the server cannot be reached. Is the address right?"


def test_a_server_that_does_not_answer_in_time_is_refused(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = fsspec.filesystem(
        "http",
        use_listings_cache=False,
        client_kwargs={"timeout": aiohttp.ClientTimeout(total=0.2)},
    )
    monkeypatch.setattr(remote, "_file_system", lambda url: (system, url))
    shelf.hold = Event()
    assert refusal_of(shelf) == "no answer in time. Run again."
    shelf.hold.set()


def test_a_file_that_is_written_anew_between_two_reads_is_refused(shelf: Shelf) -> None:
    file = open_predictions(shelf.url("new.jsonl"))
    shelf.put("new.jsonl", lines_of(NEW).replace(b"Milan", b"Turin"))
    with pytest.raises(DataError, match=r"new\.jsonl: the file changed while it was read"):
        list(file.batches())


def test_a_file_that_is_written_anew_while_it_is_read_is_refused(shelf: Shelf) -> None:
    file = open_predictions(shelf.url("new.jsonl"))
    batches = file.batches()
    next(batches)
    shelf.put("new.jsonl", lines_of(NEW).replace(b"Milan", b"Turin"))
    with pytest.raises(DataError, match=r"new\.jsonl: the file changed while it was read"):
        list(batches)


def test_a_server_that_says_nothing_of_changes_is_noted(shelf: Shelf) -> None:
    shelf.stamped = False
    result = compare(OLD, shelf.url("new.jsonl"))
    assert any("new.jsonl: its server says neither a time" in note for note in result.notes)
    shelf.stamped = True
    assert not compare(OLD, shelf.url("new.jsonl")).notes


@pytest.mark.parametrize("pack", [gzip.compress])
def test_compressed_files_are_unpacked_on_the_way(shelf: Shelf, pack: Callable[..., bytes]) -> None:
    url = shelf.put("new.jsonl.gz", pack(lines_of(NEW)))
    assert compare(OLD, url).counts == compare(OLD, NEW).counts
    shelf.put("new.jsonl.gz", pack(lines_of(NEW))[:-9])
    assert "cut off or damaged" in refusal_of(shelf, "new.jsonl.gz")


def test_a_header_that_cannot_be_read_is_noted(shelf: Shelf) -> None:
    shelf.status["/new.meta.json"] = 403
    shelf.files["/new.meta.json"] = b""
    result = compare(shelf.url("old.jsonl"), shelf.url("new.jsonl", f"user:{SECRET}", SIGNED))
    (note,) = result.notes
    assert note.startswith(f"{shelf.url('new.meta.json')} cannot be read (access is denied (403)")
    assert SECRET not in note


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("none://x/new.jsonl", ConfigError, "none://x/new.jsonl: no file system is known for none"),
        ("zip://new.jsonl::https://u:s3cr3t@h/x.zip", ConfigError, "one address within another"),
        ("adl://x/new.jsonl", MissingExtraError, "needs the package adlfs: pip install adlfs."),
    ],
)
def test_an_address_that_nobody_reads_is_refused(
    url: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        compare(OLD, url)
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


def test_without_fsspec_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"a file at an address needs fsspec, aiohttp, not"):
        compare(OLD, f"s3://bucket/new.jsonl?{SECRET}")


def test_what_a_library_says_is_shown_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an error of no known kind its words are shown, but for what the address hides."""

    class Broken:
        def info(self, path: str) -> dict[str, object]:
            raise RuntimeError(f"GET {path} as user with {SECRET} and {SECRET}%20: oddly\nmore")

    monkeypatch.setattr(remote, "_file_system", lambda url: (Broken(), url))
    with pytest.raises(DataError) as caught:
        remote.look_at(f"https://user:{SECRET}@h/x?token={SECRET}%20")
    assert SECRET not in str(caught.value)
    assert str(caught.value).startswith("https://h/x: cannot be read: RuntimeError GET https://h/x")


def test_a_path_never_asks_for_fsspec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_file_system", None)
    path = tmp_path / "new.jsonl"
    path.write_bytes(lines_of(NEW))
    assert compare(OLD, path).counts == compare(OLD, NEW).counts


@pytest.mark.usefixtures("small_ranges")
def test_flips_are_read_again_around_their_lines_alone(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans.hash_lines, "__defaults__", (8_000,))
    old = [{**row, "prediction": "no"} if n == 2_500 else row for n, row in enumerate(MANY_ROWS)]
    shelf.put("many.jsonl", lines_of(old))
    file = open_predictions(shelf.url("many.jsonl"))
    assert len(file.spans) > 10
    shelf.requests.clear()
    (record,) = file.pick(np.array([2_500]), np.array([2_501]))
    assert record == old[2_500]
    ranges = [asked for _, _, asked in shelf.requests if asked]
    assert ranges
    for start, end in map(_bounds, ranges):
        assert int(start) > len(MANY) / 2
        assert int(end) - int(start) < 10_000


@pytest.mark.usefixtures("small_ranges")
@pytest.mark.parametrize("seed", range(5))
def test_any_lines_are_the_same_as_from_a_path(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(spans.hash_lines, "__defaults__", (500 * seed + 100,))
    data = b"\xef\xbb\xbf" + MANY.replace(b"}\n", b"}\n\n", 900).rstrip(b"\n")
    (tmp_path / "many.jsonl").write_bytes(data)
    files = [
        open_predictions(where) for where in (tmp_path / "many.jsonl", shelf.put("m.jsonl", data))
    ]
    (batch,) = [np.concatenate([batch.lines for batch in file.batches()]) for file in files[:1]]
    drawn = np.random.default_rng(seed)
    wanted = np.unique(np.concatenate([[0, 2_999], drawn.integers(0, 3_000, 40)]))
    picked = [list(file.pick(wanted, batch[wanted])) for file in files]
    assert picked[0] == picked[1] == [MANY_ROWS[number] for number in wanted]


def test_a_line_that_changed_under_the_same_stamp_is_refused(shelf: Shelf) -> None:
    shelf.stamped = False
    file = open_predictions(shelf.url("new.jsonl"))
    shelf.put("new.jsonl", lines_of(NEW).replace(b"Milan", b"Turin"))
    with pytest.raises(DataError, match=r"new\.jsonl: the file changed while it was read"):
        list(file.pick(np.array([1]), np.array([2])))


def test_a_log_that_cannot_be_read_is_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder's run would have one task fewer, without a word."""
    memory = fsspec.filesystem("memory")
    memory.pipe("/broken/one.jsonl", MANY)
    memory.pipe("/broken/two.jsonl", MANY)
    opened = remote.RemoteStream.readinto

    def fail_once(stream: remote.RemoteStream, target: object) -> int:
        monkeypatch.setattr(remote.RemoteStream, "readinto", opened)
        raise DataError("memory://broken/one.jsonl: no answer in time. Run again.")

    monkeypatch.setattr(remote.RemoteStream, "readinto", fail_once)
    with pytest.raises(DataError, match="no answer in time"):
        open_run("memory://broken")
    memory.rm("/broken", recursive=True)
