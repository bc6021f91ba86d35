"""The same reports and refusals where what is kept of rows lies in temporary files."""

import json
import random
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mixed_rows
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compatkit
from compatkit.comparison import doubts, examples, flipped, judging
from compatkit.comparison.options import make_options
from compatkit.comparison.tasks import compare_paths
from compatkit.errors import CompatkitError, ConfigError, DataError
from compatkit.gate import check
from compatkit.pairing import engine, numbering, spool
from compatkit.predictions import ids
from compatkit.readers import blocks, in_order, prediction_file
from compatkit.reports import REPORTS, View
from compatkit.stored import Store

SMALL = "1GB"
BOTH: tuple[dict[str, Any], ...] = ({}, {"memory": SMALL})


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Let all rows go into files where `memory` is said, and go through them a few at a time."""
    sizes: list[int] = []
    with monkeypatch.context() as patch:
        spill(patch, sizes)
        yield sizes


def spill(patch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    write = Store.append

    def count(store: Store, content: Any) -> int:
        sizes.append(len(content))
        return write(store, content)

    patch.setattr(Store, "append", count)
    patch.setattr(spool, "limit_blocks", lambda memory, files: files if memory else 1 << 30)
    patch.setattr(engine, "limit_blocks", spool.limit_blocks)
    patch.setattr(blocks, "BLOCK", 300)
    patch.setattr("compatkit.stored.STEP", 7)
    patch.setattr(ids, "STEP", 5)
    patch.setattr(ids, "TAKEN", 4)
    patch.setattr(numbering, "STEP", 6)
    patch.setattr(numbering, "TOGETHER", 11)
    patch.setattr(judging, "TOGETHER", 9)
    patch.setattr(examples, "HELD", 5)
    patch.setattr(flipped, "TOGETHER", 4)


def make_rows(side: str, count: int = 60) -> list[dict[str, Any]]:
    return mixed_rows.make_rows(side, count, 59)


def plain_rows() -> list[dict[str, Any]]:
    return [{"id": str(n), "prediction": "a b", "reference": "a c"} for n in range(50)]


def sampled_rows(_: str) -> list[dict[str, Any]]:
    return [{**row, "sample": n} for row in plain_rows() for n in range(2)]


def chosen_rows(_: str) -> list[dict[str, Any]]:
    choices = {"choices": ["A", "B"], "log_likelihoods": [-1.0, -2.0]}
    return [{**row, "prediction": "A", "reference": "A", **choices} for row in plain_rows()]


def shuffle(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return random.Random(0).sample(rows, len(rows))


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def report(paths: tuple[str, ...], **options: Any) -> str:
    """Everything that a comparison says, to the last digit."""
    results = compare_paths(paths[0], paths[1:], make_options(keep_changed=True, **options))
    return REPORTS["json"](results, View()) + REPORTS["html"](results, View())


def is_same(paths: tuple[str, ...], put: list[int], **options: Any) -> bool:
    """Whether a report is the same where all rows lie in files, as they do."""
    held = report(paths, **options)
    assert not put
    lying = report(paths, memory=SMALL, **options)
    assert put
    return held == lying


@pytest.mark.parametrize("order", [list, shuffle], ids=["one order", "shuffled"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scorer": "rougeL", "threshold": 0.3, "sweep": True, "by": "lang"},
        {"scorer": "exact_match", "normalize": "squad", "cluster": "group", "by": ["lang"]},
        {"by_position": True, "edited": "keep"},
        {"where": "lang=de"},
        {"find_slices": True},
        {"errors": "wrong", "missing": "wrong"},
    ],
    ids=str,
)
def test_a_report_is_the_same_to_the_last_byte(
    tmp_path: Path, put: list[int], options: dict[str, Any], order: Any
) -> None:
    rows = order(make_rows("new"))
    if "missing" in options:
        rows[7]["error"] = "overloaded"
        del rows[3:5]
    paths = write(tmp_path / "old.jsonl", make_rows("old")), write(tmp_path / "new.jsonl", rows)
    assert is_same(paths, put, **options)


def test_flips_are_the_same_in_whatever_order_they_lie(
    tmp_path: Path, put: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write(tmp_path / "old.jsonl", make_rows("old"))
    new = write(tmp_path / "new.jsonl", shuffle(make_rows("new")))
    options: dict[str, Any] = {"scorer": "rougeL", "threshold": 0.3, "by": "lang"}
    at_hand = report((old, new), **options)
    assert not put
    monkeypatch.setattr(in_order, "WAITING", 3)
    monkeypatch.setattr(prediction_file, "TURNS", 2)
    monkeypatch.setattr(in_order, "SHARES", 3)
    assert report((old, new), **options) == at_hand
    assert put
    assert report((old, new), memory=SMALL, **options) == at_hand


def test_several_candidates_with_ids_of_their_own(tmp_path: Path, put: list[int]) -> None:
    rows = [make_rows(side) for side in ("old", "new", "old")]
    rows[2][5]["id"] = "further"
    paths = tuple(
        write(tmp_path / f"{number}.jsonl", shuffle(of_one) if number else of_one)
        for number, of_one in enumerate(rows)
    )
    assert is_same(paths, put, missing="skip", by="lang")


def test_folders_and_samples(tmp_path: Path, put: list[int]) -> None:
    for side in ("old", "new"):
        for task in ("a", "b"):
            rows = make_rows(side)
            for row in rows:
                row["prediction"] = [row["prediction"], task]
            write(tmp_path / side / f"{task}.jsonl", rows)
    paths = (str(tmp_path / "old"), str(tmp_path / "new"))
    assert is_same(paths, put, lists="samples", by="lang")


def test_a_second_run_and_likelihoods(tmp_path: Path, put: list[int]) -> None:
    choices = {"choices": ["the cat", "dog"]}
    paths = [
        write(
            tmp_path / f"{side}.jsonl",
            [
                {**row, **choices, "log_likelihoods": [-0.1 - number % shift, -1.0]}
                for number, row in enumerate(make_rows(side))
            ],
        )
        for side, shift in (("old", 3), ("new", 2), ("rerun", 5))
    ]
    held, lying = (
        compatkit.compare(*paths[:2], old_rerun=paths[2], **memory).to_dict() for memory in BOTH
    )
    assert put
    assert held == lying


def test_a_history_is_the_same(tmp_path: Path, put: list[int]) -> None:
    paths = [
        write(tmp_path / f"{n}.jsonl", make_rows("old" if n % 2 else "new")) for n in (1, 2, 3)
    ]
    held = compatkit.history(paths, keep_flips=True).to_dict()
    assert not put
    assert compatkit.history(paths, keep_flips=True, memory=SMALL).to_dict() == held
    assert put


def test_a_gate_decides_the_same(tmp_path: Path, put: list[int]) -> None:
    pair = (
        write(tmp_path / "old.jsonl", make_rows("old")),
        write(tmp_path / "new.jsonl", shuffle(make_rows("new"))),
    )
    options: dict[str, Any] = {"max_nfr": 0.2, "must_not_flip_tags": {"lang": ["de"]}}
    options |= {"scorer": "rougeL", "threshold": 0.3, "max_left_out": 0.9}
    held, lying = (check(pair[0], pair[1], **options, **memory) for memory in BOTH)
    assert put
    assert (held.outcome, held.decisions, held.guarded) == (
        lying.outcome,
        lying.decisions,
        lying.guarded,
    )
    assert held.outcome == "fail"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [*rows[:58], rows[3], *rows[59:]], r"new\.jsonl:59: the id 'q3'"),
        (lambda rows: rows[:-1], "lacks 1 of 60 ids: 'q59'"),
        (lambda rows: [*rows[:-1], {**rows[-1], "id": " q59"}], "differ in white space"),
        (lambda rows: [*rows[:-1], {**rows[-1], "reference": "x"}], r"new\.jsonl:60: the refer"),
        (lambda rows: [*rows[:-1], {**rows[-1], "sample": "1"}], "q59|sample"),
        (lambda rows: [*rows[:30], {**rows[30], "lang": "xx"}, *rows[31:]], "Slice by what"),
    ],
    ids=["twice", "missing", "alike", "edited", "sample", "slice"],
)
def test_refusals_are_the_same(tmp_path: Path, put: list[int], change: Any, message: str) -> None:
    rows = make_rows("new")
    for row in rows:
        row["prediction"], row["reference"] = "a dog", "a dog"
        del row["input"]
    paths = write(tmp_path / "old.jsonl", rows), write(tmp_path / "new.jsonl", change(rows))
    said = []
    for memory in BOTH:
        try:
            compatkit.compare(*paths, by="lang", **memory)
        except DataError as error:
            said.append(str(error))
    assert put
    assert said == said[:1] * 2 or not said
    if message != "q59|sample":
        assert message.replace("\\", "") in said[0]


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["x", "y", None]), st.booleans()),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, st.sampled_from(["error", "skip", "wrong"]))
def test_any_small_files_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, old: Any, new: Any, missing: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    paths = [
        write(
            folder / f"{side}.jsonl",
            [
                {
                    "id": name,
                    "prediction": text,
                    "reference": "x",
                    **({"input": "?"} if asks else {}),
                }
                for name, text, asks in rows
            ],
        )
        for side, rows in (("old", old), ("new", new))
    ]
    outcomes: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        spill(patch, [])
        for memory in BOTH:
            try:
                outcomes.append(compatkit.compare(*paths, missing=missing, **memory).to_dict())
            except DataError as error:
                outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_processes_share_the_files(
    tmp_path: Path, put: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LARGE", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    given_back: list[bool] = []
    exchange = engine._exchange

    def watch(*of_one: Any) -> Any:
        rows = exchange(*of_one)
        given_back.append(rows.ids.is_stored)
        return rows

    monkeypatch.setattr(engine, "_exchange", watch)
    paths = tuple(write(tmp_path / f"{side}.jsonl", make_rows(side)) for side in ("old", "new"))
    assert is_same(paths, put)
    assert given_back == [False, False, True, True]


@pytest.mark.parametrize("size", ["400", "many", "4 kB", "-1MB", "1,5GB"])
def test_what_is_no_size_is_refused(size: str) -> None:
    with pytest.raises(ConfigError, match="such as 400MB or 2GB was expected"):
        make_options(memory=size)


def test_a_size_is_read_in_decimal_units() -> None:
    sizes = [make_options(memory=size).memory for size in ("400MB", "1.5 gb", "2TB", None)]
    assert sizes == [400_000_000, 1_500_000_000, 2_000_000_000_000, None]


def test_the_default_is_a_share_of_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = spool.find_free()
    assert free > 1 << 20
    monkeypatch.setattr(spool, "find_free", lambda: 2400)
    assert spool.limit_blocks(None, 2) == 100
    assert spool.limit_blocks(2400, 4) == 200
    monkeypatch.undo()
    for name, content in (("most", "3000\n"), ("taken", "1000\n")):
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(spool, "GROUP", (tmp_path / "most", tmp_path / "taken"))
    assert spool.find_free() == 2000
    (tmp_path / "most").write_text("max\n")
    assert spool.find_free() > 2000


def test_a_full_disk_is_a_sentence(
    tmp_path: Path, put: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = tuple(write(tmp_path / f"{side}.jsonl", make_rows(side)) for side in ("old", "new"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(CompatkitError) as caught:
            compatkit.compare(*paths, memory=SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    said = str(caught.value)
    assert f"no room for what is kept of the rows of {paths[0]}: File too large" in said
    assert "MB are needed" in said
    assert "TMPDIR, or say a larger --memory" in said
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(CompatkitError, match=r"absent: no room .* No such file"):
        compatkit.compare(*paths, memory=SMALL)


SCRIPT = """
import os, sys
from compatkit.pairing import engine, spool
engine.limit_blocks = lambda memory, files: 1
if sys.argv[3] == "interrupt":
    def stop(*_): raise KeyboardInterrupt
    engine._share = stop
if sys.argv[3] == "kill":
    engine._share = lambda _: os.kill(os.getpid(), 9)
import compatkit
compatkit.compare(sys.argv[1], sys.argv[2], missing=sys.argv[4])
"""


@pytest.mark.parametrize(
    ("end", "code"), [("well", 0), ("refusal", 1), ("interrupt", -2), ("kill", -9)]
)
def test_nothing_is_left_however_it_ends(tmp_path: Path, end: str, code: int) -> None:
    old = write(tmp_path / "old.jsonl", make_rows("old"))
    new = write(tmp_path / "new.jsonl", make_rows("new", 59 if end == "refusal" else 60))
    folder = tmp_path / "temporary"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, old, new, end, "error"],
        env={"TMPDIR": str(folder), "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert list(folder.iterdir()) == []


def test_what_cannot_be_held_is_said(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{side}.jsonl", make_rows(side)) for side in ("old", "new")]
    values: dict[str, Any] = {"by": "lang", "normalize": "squad"}
    result = compatkit.compare(*paths, memory="10MB", **values)
    assert result.examples  # a list of flips, as a gate has it, keeps each
    (text,) = [note for note in result.notes if "--memory" in note]
    assert text.startswith("about 60 MB of memory were needed, and --memory says 10: ")
    assert "the values of fields to slice and group by 0" in text
    assert f"{len(result.examples)} flips 0" in text
    unlisted = compatkit.compare(*paths, memory="10MB", keep_flips=False, **values).notes
    assert not [note for note in unlisted if " flips " in note]
    held = compatkit.compare(*paths, memory="1GB", **values)
    assert not [note for note in held.notes if "--memory" in note]
    assert held.notes == compatkit.compare(*paths, **values).notes


@pytest.mark.parametrize(
    ("make", "options", "named"),
    [
        (make_rows, {"by": "lang"}, "the values of fields to slice and group by"),
        (make_rows, {"find_slices": True}, "what slices are found by"),
        (sampled_rows, {}, "samples"),
        (chosen_rows, {"scorer": "choice"}, "what is made of likelihoods"),
        (chosen_rows, {"scorer": "choice"}, "likelihoods of choices"),
    ],
)
def test_what_is_in_no_file_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any, options: Any, named: str
) -> None:
    monkeypatch.setattr(doubts, "MEGA", 1)  # of few rows every byte is told
    paths = [write(tmp_path / f"{side}.jsonl", make(side)) for side in ("old", "new")]
    (text,) = [
        n for n in compatkit.compare(*paths, memory="1MB", **options).notes if "--memory" in n
    ]
    assert re.search(rf", {named} [1-9]", text)
    plain = [write(tmp_path / f"{side}_plain.jsonl", plain_rows()) for side in ("old", "new")]
    (text,) = [note for note in compatkit.compare(*plain, memory="1MB").notes if "--memory" in note]
    assert named not in text


def test_documents_and_references_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "MEGA", 1)
    rows = plain_rows()
    paths = [tmp_path / f"{side}.json" for side in ("old", "new")]
    for number, path in enumerate(paths):
        path.write_text(json.dumps(rows) + "\n" * number)
    (text,) = [note for note in compatkit.compare(*paths, memory="1MB").notes if "--memory" in note]
    size = max(path.stat().st_size for path in paths)
    assert f"documents that are read whole {doubts.WHOLE * size:,}," in text + ","
    monkeypatch.setattr(doubts, "LARGE", 1)
    (text,) = [note for note in compatkit.compare(*paths, memory="1MB").notes if "--memory" in note]
    assert f"documents that are read whole {doubts.WHOLE * (2 * size - 1):,}," in text + ","
    answers = write(tmp_path / "answers.jsonl", rows)
    bare = [{key: row[key] for key in ("id", "prediction")} for row in rows]
    sides = [write(tmp_path / f"{side}.jsonl", bare) for side in ("old", "new")]
    result = compatkit.compare(*sides, references=answers, memory="1MB")
    (text,) = [note for note in result.notes if "--memory" in note]
    assert f"references of other files {doubts.REFERENCE * len(rows):,}" in text


@pytest.mark.parametrize(
    ("options", "order", "taken"),
    [
        ({}, list, doubts.JOINED),
        ({}, shuffle, doubts.JOINED + doubts.SHUFFLED),
        ({"scorer": "rougeL", "threshold": 0.5}, list, doubts.JOINED + doubts.GRADED),
    ],
)
def test_scores_between_right_and_wrong_take_more_as_do_rows_in_other_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Any, order: Any, taken: int
) -> None:
    monkeypatch.setattr(doubts, "MEGA", 1)
    rows = plain_rows()
    orders = {"old": rows, "new": order(rows)}
    paths = [write(tmp_path / f"{side}.jsonl", own) for side, own in orders.items()]
    notes = compatkit.compare(*paths, memory="1MB", **options).notes
    (text,) = [note for note in notes if "--memory" in note]
    assert f"{len(rows)} examples {taken * len(rows):,}" in text


def test_rows_in_memory_take_what_they_take() -> None:
    rows = make_rows("old")
    with pytest.raises(ConfigError, match="memory is of files, and the rows of old and new"):
        compatkit.compare(rows, rows, memory="1GB")
