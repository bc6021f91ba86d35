import os
import stat

import pytest

from compatkit.errors import ConfigError
from compatkit.output import write_whole


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
