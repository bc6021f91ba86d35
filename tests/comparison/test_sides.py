import json

import pytest

from compatkit.comparison.options import make_options
from compatkit.comparison.sides import find_tasks, open_sides, share_tasks
from compatkit.errors import DataError


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


def test_two_files_for_one_task_are_refused(tmp_path):
    both = folder(tmp_path / "old", a__jsonl=lines("yes"), a__csv=b"")
    with pytest.raises(DataError, match=r"a\.csv and a\.jsonl are one task"):
        find_tasks(both)


def test_other_files_and_folders_are_no_tasks(tmp_path):
    some = folder(
        tmp_path / "old", a__jsonl=lines("yes"), README__md=b"#", __hidden__jsonl=b"", log__txt=b""
    )
    (some / "b.jsonl").mkdir()
    assert find_tasks(some) == {"a": some / "a.jsonl"}


def test_a_folder_without_predictions_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no prediction file; \.jsonl"):
        find_tasks(tmp_path)


def test_tasks_that_all_sides_have_are_shared_in_the_first_one_s_order(tmp_path):
    old = folder(tmp_path / "old", b__jsonl=lines("yes"), a__jsonl=lines("yes"))
    new = folder(tmp_path / "new", a__jsonl=lines("yes"), c__jsonl=lines("yes"), notes__md=b"#")
    options = make_options()
    with pytest.raises(DataError, match=r"old lacks 1 of 3 tasks: c; .*new lacks 1 of 3 tasks: b"):
        share_tasks(open_sides((old, new), options), options)
    skipping = make_options(missing="skip")
    tasks, notes = share_tasks(open_sides((old, new), skipping), skipping)
    assert tasks == ["a"]
    assert [note.text for note in notes] == [
        "left out, since one folder lacks them: the tasks b, c",
        "no prediction files, left aside: notes.md",
    ]
