"""Addresses behave as the paths of the same files do, and show no secrets."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from compatkit import compare, compare_folders, history
from compatkit.errors import ConfigError, DataError
from compatkit.gate import check
from compatkit.readers.address import Address, find_address, place_of, refuse_address
from compatkit.runner.examples import Data

fsspec = pytest.importorskip("fsspec", reason="the extra url is not installed")

OLD = [{"id": f"q{n}", "prediction": "yes", "reference": "yes"} for n in range(40)]
NEW = [{**row, "prediction": "no"} if n % 8 == 0 else row for n, row in enumerate(OLD)]


def lines_of(rows: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """A folder in the memory of this process, which no other test has."""
    system = fsspec.filesystem("memory")
    root = f"/{tmp_path.name}"
    system.pipe(f"{root}/old/math.jsonl", lines_of(OLD))
    system.pipe(f"{root}/new/math.jsonl", lines_of(NEW))
    system.pipe(f"{root}/new/deep/code.jsonl", lines_of(NEW))
    yield f"memory:/{root}"
    system.rm(root, recursive=True)


def test_what_names_a_path_names_an_address(bucket: str) -> None:
    address, path = Address(f"{bucket}/new/math.jsonl.gz"), PurePosixPath("/b/new/math.jsonl.gz")
    assert (address.name, address.stem, address.suffix) == (path.name, path.stem, path.suffix)
    assert address.suffixes == path.suffixes
    assert address.parent.name == "new"
    assert str(address.with_name("x.json")) == f"{bucket}/new/x.json"
    assert address.parents[-1].parent == address.parents[-1]
    assert address.relative_to(address.parents[1]) == PurePosixPath("new/math.jsonl.gz")
    assert address.absolute() is address
    assert address.resolve() is address
    assert pickle.loads(pickle.dumps(address)) == address  # noqa: S301  (our own)
    assert len({address, Address(address.url)}) == 1


def test_a_folder_is_told_from_a_file_and_from_nothing(bucket: str) -> None:
    folder, file, absent = Address(f"{bucket}/new"), Address(f"{bucket}/new/math.jsonl"), "x.jsonl"
    assert (folder.exists(), folder.is_dir(), folder.is_file()) == (True, True, False)
    assert (file.exists(), file.is_dir(), file.is_file()) == (True, False, True)
    assert not (folder / absent).exists()
    assert not (folder / absent).is_file()
    assert sorted(str(item) for item in folder.iterdir()) == [f"{folder}/deep", f"{file}"]
    assert sorted(map(str, folder.rglob("*"))) == [f"{folder}/deep/code.jsonl", f"{file}"]
    assert list(map(str, folder.glob("ma*"))) == [str(file)]
    assert file.read_bytes() == file.read_text("utf-8").encode() == lines_of(NEW)
    assert file.size() == len(lines_of(NEW))


def test_a_query_goes_along_to_what_lies_beside() -> None:
    address = Address("https://user:secret@example.org/runs/new.jsonl?token=x")
    assert address.with_name("new.meta.json").url == (
        "https://user:secret@example.org/runs/new.meta.json?token=x"
    )
    assert address.parent.url == "https://user:secret@example.org/runs?token=x"
    assert "secret" not in f"{address} {address!r} {address.parent} {address.parents}"
    assert "token" not in f"{address} {address!r} {address.parent} {address.parents}"


def test_an_address_of_this_machine_is_its_path(tmp_path: Path) -> None:
    (tmp_path / "new.jsonl").write_bytes(lines_of(NEW))
    url = f"file://{tmp_path}/new.jsonl"
    assert find_address(url) == str(tmp_path / "new.jsonl")
    assert place_of(url) == tmp_path / "new.jsonl"
    result = compare(OLD, url)
    assert (result.new, result.counts.negative_flips) == (str(tmp_path / "new.jsonl"), 5)


def test_a_folder_of_web_pages_is_refused_before_anything_is_asked() -> None:
    folder = Address("https://example.org/runs?token=x")
    assert not folder.is_dir()
    for listed in (folder.iterdir, lambda: folder.rglob("*"), lambda: folder.glob("*")):
        with pytest.raises(
            DataError, match=r"^https://example.org/runs: a folder .* http list none"
        ):
            listed()


def test_an_address_is_never_written_to(bucket: str) -> None:
    with pytest.raises(ValueError, match="never written"):
        Address(f"{bucket}/new.jsonl").open("wb")


def test_files_folders_and_versions_of_addresses_are_compared(bucket: str) -> None:
    old, new = f"{bucket}/old/math.jsonl", f"{bucket}/new/math.jsonl"
    assert compare(old, new).counts.negative_flips == 5
    (result,) = compare_folders(f"{bucket}/old", f"{bucket}/new")
    assert (result.task, result.counts.negative_flips) == ("math", 5)
    assert history([old, new, OLD]).versions[1].counts.broken == 5
    traced = history([old, new])
    assert [version.file for version in traced.versions] == [old, new]
    assert check(old, new, max_nfr=0.5).comparisons[0].new == new


def test_the_versions_of_a_folder_are_in_the_order_of_their_numbers(bucket: str) -> None:
    system = fsspec.filesystem("memory")
    for step, rows in ((1000, NEW), (900, OLD)):
        system.pipe(f"{bucket}/steps/step-{step}.jsonl", lines_of(rows))
    traced = history(f"{bucket}/steps")
    assert traced.names == ["step-900.jsonl", "step-1000.jsonl"]


def test_references_lie_elsewhere(bucket: str) -> None:
    system = fsspec.filesystem("memory")
    gold = [{"id": row["id"], "reference": row["reference"]} for row in OLD]
    system.pipe(f"{bucket}/gold.jsonl", lines_of(gold))
    answers = [{"id": row["id"], "prediction": row["prediction"]} for row in NEW]
    told = compare(answers, answers, references=f"{bucket}/gold.jsonl")
    assert told.counts.both_wrong == 5
    assert any(f"{bucket}/gold.jsonl" in note for note in told.notes)


def test_one_address_on_both_sides_is_refused_by_a_gate(bucket: str) -> None:
    new = f"{bucket}/new/math.jsonl"
    with pytest.raises(ConfigError, match="compared with itself"):
        check(new, new, max_nfr=0.5)


def test_an_absent_file_is_named(bucket: str) -> None:
    with pytest.raises(DataError, match=rf"^{bucket}/none.jsonl: no such file\.$"):
        compare(OLD, f"{bucket}/none.jsonl")
    with pytest.raises(DataError, match=rf"new is {bucket}/a\*.jsonl, .* Wildcards of an address"):
        check(f"{bucket}/old/math.jsonl", f"{bucket}/a*.jsonl", max_nfr=0.5)


def test_what_is_kept_with_a_model_is_no_address() -> None:
    """Headers and cards of models name the file that they were made of, as it was named."""
    url = "https://user:secret@example.org/data.jsonl?token=secret"
    for opened in (refuse_address, lambda path: Data(path=path)):
        with pytest.raises(
            ConfigError, match=r"^https://example.org/data.jsonl: is an address; a "
        ):
            opened(url)
    Data(path="data.jsonl")


def test_examples_of_a_training_lie_at_no_address() -> None:
    data = pytest.importorskip("compatkit.muscle.data", reason="the extra muscle is not installed")
    with pytest.raises(ConfigError, match=r"^s3://b/x.jsonl: is an address; a path"):
        data.open_examples("s3://b/x.jsonl")
