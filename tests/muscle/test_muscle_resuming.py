"""Going on: from a whole checkpoint, and with the training that was begun, or not at all."""

import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from muscle.conftest import Tiny
from muscle.test_muscle_training import same

from compatkit.errors import ConfigError
from compatkit.muscle.config import MuscleConfig
from compatkit.muscle.resuming import (
    check_settings,
    find_last_checkpoint,
    mark_whole,
    write_settings,
)
from compatkit.muscle.train import InterruptedTrainingError, train_adapter


def make_checkpoint(folder: Path, step: int) -> Path:
    made = folder / f"checkpoint-{step}"
    made.mkdir(parents=True)
    for name in ("adapter_model.safetensors", "optimizer.pt", "scheduler.pt"):
        (made / name).write_text(name)
    mark_whole(made)
    return made


def test_the_newest_whole_checkpoint_is_found(tmp_path: Path) -> None:
    checkpoints = [make_checkpoint(tmp_path, step) for step in (2, 10)]
    assert find_last_checkpoint(tmp_path) == (checkpoints[1], [])
    (tmp_path / "checkpoint-odd").mkdir()
    assert find_last_checkpoint(tmp_path) == (checkpoints[1], [])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "optimizer.pt").unlink(), "optimizer.pt is missing"),
        (
            lambda folder: (folder / "scheduler.pt").write_text("s"),
            "scheduler.pt has 1 bytes of 12",
        ),
        (lambda folder: (folder / "files.json").unlink(), "its writing was cut off"),
        (lambda folder: (folder / "files.json").write_text("{"), "its writing was cut off"),
    ],
)
def test_a_checkpoint_that_is_not_whole_is_left_aside_and_said(
    tmp_path: Path, damage: Callable[[Path], Any], said: str
) -> None:
    older, newer = (make_checkpoint(tmp_path, step) for step in (2, 10))
    damage(newer)
    checkpoint, [note] = find_last_checkpoint(tmp_path)
    assert checkpoint == older
    assert note == f"{newer} is not whole ({said}) and is left aside"
    damage(older)
    with pytest.raises(ConfigError, match="no checkpoint to go on from"):
        find_last_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"mask": "all"},
        {"old_base_digest": "sha256:2"},
        {"data_sha256": {"d": "2"}},
        {"processes": 2},
        {"mask": None},
    ],
)
def test_every_setting_is_compared(tmp_path: Path, changed: dict[str, Any]) -> None:
    settings = {"mask": "half", "old_base_digest": "sha256:1", "data_sha256": {"d": "1"}}
    settings |= {"processes": 1, "output": "a", "versions": {"torch": "1"}}
    write_settings(tmp_path, settings)
    assert check_settings(tmp_path, {**settings, "output": "b"}) == []
    [name] = changed
    with pytest.raises(ConfigError, match=f"of a training with {name} "):
        check_settings(tmp_path, {**settings, **changed})
    without = {key: value for key, value in settings.items() if key != name}
    with pytest.raises(ConfigError, match=f"of a training with {name} "):
        check_settings(tmp_path, without)
    write_settings(tmp_path, without)
    with pytest.raises(ConfigError, match=f"of a training with {name} None"):
        check_settings(tmp_path, settings)


def test_other_versions_are_said(tmp_path: Path) -> None:
    write_settings(tmp_path, {"versions": {"torch": "1"}})
    [note] = check_settings(tmp_path, {"versions": {"torch": "2"}})
    assert note == "begun with the versions {'torch': '1'}, gone on with {'torch': '2'}"


def test_settings_that_are_not_there_are_no_agreement(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"settings\.json: cannot be read"):
        check_settings(tmp_path, {})


@pytest.fixture(scope="module")
def cut(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> MuscleConfig:
    """Train to the second epoch on models of one's own, and be ended there by SIGTERM."""
    folder = tmp_path_factory.mktemp("cut")
    for name in ("old", "new", "old-task", "new-task", "train.jsonl"):
        (shutil.copytree if (tiny.folder / name).is_dir() else shutil.copy)(
            tiny.folder / name, folder / name
        )
    roles = ("old_base", "new_base", "old_adapter", "new_adapter", "data")
    moved = {role: str(folder / Path(getattr(tiny.config, role)).name) for role in roles}
    config = replace(tiny.config, **moved, output=str(folder / "out"), epochs=3, renamed_base=True)

    def stop(line: Any) -> None:
        if line["step"] == 3 and "loss" in line:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(InterruptedTrainingError, match="interrupted at step 4 of 6"):
        train_adapter(config, progress=stop)
    return config


def edit(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("old/model.safetensors", "old_base_digest"),
        ("new/model.safetensors", "new_base_digest"),
        ("old-task/adapter_model.safetensors", "old_adapter_digest"),
        ("new-task/adapter_model.safetensors", "new_adapter_digest"),
        ("old/config.json", "old_base_digest"),
        ("old/chat_template.jinja", "tokenizer_digests"),
        ("train.jsonl", "data_sha256"),
    ],
)
def test_what_was_changed_in_place_is_another_training(
    cut: MuscleConfig, name: str, said: str
) -> None:
    file = Path(cut.data).parent / name
    before = file.read_bytes()
    if file.suffix == ".safetensors":
        edit(file)
    else:
        file.write_bytes(before + (b"\n" if file.suffix == ".json" else b" "))
    try:
        with pytest.raises(ConfigError, match=f"of a training with {said}"):
            train_adapter(cut, resume=True)
    finally:
        file.write_bytes(before)


def test_a_checkpoint_that_lost_its_optimizer_is_passed_over(
    cut: MuscleConfig, tmp_path: Path
) -> None:
    whole = train_adapter(replace(cut, output=str(tmp_path / "whole")))
    shutil.copytree(cut.output, tmp_path / "again")
    again = replace(cut, output=str(tmp_path / "again"))
    (tmp_path / "again/checkpoints/checkpoint-4/optimizer.pt").unlink()
    made = train_adapter(again, resume=True)
    assert any("checkpoint-4 is not whole (optimizer.pt is missing)" in note for note in made.notes)
    assert same(whole.output, made.output)
    assert whole.record.epochs == made.record.epochs
