"""The same reports with a Dask cluster on loopback as without one, and the same refusals."""

import gzip
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mixed_rows import make_rows
from remote_files import Shelf, serve

import compatkit
from compatkit.comparison.options import make_options
from compatkit.comparison.tasks import compare_paths
from compatkit.errors import CompatkitError, ConfigError, DataError
from compatkit.gate import check
from compatkit.pairing import cluster
from compatkit.readers import spans
from compatkit.record import replace
from compatkit.reports import REPORTS, View

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A cluster of two processes, in which one worker may die of a task."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as local,
        distributed.Client(local, set_as_default=False) as connected,
    ):
        yield connected


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file of a few hundred bytes have several parts."""
    monkeypatch.setattr(cluster, "SMALLEST", 300)


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    return (
        write(tmp_path / "old.jsonl", make_rows("old")),
        write(tmp_path / "new.jsonl", make_rows("new")),
    )


def report(paths: tuple[str, ...], client: Any, **options: Any) -> str:
    """Everything that a comparison says, to the last digit."""
    made = make_options(client=client, keep_changed=True, **options)
    results = compare_paths(paths[0], paths[1:], made)
    return REPORTS["json"](results, View()) + REPORTS["html"](results, View())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scorer": "rougeL", "threshold": 0.3, "sweep": True, "by": "lang"},
        {"scorer": "exact_match", "normalize": "squad", "cluster": "group", "by": ["lang"]},
        {"by_position": True},
        {"where": "lang=de"},
        {"find_slices": True},
    ],
    ids=str,
)
def test_a_report_is_the_same_to_the_last_byte(
    pair: tuple[str, str], client: Any, options: dict[str, Any]
) -> None:
    assert report(pair, client, **options) == report(pair, None, **options)


def test_an_address_is_no_client(pair: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"client is 'tcp://x'; a distributed\.Client"):
        compatkit.compare(*pair, client="tcp://x")


def test_parts_are_several(pair: tuple[str, str], client: Any) -> None:
    shares: list[tuple[str, float]] = []
    compatkit.compare(*pair, client=client, progress=lambda *share: shares.append(share))
    assert [share for name, share in shares if name == pair[0]][-1] == 1.0
    assert len(shares) > 8


def test_files_of_other_kinds_and_several_candidates(
    pair: tuple[str, str], tmp_path: Path, client: Any
) -> None:
    packed = tmp_path / "third.jsonl.gz"
    packed.write_bytes(gzip.compress(Path(pair[1]).read_bytes().replace(b"fish", b"dog")))
    array = tmp_path / "fourth.json"
    array.write_text(json.dumps(make_rows("old")))
    paths = (*pair, str(packed), str(array))
    assert report(paths, client, scorer="bleu") == report(paths, None, scorer="bleu")


def test_folders_and_samples(tmp_path: Path, client: Any) -> None:
    for side in ("old", "new"):
        for task in ("a", "b", "c"):
            rows = make_rows(side)
            for row in rows:
                row["prediction"] = [row["prediction"], task]
            write(tmp_path / side / f"{task}.jsonl", rows)
    paths = (str(tmp_path / "old"), str(tmp_path / "new"))
    options = {"lists": "samples", "by": "lang"}
    assert report(paths, client, **options) == report(paths, None, **options)


@pytest.fixture
def shelf(pair: tuple[str, str]) -> Iterator[Shelf]:
    """A server of this machine that asks for a user, with both files, plain and compressed."""
    pytest.importorskip("fsspec", reason="the extra url is not installed")
    pytest.importorskip("aiohttp", reason="the extra url is not installed")
    with serve() as running:
        running.sign_in = "user:s3cr3t"
        for path in map(Path, pair):
            running.put(path.name, path.read_bytes())
            running.put(f"{path.name}.gz", gzip.compress(path.read_bytes()))
        yield running


@pytest.fixture
def small_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file at an address have parts of a few hundred bytes."""
    monkeypatch.setattr(spans.hash_lines, "__defaults__", (300,))


@pytest.mark.usefixtures("small_spans")
@pytest.mark.parametrize("names", [("old.jsonl", "new.jsonl"), ("old.jsonl.gz", "new.jsonl")])
def test_files_at_addresses_are_read_by_the_workers(
    shelf: Shelf, client: Any, names: tuple[str, str]
) -> None:
    urls = tuple(shelf.url(name, "user:s3cr3t", "?token=s3cr3t") for name in names)
    here = report(urls, None, scorer="rougeL", threshold=0.3, by="lang")
    shelf.requests.clear()
    there = report(urls, client, scorer="rougeL", threshold=0.3, by="lang")
    assert there == here
    assert "s3cr3t" not in there
    starts = {
        asked for _, path, asked in shelf.requests if path.startswith("/new.jsonl?") and asked
    }
    assert len(starts) > 8  # parts, whose bytes the workers asked for


@pytest.mark.usefixtures("small_spans")
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"id": "q0", "prediction": "a"', r"new\.jsonl:61: "),
        (b'{"id": "q3", "prediction": "a", "reference": "a"}\n', r"new\.jsonl:61: the id 'q3'"),
        (b"[1]\n", r"new\.jsonl:61: a JSON list"),
    ],
)
def test_refusals_of_files_at_addresses_are_the_same(
    pair: tuple[str, str], shelf: Shelf, client: Any, data: bytes, message: str
) -> None:
    shelf.put("new.jsonl", Path(pair[1]).read_bytes() + data)
    urls = [shelf.url(name, "user:s3cr3t") for name in ("old.jsonl", "new.jsonl")]
    raised = []
    for where in (None, client):
        with pytest.raises(DataError, match=message) as caught:
            compatkit.compare(*urls, client=where)
        raised.append(str(caught.value))
    assert raised[0] == raised[1]


@pytest.mark.usefixtures("small_spans")
def test_a_file_at_an_address_that_changes_on_the_way_is_refused(
    shelf: Shelf, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    join = cluster.join_spans
    files: list[Any] = []

    def change_after(parts: Any, size: int) -> Any:
        files.append(parts)
        if len(files) == len(urls):
            shelf.put("new.jsonl", shelf.files["/new.jsonl"].replace(b"dog", b"cat"))
        return join(parts, size)

    monkeypatch.setattr(cluster, "join_spans", change_after)
    urls = [shelf.url(name, "user:s3cr3t") for name in ("old.jsonl", "new.jsonl")]
    with pytest.raises(
        DataError, match="holds other bytes where it is scored, or changed"
    ) as caught:
        compatkit.compare(*urls, client=client)
    assert "s3cr3t" not in str(caught.value)


def test_rows_in_memory_and_references_are_scored_here(
    pair: tuple[str, str], tmp_path: Path, client: Any
) -> None:
    rows = make_rows("old")
    here = compatkit.compare(rows, pair[1])
    there = compatkit.compare(rows, pair[1], client=client)
    assert (here.counts, here.signature) == (there.counts, there.signature)
    why = "scored here, and not on the cluster: its rows are in no file that a worker could read"
    assert [note for note in there.notes if why in note]
    assert not [note for note in here.notes if why in note]
    references = write(
        tmp_path / "ref.jsonl", [{"id": row["id"], "reference": "dog"} for row in rows]
    )
    options = {
        "references": references,
        "old_fields": {"references": "none"},
        "new_fields": {"references": "none"},
    }
    here = compatkit.compare(*pair, **options)
    there = compatkit.compare(*pair, client=client, **options)
    told = {
        f"{name}: scored here, and not on the cluster: its references are in another file"
        for name in pair
    }
    assert set(there.notes) - set(here.notes) == told
    assert replace(there, noted=()).to_dict() == replace(here, noted=()).to_dict()


def test_a_history_says_which_versions_are_scored_here(pair: tuple[str, str], client: Any) -> None:
    versions = {"first": pair[0], "second": pair[1], "third": make_rows("new")}
    here, there = (compatkit.history(versions, client=c) for c in (None, client))
    why = "scored here, and not on the cluster: its rows are in no file that a worker could read"
    (note,) = set(there.notes) - set(here.notes)
    assert note.endswith(why)
    assert "here" in [note.kind for note in there.noted]
    assert replace(there, noted=()).to_dict() == replace(here, noted=()).to_dict()


def test_choices_are_known_wherever_their_texts_were_read(tmp_path: Path, client: Any) -> None:
    paths = []
    for side, shift in (("old", 0.0), ("new", 0.4)):
        rows = [
            {
                "id": n,
                "prediction": "yes",
                "reference": "yes",
                # In another order, so that texts tell which is which.
                "choices": ["yes", "no"] if side == "old" else ["no", "yes"],
                "log_likelihoods": [-0.5 - shift, -1.0] if side == "old" else [-1.0, -0.5 - shift],
            }
            for n in range(60)
        ]
        paths.append(write(tmp_path / f"{side}.jsonl", rows))
    here = compatkit.compare(*paths)
    rows_here = [json.loads(line) for line in Path(paths[0]).read_text().splitlines()]
    for old in (paths[0], rows_here):
        there = compatkit.compare(old, paths[1], client=client)
        assert there.metrics["kl_divergence"] == here.metrics["kl_divergence"]
        assert there.metrics["kl_divergence"].value > 0


def test_a_scorer_of_ones_own_is_sent(pair: tuple[str, str], client: Any) -> None:
    def length(predictions: list[str | None], references: list[Any]) -> list[float]:
        return [len(text or "") / 20 for text in predictions]

    here, there = (
        compatkit.compare(*pair, scorer=length, threshold=0.3, client=where)
        for where in (None, client)
    )
    assert here.counts == there.counts


def test_a_gate_decides_the_same(pair: tuple[str, str], client: Any) -> None:
    options: dict[str, Any] = {"max_nfr": 0.2, "must_not_flip_tags": {"lang": ["de"]}}
    options |= {"scorer": "rougeL", "threshold": 0.3, "max_left_out": 0.9}
    here = check(*pair, **options)
    there = check(*pair, **options, client=client)
    assert (here.outcome, here.decisions, here.guarded) == (
        there.outcome,
        there.decisions,
        there.guarded,
    )
    assert here.outcome == "fail"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [*lines[:50], lines[50][:-4], *lines[51:]], r"new\.jsonl:51: "),
        (lambda lines: [*lines[:58], lines[3], *lines[59:]], r"new\.jsonl:59: the id 'q3'"),
        (lambda lines: lines[:-1], "lacks 1 of 60 ids: 'q59'"),
        (lambda lines: [*lines[:-1], lines[-1].replace("dog", "cat")], r"new\.jsonl:60: the re"),
        (lambda lines: [*lines[:-1], "[1]"], r"new\.jsonl:60: a JSON list"),
    ],
    ids=["cut", "twice", "missing", "edited", "list"],
)
def test_refusals_are_the_same(tmp_path: Path, client: Any, change: Any, message: str) -> None:
    rows = make_rows("new")
    for row in rows:
        row["prediction"], row["reference"] = "a dog", "a dog"
        del row["input"]
    old = write(tmp_path / "old.jsonl", rows)
    new = tmp_path / "new.jsonl"
    new.write_text("\n".join(change([json.dumps(row) for row in rows])) + "\n")
    raised = []
    for where in (None, client):
        with pytest.raises(DataError, match=message) as caught:
            compatkit.compare(old, new, client=where)
        raised.append(str(caught.value))
    assert raised[0] == raised[1]


def test_a_field_that_begins_late_is_refused_in_its_part(tmp_path: Path, client: Any) -> None:
    rows = [{"id": n, "prediction": "a", "reference": "a"} for n in range(1200)]
    old = write(tmp_path / "old.jsonl", rows)
    new = write(tmp_path / "new.jsonl", [*rows[:-1], {**rows[-1], "input": "x"}])
    with pytest.raises(DataError, match=r"new\.jsonl:1200: the field 'input' begins here"):
        compatkit.compare(old, new, client=client)


def test_blank_parts_and_empty_files(tmp_path: Path, client: Any) -> None:
    old = write(tmp_path / "old.jsonl", make_rows("old"))
    new = tmp_path / "new.jsonl"
    new.write_text(Path(write(new, make_rows("new"))).read_text() + "\n" * 2000)
    here, there = (compatkit.compare(old, new, client=where) for where in (None, client))
    assert here.counts == there.counts
    new.write_text("\n" * 2000)
    with pytest.raises(DataError, match="holds no rows"):
        compatkit.compare(old, new, client=client)


def test_a_worker_that_dies_changes_nothing(pair: tuple[str, str], client: Any) -> None:
    expected = report(pair, None)
    killed = []

    def kill_one(name: str, share: float) -> None:
        if not killed:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    made = make_options(client=client, keep_changed=True, progress=kill_one)
    results = compare_paths(pair[0], pair[1:], made)
    assert REPORTS["json"](results, View()) + REPORTS["html"](results, View()) == expected
    assert killed


def test_a_worker_of_another_version_is_refused(
    pair: tuple[str, str], client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "__version__", "9.9")
    with pytest.raises(CompatkitError, match=r"has compatkit .*, and 9\.9 runs here"):
        compatkit.compare(*pair, client=client)


def test_a_file_that_changes_on_the_way_is_refused(
    pair: tuple[str, str], client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = cluster.find_spans

    def change_after(source: Any, size: int) -> Any:
        parts = find(source, size)
        text = source.path.read_text()
        source.path.write_text(text.replace("fish", "fowl"))
        return parts

    monkeypatch.setattr(cluster, "find_spans", change_after)
    with pytest.raises(DataError, match=r"holds other bytes|the file changed"):
        compatkit.compare(*pair, client=client)


def test_a_file_that_ends_its_workers_is_named(pair: tuple[str, str], client: Any) -> None:
    def deadly(predictions: list[str | None], references: list[Any]) -> list[float]:
        os._exit(1)

    with pytest.raises(CompatkitError, match=r"old\.jsonl: the cluster did not score it: KilledW"):
        compatkit.compare(*pair, scorer=deadly, client=client)


def test_a_cluster_without_workers_is_not_waited_for(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PAUSE", 0.1)
    monkeypatch.setattr(cluster, "PATIENCE", 0.2)
    with (
        distributed.LocalCluster(
            n_workers=0,
            processes=False,
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as local,
        distributed.Client(local, set_as_default=False) as connected,
        pytest.raises(CompatkitError, match="no worker has been there for"),
    ):
        compatkit.compare(*pair, client=connected)
