"""Every reader, and that of every harness, reads the same from an address as from a path."""

import gzip
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import zstandard
from fuzz_scripts import OF_LOGS, loaded
from prediction_files import rows_of_model, write_rows
from remote_files import Shelf, serve

from compatkit import compare
from compatkit.errors import DataError
from compatkit.readers import READERS, TEXT
from compatkit.readers.address import Address
from compatkit.readers.logs import LOGS
from compatkit.readers.prediction_file import open_predictions
from compatkit.reports import REPORTS, View

fsspec = pytest.importorskip("fsspec", reason="the extra url is not installed")
pytest.importorskip("aiohttp", reason="the extra url is not installed")

ROWS = rows_of_model("new")
SERVERS: list[dict[str, bool]] = [{}, {"ranges": False}, {"refuses_ranges": True}, {"sizes": False}]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serve() as running:
        yield running


@pytest.fixture
def stored(tmp_path: Path) -> dict[str, bytes]:
    """The same rows in a file of every kind, plain, compressed and packed."""
    return write_every_kind(tmp_path)


def write_every_kind(folder: Path) -> dict[str, bytes]:
    frame = pd.DataFrame(ROWS)
    frame.to_parquet(folder / "new.parquet")
    frame.to_feather(folder / "new.arrow")
    frame.to_csv(folder / "new.csv", index=False)
    frame.to_csv(folder / "new.tsv", index=False, sep="\t")
    (folder / "new.json").write_text(json.dumps(ROWS))
    (folder / "new.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("new.csv", files["new.csv"])
    packed = {"packed.zip": (folder / "packed.zip").read_bytes()}
    packed |= {f"{name}.gz": gzip.compress(data) for name, data in files.items()}
    packed |= {f"{name}.zst": zstandard.compress(data) for name, data in files.items()}
    return files | packed


def read(where: str | Path) -> list[tuple[list[Mapping[str, Any]], list[int]]]:
    batches = open_predictions(where).batches()
    return [(list(batch.rows), list(batch.lines)) for batch in batches]


def test_every_reader_is_tried(stored: Mapping[str, bytes]) -> None:
    assert {name.partition(".")[2] for name in stored} >= set(READERS) - {TEXT}


@pytest.mark.parametrize("trait", SERVERS, ids=str)
def test_rows_and_lines_are_the_same(
    tmp_path: Path, shelf: Shelf, stored: Mapping[str, bytes], trait: Mapping[str, bool]
) -> None:
    for name, value in trait.items():
        setattr(shelf, name, value)
    memory = fsspec.filesystem("memory")
    for name, data in stored.items():
        (tmp_path / name).write_bytes(data)
        memory.pipe(f"/{tmp_path.name}/{name}", data)
        rows = read(tmp_path / name)
        assert [row for batch, _ in rows for row in batch] == ROWS, name
        url = shelf.put(name, data)
        if name == "packed.zip" and not shelf.sizes:
            with pytest.raises(DataError, match=r"packed\.zip: .*is read from its end"):
                read(url)
            continue
        assert read(url) == rows, name
        assert read(f"memory://{tmp_path.name}/{name}") == rows, name
    memory.rm(f"/{tmp_path.name}", recursive=True)


def test_plain_text_and_its_references_are_the_same(tmp_path: Path, shelf: Shelf) -> None:
    files = {"new.txt": b"a\nb\n", "gold.txt": b"a\na\n"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        shelf.put(name, data)
    paths = [str(tmp_path / name) for name in files]
    urls = [shelf.url(name) for name in files]
    told = [compare(new, gold, references=gold).counts for new, gold in (paths, urls)]
    assert told[0] == told[1]
    assert told[0].positive_flips == 1


def test_every_report_is_the_same_but_for_names(
    tmp_path: Path, shelf: Shelf, stored: Mapping[str, bytes]
) -> None:
    write_rows(tmp_path / "old.jsonl", rows_of_model("old"))
    shelf.put("old.jsonl", (tmp_path / "old.jsonl").read_bytes())
    for name, data in stored.items():
        (tmp_path / name).write_bytes(data)
        local = compare(tmp_path / "old.jsonl", tmp_path / name)
        remote = compare(shelf.url("old.jsonl"), shelf.put(name, data))
        for kind, render in REPORTS.items():
            view = View(show_flips=5)
            shown = render([remote], view).replace(shelf.address, str(tmp_path))
            assert shown == render([local], view), (name, kind)


@pytest.fixture(scope="module")
def fuzz() -> Iterator[Mapping[str, ModuleType]]:
    with loaded(OF_LOGS) as modules:
        yield modules


def test_the_logs_of_every_harness_are_the_same(
    tmp_path: Path, fuzz: Mapping[str, ModuleType]
) -> None:
    """Whole folders, with what lies beside and above the answers."""
    trial, memory = fuzz["fuzz_log_trial"], fsspec.filesystem("memory")
    fixtures = fuzz["fuzz_log_runs"].FIXTURES
    assert {fixture.kind for fixture in fixtures.values()} == set(LOGS)
    for number, (name, fixture) in enumerate(fixtures.items()):
        folder = trial.write_run(tmp_path / f"run{number}", fixture.files)
        root = f"{tmp_path.name}/run{number}"
        for path, data in fixture.files.items():
            memory.pipe(f"/{root}/{path}", data)
        rows = [
            trial.read_rows(place, dict(fixture.options) | trial.dataset_of(place))
            for place in (folder, Address(f"memory://{root}"))
        ]
        assert rows[0] == rows[1], name
    memory.rm(f"/{tmp_path.name}", recursive=True)


def test_a_log_whose_folder_cannot_be_listed_is_refused(
    shelf: Shelf, fuzz: Mapping[str, ModuleType]
) -> None:
    """Whether its file of results lies beside it nobody knows, and so not whether it is whole."""
    files = fuzz["fuzz_log_runs"].FIXTURES["lm-eval, texts"].files
    (name,) = (path for path in files if "samples_" in path)
    url = shelf.put(name, files[name])
    with pytest.raises(DataError, match="a folder that a reader has to list, and servers of http"):
        open_predictions(url)


@pytest.mark.parametrize("trait", [{}, {"refuses_ranges": True}], ids=str)
def test_a_transfer_that_breaks_off_is_one_of_every_reader(
    shelf: Shelf, stored: Mapping[str, bytes], trait: Mapping[str, bool]
) -> None:
    """What is read of the rest is no shorter file, and no other fault of it."""
    for name, value in trait.items():
        setattr(shelf, name, value)
    for name, data in stored.items():
        url = shelf.put(name, data)
        shelf.cut = None
        file = open_predictions(url)
        shelf.cut = len(data) // 2
        with pytest.raises(DataError) as caught:
            list(file.batches())
        assert str(caught.value).startswith(f"{shelf.url(name)}"), name
        assert "the transfer broke off before the end" in str(caught.value), name
