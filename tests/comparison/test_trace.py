"""Several versions of a model, followed through files, folders and rows in memory."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import compatkit
from compatkit.comparison.trace import find_versions
from compatkit.errors import ConfigError, DataError
from compatkit.statistics import clopper_pearson

DATA = Path(__file__).parents[3] / "shared" / "data"
# The strings of docs/history.md; a dot is a null prediction.
STRINGS = {"a": "RRRR", "b": "RRWW", "c": "RWRW", "d": "WRWR",
           "e": "WWRR", "f": "WWWW", "g": "R.RR", "h": ".WRW"}  # fmt: skip
ANSWERS = {"R": "yes", "W": "no", ".": None}


def version(number: int, strings=STRINGS, **more) -> list[dict[str, object]]:
    return [
        {"id": name, "prediction": ANSWERS[text[number]], "reference": "yes", **more}
        for name, text in strings.items()
    ]


def versions(strings=STRINGS) -> dict[str, list[dict[str, object]]]:
    size = len(next(iter(strings.values())))
    return {f"v{number + 1}": version(number, strings) for number in range(size)}


def write(path: Path, rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_rows_in_memory_give_what_was_worked_by_hand() -> None:
    of = compatkit.history(versions())
    assert of.names == ["v1", "v2", "v3", "v4"]
    assert [v.counts.broken for v in of.versions] == [0, 2, 2, 3]
    assert [v.counts.first_broken for v in of.versions] == [0, 2, 2, 1]
    assert of.broke_in("v2") == ["c", "g"]
    assert [v.no_answer for v in of.versions] == [1, 1, 0, 0]
    assert of.metrics["ever_right_now_wrong"].denominator == 7
    frame = of.to_frame().set_index("id")
    assert frame.loc["g"].tolist() == ["", "RWRR", 2, "v2", True, False, True, True]
    assert frame.loc["a", "first_broken"] is None
    with pytest.raises(ConfigError, match="no version 'v9'; there are v1, v2, v3, v4"):
        of.broke_in("v9")
    assert repr(of) == (
        "<History of v1, v2, v3, v4: 8 examples by exact_match, 3 ever right and now wrong; "
        "print() shows all>"
    )


def test_steps_are_what_a_comparison_of_two_versions_counts() -> None:
    of = compatkit.history(versions())
    rows = list(versions().values())
    for number in range(1, 4):
        pair = compatkit.compare(rows[number - 1], rows[number])
        metrics = of.versions[number].metrics
        assert metrics["negative_flip_rate"] == pair.metrics["negative_flip_rate"]
        assert metrics["positive_flip_rate"] == pair.metrics["positive_flip_rate"]
        assert metrics["accuracy"] == pair.metrics["accuracy_new"]


def test_the_examples_that_changed_are_read_with_the_answers_of_all_versions() -> None:
    of = compatkit.history(versions(), keep_flips=True)
    examples = list(of.changed)
    assert [example.id for example in examples] == ["c", "d", "h", "g", "b", "e"]
    assert examples[0].predictions == ("yes", "no", "yes", "no")
    assert examples[2].predictions == (None, "no", "yes", "no")
    assert examples[2].first_broken == 3
    assert examples[0].references == ("yes",)
    with pytest.raises(ConfigError, match="keep_flips=True keeps them"):
        list(compatkit.history(versions()).changed)


def test_exact_intervals_where_they_are_asked_for() -> None:
    lost = compatkit.history(versions(), interval="exact").metrics["ever_right_now_wrong"]
    interval = clopper_pearson(3, 7)
    assert (lost.low, lost.high) == (interval.low, interval.high)


def test_groups_and_the_fields_of_examples() -> None:
    rows = {name: [{**row, "passage": "ab"[row["id"] > "d"]} for row in rows]
            for name, rows in versions().items()}  # fmt: skip
    grouped = compatkit.history(rows, cluster="passage")
    assert grouped.metrics["flip_flop_rate"].method == "cluster-wilson"


def test_an_answer_that_is_missing_is_wrong_and_what_follows_no_repair() -> None:
    rows = versions()
    rows["v2"] = [row for row in rows["v2"] if row["id"] != "g"]
    with pytest.raises(DataError, match="lacks 1 of 8 ids"):
        compatkit.history(rows)
    counted = compatkit.history(rows, missing="wrong")
    assert counted.versions[1].counted_wrong == {"errored": 0, "missing": 1}
    assert [v.counts.repaired for v in counted.versions] == [0, 0, 1, 1]
    skipped = compatkit.history(rows, missing="skip")
    assert (skipped.total, skipped.excluded["missing"]) == (7, 1)
    failed = versions()
    failed["v2"][6] = {**failed["v2"][6], "error": "timeout"}
    assert compatkit.history(failed).excluded["errored"] == 1
    again = compatkit.history(failed, errors="wrong")
    assert again.versions[2].counts.returned == 1
    assert again.versions[1].counted_wrong["errored"] == 1


def test_several_samples_are_refused_with_the_reason() -> None:
    rows = versions()
    rows["v3"] = [{**row, "prediction": ["yes", "no"]} for row in rows["v3"]]
    with pytest.raises(DataError, match=r"v3: 'a' has 2 samples.*ever right would grow by chance"):
        compatkit.history(rows)


def test_one_version_is_no_history(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two versions or more"):
        compatkit.history([version(0)])
    with pytest.raises(ConfigError, match="two versions or more"):
        compatkit.history(write(tmp_path / "a.jsonl", version(0)))


def test_a_folder_holds_versions_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for step, number in ((900, 0), (1000, 1), (1100, 2)):
        write(tmp_path / f"step-{step}.jsonl", version(number))
    (tmp_path / "notes.md").write_text("#")
    assert [Path(path).name for path in find_versions(tmp_path)] == [
        "step-900.jsonl", "step-1000.jsonl", "step-1100.jsonl",
    ]  # fmt: skip
    of = compatkit.history(tmp_path)
    assert of.names == ["step-900.jsonl", "step-1000.jsonl", "step-1100.jsonl"]
    assert of.trajectories.strings()[1] == "RRW"


@pytest.mark.parametrize(
    "names",
    [("t5_3b", "t5_11b", "t5_base"), ("model", "model-2"), ("v1", "v01"), ("a-1", "b-2")],
)
def test_names_that_tell_no_order_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for number, name in enumerate(names):
        write(tmp_path / f"{name}.jsonl", version(min(number, 2)))
    with pytest.raises(ConfigError, match="is older, their names do not tell"):
        compatkit.history(tmp_path)


def test_folders_beside_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "v1.jsonl", version(0))
    write(tmp_path / "v2.jsonl", version(1))
    (tmp_path / "v3").mkdir()
    with pytest.raises(ConfigError, match=r"folders and prediction files, v3 and v\d\.jsonl"):
        compatkit.history(tmp_path)


def test_tasks_of_folders_pair_up_and_are_added(tmp_path: Path) -> None:
    for number in range(3):
        half = dict(list(STRINGS.items())[:4]), dict(list(STRINGS.items())[4:])
        for task, strings in zip(("one", "two"), half, strict=True):
            write(tmp_path / f"run{number}" / f"{task}.jsonl", version(number, strings))
    of = compatkit.history(tmp_path, cluster=None)
    assert [part.task for part in of.parts] == ["one", "two"]
    assert of.task == "total"
    whole = compatkit.history([version(number) for number in range(3)])
    assert of.trajectories.strings() == whole.trajectories.strings()
    assert [v.counts for v in of.versions] == [v.counts for v in whole.versions]
    assert [v.no_answer for v in of.versions] == [1, 1, 0]
    assert of.metrics == whole.metrics
    report = of.to_dict()
    assert report["ids"] is None
    assert of.parts[0].to_dict()["ids"] == ["a", "b", "c", "d"]
    assert of.to_frame()["task"].tolist() == ["one"] * 4 + ["two"] * 4


def test_notes_say_what_was_drawn_and_what_is_the_same(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"v{n}.jsonl", version(0)) for n in (1, 2)]
    of = compatkit.history(paths)
    assert f"{paths[1]} holds the same bytes as {paths[0]}" in of.notes


def test_order_of_rows_and_of_files_is_of_no_consequence() -> None:
    rows = versions()
    rows["v2"] = rows["v2"][::-1]
    assert (
        compatkit.history(rows).trajectories.strings()
        == compatkit.history(versions()).trajectories.strings()
    )


@pytest.mark.skipif(not DATA.is_dir(), reason="data of real outputs is absent")
def test_three_versions_of_a_real_model_are_what_a_plain_script_counts() -> None:
    paths = [DATA / "cnndm" / f"t5_{size}.jsonl" for size in ("base", "3b", "11b")]
    options = {"scorer": "rougeL", "stemmer": True, "threshold": 0.3}
    of = compatkit.history(paths, **options)
    right = []
    for path in paths:
        comparison = compatkit.compare(path, paths[0], **options)
        by_id = dict(zip(comparison.pair.ids, comparison.pair.old.right, strict=True))
        right.append(np.array([by_id[name] for name in of.ids]) > 0)
    ever = np.zeros(len(of.ids), bool)
    for number, now in enumerate(right):
        lost = of.versions[number].metrics["ever_right_now_wrong"]
        if number:
            assert (lost.numerator, lost.denominator) == (int((ever & ~now).sum()), int(ever.sum()))
        ever |= now
    # What the last step alone calls 15 of 50 is 19 of 59 against the best so far.
    last = of.versions[2]
    assert (last.counts.broken, last.counts.first_broken) == (19, 15)
    assert last.metrics["ever_right_now_wrong"].denominator == 59
    assert last.metrics["negative_flip_rate"].numerator == 15


@pytest.mark.parametrize("option", [{"by": "id"}, {"sweep": True}, {"margin": 0.02}])
def test_what_is_of_one_update_is_refused(option: dict[str, Any]) -> None:
    rows = [{"id": n, "prediction": "a", "reference": "a"} for n in range(4)]
    with pytest.raises(ConfigError, match="is of one update, and a history shows several"):
        compatkit.history([rows, rows], **option)
