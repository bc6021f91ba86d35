"""Task files: a pattern stands for one file, or for a task of each pair."""

from pathlib import Path

import pytest

from compatkit.comparison.options import make_options
from compatkit.errors import DataError
from compatkit.gate.policy import Policy, TaskPolicy
from compatkit.gate.task_files import expand_tasks


def expand(folder: Path, old: str, new: str, rerun: str | None = None) -> list[TaskPolicy]:
    task = TaskPolicy(
        "t",
        str(folder / old),
        str(folder / new),
        make_options(),
        old_rerun=None if rerun is None else str(folder / rerun),
    )
    return expand_tasks(Policy((task,)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("old/a.jsonl", "old/b.jsonl", "new/a.jsonl", "new/b.jsonl", "runs/3/x.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_plain_names(folder: Path) -> None:
    (task,) = expand(folder, "old/a.jsonl", "new/a.jsonl")
    assert (task.name, task.old.path) == ("t", folder / "old/a.jsonl")


def test_a_pattern_on_one_side_is_one_file(folder: Path) -> None:
    (task,) = expand(folder, "old/a.jsonl", "runs/*/x.jsonl", rerun="old/b*")
    assert task.new.path == folder / "runs/3/x.jsonl"
    assert task.old_rerun == str(folder / "old/b.jsonl")
    with pytest.raises(DataError, match=r"matches 2 files: .*a.jsonl, .*b.jsonl. Exactly one"):
        expand(folder, "old/a.jsonl", "new/*.jsonl")
    with pytest.raises(DataError, match="matches 0 files"):
        expand(folder, "old/a.jsonl", "none/*.jsonl")


def test_patterns_on_both_sides_pair_up(folder: Path) -> None:
    tasks = expand(folder, "old/*.jsonl", "new/*.jsonl")
    assert [task.name for task in tasks] == ["t/a", "t/b"]
    assert [task.new.path.name for task in tasks] == ["a.jsonl", "b.jsonl"]
    tasks = expand(folder, "old/[ab].jsonl", "new/?.jsonl")
    assert [task.name for task in tasks] == ["t/a", "t/b"]
    tasks = expand(folder, "**/a.jsonl", "**/a.jsonl")
    assert [task.name for task in tasks] == ["t/new", "t/old"]


def test_a_file_without_a_partner_is_refused(folder: Path) -> None:
    (folder / "new/b.jsonl").unlink()
    with pytest.raises(DataError, match=r"no partner for .*old/b.jsonl"):
        expand(folder, "old/*.jsonl", "new/*.jsonl")
    with pytest.raises(DataError, match="matches no file"):
        expand(folder, "old/*.jsonl", "none/*.jsonl")


def test_absent_files_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"which does not exist\. A task whose files are absent"):
        expand(folder, "old/a.jsonl", "new/c.jsonl")


def test_a_name_with_brackets_is_a_name_where_it_exists(folder: Path) -> None:
    (folder / "old/a[1].jsonl").touch()
    (task,) = expand(folder, "old/a[1].jsonl", "new/a.jsonl")
    assert task.old.path.name == "a[1].jsonl"


def test_folders_pair_up_their_files(folder: Path) -> None:
    tasks = expand(folder, "old", "new")
    assert [(task.name, task.old.path.name) for task in tasks] == [
        ("t/a", "a.jsonl"),
        ("t/b", "b.jsonl"),
    ]
    (folder / "old/c.csv").touch()
    with pytest.raises(DataError, match=r"no partner for .*old/c.csv"):
        expand(folder, "old", "new")
    with pytest.raises(DataError, match="stands beside one file"):
        expand(folder, "old", "new", rerun="old/a.jsonl")


def test_two_tasks_of_one_name_are_refused(folder: Path) -> None:
    tasks = [
        TaskPolicy("t", str(folder / "old/*.jsonl"), str(folder / "new/*.jsonl"), make_options()),
        TaskPolicy("t/a", str(folder / "old/a.jsonl"), str(folder / "new/a.jsonl"), make_options()),
    ]
    with pytest.raises(DataError, match="two tasks are called 't/a'"):
        expand_tasks(Policy(tuple(tasks)))


def test_a_set_may_say_what_it_leaves_out(folder: Path) -> None:
    (task,) = expand(folder, "old/[!b].jsonl", "new/[!b].jsonl")
    assert task.name == "t/a"


def test_two_stars_stand_for_no_folder_too(folder: Path) -> None:
    for side in ("old", "new"):
        (folder / side / "deep").mkdir()
        (folder / side / "deep" / "c.jsonl").touch()
    tasks = expand(folder, "old/**/*.jsonl", "new/**/*.jsonl")
    assert [task.name for task in tasks] == ["t/a", "t/b", "t/deep/c"]


def test_brackets_of_a_name_are_no_set(folder: Path) -> None:
    (folder / "new/old1.jsonl").touch()
    with pytest.raises(DataError, match=r"old is .*old\[1\].jsonl, which does not exist"):
        expand(folder, "new/old[1].jsonl", "new/a.jsonl")
    with pytest.raises(DataError, match=r"\[1\] is either a name's own brackets or a set of one"):
        expand(folder, "new/*[1].jsonl", "new/a.jsonl")
    (folder / "new/old[1].jsonl").touch()
    (task,) = expand(folder, "new/old[1].jsonl", "new/o*[[]1].jsonl")
    assert task.old.path == task.new.path == folder / "new/old[1].jsonl"
