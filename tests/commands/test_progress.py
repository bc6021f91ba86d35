import gzip
import io
import sys
from pathlib import Path

import pytest

import compatkit
from compatkit.commands import progress
from compatkit.commands.progress import show_answers, show_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_there_is_none_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with show_progress() as report:
        assert report is None
    assert stream.getvalue() == ""


def test_quick_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with show_progress() as report:
        assert report is not None
        report("old.jsonl", 0.5)
    assert stream.getvalue() == ""


def test_slow_work_shows_a_bar_and_wipes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    with show_progress() as report:
        assert report is not None
        report("a\x1b[31mb", 0.25)
        report("a\x1b[31mb", 0.5)
    shown = stream.getvalue()
    assert "a\\x1b[31mb" in shown
    assert "50%" in shown
    assert "\x1b[31mb" not in shown.replace("\\x1b[31mb", "")
    assert shown.endswith("\x1b[2K")


def test_the_share_of_a_file_grows_to_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl.gz"
    rows = "".join(f'{{"id": {n}, "prediction": "{n * n}", "reference": "a"}}\n' for n in range(99))
    path.write_bytes(gzip.compress(rows.encode()))
    shares: list[tuple[str, float]] = []
    compatkit.compare(path, path, progress=lambda *each: shares.append(each))
    assert {name for name, _ in shares} == {str(path)}
    assert [share for _, share in shares] == sorted(share for _, share in shares)
    assert shares[-1][1] == 1.0


def test_answers_are_counted_with_their_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with show_answers("./a\x1b[31mmodel") as report:
        assert report is not None
        report(3, 12)
    shown = stream.getvalue()
    assert "./a\\x1b[31mmodel" in shown
    assert "3/12" in shown
    assert "examples/s" in shown
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with show_answers("model") as report:
        assert report is None
