import os
import stat
from pathlib import Path

import pytest

from compatkit.errors import ConfigError
from compatkit.output import replace_all, write_whole


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def test_a_file_is_written_with_the_usual_rights(tmp_path):
    path = tmp_path / "out.json"
    mask = os.umask(0o027)
    try:
        write_whole(path, b"{}")
    finally:
        os.umask(mask)
    assert path.read_bytes() == b"{}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names_in(tmp_path) == ["out.json"]


def test_an_existing_file_is_replaced_and_keeps_its_rights(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("old")
    path.chmod(0o600)
    write_whole(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old")

    def fail(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(ConfigError) as caught:
        write_whole(path, b"new")
    assert str(caught.value) == f"{path}: cannot be written: No space left on device."
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["out.json"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("pathlib.Path.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "out.json", b"new")
    assert names_in(tmp_path) == []


def test_a_symbolic_link_stays_one(tmp_path):
    real = tmp_path / "real.json"
    real.write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to(real)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_pipe_is_written_to_directly(tmp_path):
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as pipe:
        write_whole(f"/dev/fd/{writer}", b"report")
        os.close(writer)
        assert pipe.read() == b"report"


@pytest.mark.parametrize("name", ["absent/out.json", "folder", "x" * 300])
def test_a_path_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    path = tmp_path / name
    with pytest.raises(ConfigError) as caught:
        write_whole(path, b"new")
    assert str(caught.value).startswith(f"{path}: cannot be written: ")
    assert names_in(tmp_path) == ["folder"]
    assert names_in(tmp_path / "folder") == []


def test_of_several_files_all_are_replaced_or_none(tmp_path, monkeypatch):
    names = [tmp_path / name for name in ("a", "b", "c", "d")]
    for path in names[:3]:
        path.write_text(f"old {path.name}")
    usual, calls = Path.replace, []

    def fail_third(self, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return usual(self, target)

    files = {names[0]: b"new a", names[3]: b"new d", names[1]: None, names[2]: b"new c"}
    monkeypatch.setattr(Path, "replace", fail_third)
    with pytest.raises(ConfigError, match="c: cannot be written: No space left on device"):
        replace_all(files)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        name: f"old {name}" for name in "abc"
    }
    monkeypatch.undo()
    replace_all(files)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        name: f"new {name}" for name in "acd"
    }


def test_nothing_is_left_where_a_file_cannot_be_written_whole(tmp_path, monkeypatch):
    path = tmp_path / "out.json"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "chmod", fail)
    with pytest.raises(ConfigError, match=r"out.json: cannot be written: No space left on device"):
        write_whole(path, b"{}")
    assert names_in(tmp_path) == ["out.json"]
    assert path.read_text() == "old"
