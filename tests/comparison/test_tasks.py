import gzip
import json

import pytest
from click.testing import CliRunner

from compatkit import compare_folders
from compatkit.commands.score import score
from compatkit.errors import ConfigError, DataError


def lines(*answers, reference="yes"):
    rows = [
        {"id": number, "prediction": answer, "reference": reference}
        for number, answer in enumerate(answers)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def folder(path, **files):
    path.mkdir(exist_ok=True)
    for name, data in files.items():
        (path / name.replace("__", ".")).write_bytes(data)
    return path


def test_each_task_is_compared_and_then_their_total(tmp_path):
    old = folder(tmp_path / "old", b__jsonl=lines("yes", "yes"), a__jsonl=lines("yes", "no", "no"))
    new = folder(tmp_path / "new", b__jsonl=lines("no", "no"), a__jsonl=lines("yes", "yes", "no"))
    results = compare_folders(old, [new])
    assert [each.task for each in results] == ["a", "b", "total"]
    assert [each.counts.total for each in results] == [3, 2, 5]
    assert [each.counts.negative_flips for each in results] == [0, 2, 2]
    assert [each.counts.positive_flips for each in results] == [1, 0, 1]
    assert results[2].negative_flip_rate == 0.4
    assert (results[2].old, results[2].new) == (str(old), str(new))
    assert "2 tasks" in results[2].notes[0]


def test_each_candidate_has_its_total(tmp_path):
    old = folder(tmp_path / "old", a__jsonl=lines("yes"), b__jsonl=lines("yes"))
    new = folder(tmp_path / "new", a__jsonl=lines("no"), b__jsonl=lines("no"))
    fixed = folder(tmp_path / "fixed", a__jsonl=lines("yes"), b__jsonl=lines("no"))
    results = compare_folders(old, [new, fixed])
    assert [(each.task, each.counts.negative_flips) for each in results] == [
        ("a", 1),
        ("a", 0),
        ("b", 1),
        ("b", 1),
        ("total", 2),
        ("total", 1),
    ]
    assert results[5].delta_nfr == -0.5
    assert results[5].baseline == str(new)


def test_the_total_adds_what_was_left_out(tmp_path):
    error = b'{"id": 9, "error": "timeout"}\n'
    nine = b'{"id": 9, "prediction": "yes", "reference": "yes"}\n'
    old = folder(tmp_path / "old", a__jsonl=lines("yes") + nine, b__jsonl=lines("yes") + nine)
    new = folder(tmp_path / "new", a__jsonl=lines(None) + error, b__jsonl=lines("yes") + error)
    total = compare_folders(old, [new])[-1].counts
    assert total.total == 2
    assert total.excluded == {"errored": 2, "missing": 0, "edited": 0}
    assert (total.no_answer_old, total.no_answer_new) == (0, 1)


def test_one_task_has_no_total(tmp_path):
    one = folder(tmp_path / "one", a__jsonl=lines("yes"))
    assert [each.task for each in compare_folders(one, [one])] == ["a"]


def test_the_kind_and_compression_of_a_task_may_differ(tmp_path):
    old = folder(tmp_path / "old", mmlu__dev__jsonl=lines("yes", "no"))
    table = b"id,prediction,reference\n0,no,yes\n1,no,yes\n"
    new = folder(tmp_path / "new", mmlu__dev__CSV__gz=gzip.compress(table))
    results = compare_folders(old, [new])
    assert [(each.task, each.counts.negative_flips) for each in results] == [("mmlu.dev", 1)]


def test_a_task_that_one_side_lacks_is_refused(tmp_path):
    old = folder(tmp_path / "old", a__jsonl=lines("yes"), b__jsonl=lines("yes"))
    new = folder(tmp_path / "new", a__jsonl=lines("yes"))
    for sides in ((old, new), (new, old)):
        with pytest.raises(DataError) as caught:
            compare_folders(sides[0], [sides[1]])
        assert str(caught.value).startswith(f"{new} lacks 1 of 2 tasks: b.")


def test_such_a_task_is_left_out_on_request_and_named(tmp_path):
    old = folder(tmp_path / "old", a__jsonl=lines("yes"), b__jsonl=lines("yes"))
    new = folder(tmp_path / "new", a__jsonl=lines("no"), c__jsonl=lines("yes"))
    results = compare_folders(old, [new], missing="skip")
    assert [each.task for each in results] == ["a"]
    assert results[0].notes[-1] == "left out, since one folder lacks them: the tasks b, c"
    with pytest.raises(DataError, match="lacks 1 of 2 tasks"):
        compare_folders(
            folder(tmp_path / "d", d__jsonl=lines("yes")),
            [folder(tmp_path / "e", e__jsonl=lines("yes"))],
            missing="skip",
        )


def rows_with(**fields):
    rows = [{"id": i, "prediction": "x", "reference": "x"} | fields for i in range(3)]
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def test_a_task_without_the_field_to_slice_by_has_no_slices_and_says_so(tmp_path):
    some = folder(
        tmp_path / "some", a__jsonl=rows_with(lang="de"), b__jsonl=rows_with(lang="en", hard=True)
    )
    first, second, total = compare_folders(some, some, by=["lang", "hard"])
    assert [list(each.slices) for each in (first, second, total)] == [
        ["lang"],
        ["lang", "hard"],
        [],
    ]
    assert [note.text for note in first.noted if note.kind == "slices"] == [
        "no slices by hard: no row has it"
    ]
    assert not [note for note in second.noted if note.kind == "slices"]


def test_a_field_that_no_task_has_is_refused_and_one_of_groups_in_each(tmp_path):
    some = folder(tmp_path / "some", a__jsonl=rows_with(), b__jsonl=rows_with(hard=True))
    with pytest.raises(ConfigError, match="no field 'lang' to slice by in any task"):
        compare_folders(some, some, by="lang")
    with pytest.raises(ConfigError, match="no field 'hard'"):
        compare_folders(some, some, by="hard", cluster="hard")
    one = folder(tmp_path / "one", a__jsonl=rows_with())
    with pytest.raises(ConfigError, match="no field 'lang' to slice by in any task"):
        compare_folders(one, one, by="lang")


def test_a_broken_link_is_not_passed_over(tmp_path):
    some = folder(tmp_path / "old", a__jsonl=lines("yes"))
    (some / "b.jsonl").symlink_to("absent")
    with pytest.raises(DataError, match=r"b\.jsonl: no such file"):
        compare_folders(some, [some])


def test_a_file_beside_a_folder_is_refused(tmp_path):
    some = folder(tmp_path / "old", a__jsonl=lines("yes"))
    with pytest.raises(DataError) as caught:
        compare_folders(some, [some / "a.jsonl"])
    assert str(caught.value).startswith(f"{some / 'a.jsonl'}: not a folder")


def test_a_fault_names_the_file_of_its_task(tmp_path):
    old = folder(tmp_path / "old", a__jsonl=lines("yes"), b__jsonl=lines("yes"))
    new = folder(tmp_path / "new", a__jsonl=lines("yes"), b__jsonl=lines("yes", "yes"))
    with pytest.raises(DataError) as caught:
        compare_folders(old, [new])
    assert str(caught.value).startswith(f"{old / 'b.jsonl'} lacks 1 of 2 ids: '1'")


def test_a_task_that_loses_more_answers_than_a_number_can_say(tmp_path):
    """2^-1200 is no number: the p-value is the smallest that there is, and never 0."""
    old = folder(tmp_path / "old", a__jsonl=lines(*["yes"] * 1200), b__jsonl=lines("yes", "no"))
    new = folder(tmp_path / "new", a__jsonl=lines(*["no"] * 1200), b__jsonl=lines("yes", "yes"))
    total = compare_folders(old, [new])[-1]
    assert {name for name in total.tests if name.startswith("any_task_worse")}
    assert all(0 < test.p_value < 1e-300 for name, test in total.tests.items() if "worse" in name)


def test_a_task_may_not_be_called_as_the_sum_of_all_is(tmp_path):
    old = folder(tmp_path / "old", a__jsonl=lines("yes"), total__jsonl=lines("yes"))
    with pytest.raises(DataError, match=r"total.jsonl: a task cannot be called 'total'. Rename"):
        compare_folders(old, [old])


def test_a_pattern_of_tasks_is_refused_of_files_and_where_it_leaves_none(tmp_path):
    old = folder(tmp_path / "old", a__jsonl=lines("yes"), b__jsonl=lines("yes"))
    file = str(old / "a.jsonl")
    refused = CliRunner().invoke(score, [file, file, "--tasks", "a"]).exception
    assert "tasks is of folders and of logs" in str(refused)
    with pytest.raises(DataError, match=r"no task is left of a, b. Say other --skip-tasks"):
        compare_folders(old, [old], skip_tasks=["*"])


def test_a_task_that_is_left_aside_is_named_by_every_other(tmp_path):
    tasks = {name: lines("yes") for name in ("a__jsonl", "b__jsonl", "c__jsonl")}
    sides = [folder(tmp_path / name, **tasks) for name in ("old", "new")]
    compared = compare_folders(sides[0], sides[1:], skip_tasks=["b", "c"])
    assert [note.text for note in compared[0].noted if note.kind == "tasks"] == [
        "left aside, as tasks and skip_tasks say: b, c"
    ]
    whole = compare_folders(sides[0], sides[1:])
    assert not [note for task in whole for note in task.noted if "left aside" in note.text]
