"""The cache: its divergence against the whole one, its bound, its files."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from muscle.conftest import Tiny

from compatkit.errors import ConfigError, DataError
from compatkit.muscle.batches import Collator
from compatkit.muscle.cache import (
    COLUMNS,
    TeacherCache,
    TopKTeacher,
    open_cached_teachers,
    summarize_teacher,
)
from compatkit.muscle.data import read_examples
from compatkit.muscle.loss import DenseTeacher, Predicted
from compatkit.muscle.models import load_student, open_base
from compatkit.muscle.teachers import OnlineTeachers
from compatkit.muscle.train import train_adapter


def make_teachers(
    seed: int, k: int, words: int = 12
) -> tuple[DenseTeacher, TopKTeacher, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    teacher, student = (4 * torch.randn(7, words, generator=generator) for _ in range(2))
    labels = torch.randint(words, (7,), generator=generator)
    columns = dict(zip(COLUMNS, summarize_teacher(teacher, labels, 2.0, k), strict=True))
    columns["indices"] = columns["indices"].long()
    return DenseTeacher.of(teacher, labels), TopKTeacher(**columns), student


@given(seed=st.integers(0, 10_000), k=st.integers(1, 12))
@settings(max_examples=80, deadline=None)
def test_the_divergence_is_below_the_whole_one_by_no_more_than_the_bound(seed: int, k: int) -> None:
    dense, cached, student = make_teachers(seed, k)
    whole = dense.divergence(student, 2.0)
    found = cached.divergence(student, 2.0)
    bound = cached.errors[0] if cached.errors else torch.zeros_like(whole)
    assert bool((found <= whole + 1e-5).all())
    assert bool((whole <= found + bound + 1e-5).all())
    if k == 12:
        torch.testing.assert_close(found, whole)


@given(seed=st.integers(0, 10_000), k=st.integers(1, 12))
@settings(max_examples=20, deadline=None)
def test_what_masks_look_at_is_exact(seed: int, k: int) -> None:
    dense, cached, _ = make_teachers(seed, k)
    torch.testing.assert_close(cached.gold, dense.gold)
    assert torch.equal(cached.right, dense.right)


def test_the_gradient_at_the_teacher_itself_is_zero() -> None:
    teacher = torch.randn(5, 9, generator=torch.Generator().manual_seed(1))
    columns = dict(
        zip(COLUMNS, summarize_teacher(teacher, torch.zeros(5).long(), 2.0, 3), strict=True)
    )
    columns["indices"] = columns["indices"].long()
    student = teacher.clone().requires_grad_()
    TopKTeacher(**columns).divergence(student, 2.0).sum().backward()
    assert student.grad is not None
    assert float(student.grad.abs().max()) < 1e-6


def test_a_teacher_without_mass_in_its_tail_gives_numbers() -> None:
    teacher = torch.full((1, 6), -1e4)
    teacher[0, 2] = 1e4
    columns = dict(zip(COLUMNS, summarize_teacher(teacher, torch.tensor([2]), 2.0, 2), strict=True))
    columns["indices"] = columns["indices"].long()
    student = torch.zeros(1, 6, requires_grad=True)
    found = TopKTeacher(**columns).divergence(student, 2.0)
    found.sum().backward()
    assert found.tolist() == pytest.approx([1.791759], rel=1e-4)  # log 6
    assert student.grad is not None
    assert bool(torch.isfinite(student.grad).all())


def opened(tiny: Tiny, folder: Path, **values):
    config = tiny.having(tiny.folder / "unused", cache=str(folder), **values)
    base = open_base(config.new_base)
    rows = read_examples(config.data, base.tokenizer, config, None).rows
    collator = Collator(base.padding, config.tokens)
    teachers, notes = open_cached_teachers(config, {"old": rows, "new": rows}, None)
    return teachers, notes, collator, rows


@pytest.mark.parametrize("tokens", ["all", "completion"])
def test_a_whole_cache_answers_as_the_models_do(tiny: Tiny, tmp_path: Path, tokens: str) -> None:
    from compatkit.muscle.models import load_old

    cached, _, collator, rows = opened(tiny, tmp_path, cache_top_k=100, tokens=tokens)
    batch = collator(rows[:6])
    student = load_student(tiny.config.new_base, str(tiny.config.new_adapter), "float32")
    old = load_old(str(tiny.config.old_base), tiny.config.old_adapter, "float32")
    seen = Predicted.of(
        student(batch["input_ids"], batch["attention_mask"]).logits, batch["labels"]
    )
    online = OnlineTeachers(old, student).ask(student, batch, None)
    for one, other in zip(online, cached.ask(student, batch, None), strict=True):
        torch.testing.assert_close(other.gold, one.gold, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(
            other.divergence(seen.logits, 2.0),
            one.divergence(seen.logits, 2.0),
            rtol=1e-3,
            atol=1e-5,
        )


def test_training_from_a_whole_cache_gives_the_adapter_of_training_online(
    tiny: Tiny, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    values = {"epochs": 1.0, "learning_rate": 1e-3}
    online = train_adapter(tiny.having(tmp_path / "online", **values))
    cache = {"cache": str(tmp_path / "cache"), "cache_top_k": 100}
    cached = train_adapter(tiny.having(tmp_path / "cached", **cache, **values))
    left, right = (
        load_file(f"{each.output}/adapter_model.safetensors") for each in (online, cached)
    )
    for name, weight in left.items():
        torch.testing.assert_close(right[name], weight, rtol=1e-2, atol=1e-4)
    again = train_adapter(tiny.having(tmp_path / "again", **cache, **values))
    assert sum("found" in note for note in again.notes) == 2


def test_a_cut_cache_says_how_far_it_may_be_off(tiny: Tiny, tmp_path: Path) -> None:
    lines = []
    train_adapter(
        tiny.having(tmp_path / "made", cache=str(tmp_path / "cache"), cache_top_k=5, epochs=1.0),
        progress=lines.append,
    )
    errors = [line["cache_error"] for line in lines if "cache_error" in line]
    assert errors
    assert all(each > 0 for each in errors)


def test_another_adapter_temperature_or_example_is_another_cache(
    tiny: Tiny, tmp_path: Path
) -> None:
    opened(tiny, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    opened(tiny, tmp_path, temperature=3.0)
    assert len(list(tmp_path.iterdir())) == 4
    opened(tiny, tmp_path, old_adapter=None)
    assert len(list(tmp_path.iterdir())) == 5  # the new one is that of the first
    opened(tiny, tmp_path, delimiter=" w3 ")
    assert len(list(tmp_path.iterdir())) == 7


@pytest.mark.parametrize(
    ("side", "name", "edit"),
    [
        ("old", "model.safetensors", lambda data: data[:-1] + bytes([data[-1] ^ 1])),
        ("old", "config.json", lambda data: data.replace(b"1e-06", b"1e-02")),
        ("old-task", "adapter_config.json", lambda data: data.replace(b'"r": 2', b'"r":  2')),
        ("old-task", "adapter_model.safetensors", lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    ],
)
def test_no_cache_answers_for_a_model_that_is_gone(
    tiny: Tiny, tmp_path: Path, side: str, name: str, edit: Callable[[bytes], bytes]
) -> None:
    for each in ("old", "old-task"):
        shutil.copytree(tiny.folder / each, tmp_path / each)
    given = {"old_base": str(tmp_path / "old"), "old_adapter": str(tmp_path / "old-task")}
    opened(tiny, tmp_path / "cache", **given)
    _, notes, _, _ = opened(tiny, tmp_path / "cache", **given)
    assert [" found in " in note for note in notes] == [True, True]
    file = tmp_path / side / name
    before = file.read_bytes()
    file.write_bytes(edit(before))
    assert file.read_bytes() != before
    _, notes, _, _ = opened(tiny, tmp_path / "cache", **given)
    assert [" found in " in note for note in notes] == [False, True]


def test_a_cache_of_pickled_weights_knows_them(tiny: Tiny, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    base = tmp_path / "old"
    shutil.copytree(tiny.folder / "old", base)
    weights = AutoModelForCausalLM.from_pretrained(base).state_dict()
    (base / "model.safetensors").unlink()
    given = {"old_base": str(base), "old_adapter": None}
    for scale in (1.0, 2.0):
        weights["lm_head.weight"] = weights["lm_head.weight"] * scale
        torch.save(weights, base / "pytorch_model.bin")
        with pytest.raises(DataError, match="is a pickle"):
            opened(tiny, tmp_path / "cache", **given)
        _, notes, _, _ = opened(tiny, tmp_path / "cache", **given, allow_pickle=True)
        assert " written in " in notes[0]


def test_a_cache_that_was_cut_off_is_made_anew(tiny: Tiny, tmp_path: Path) -> None:
    opened(tiny, tmp_path)
    for manifest in tmp_path.glob("*/manifest.json"):
        manifest.unlink()
    _, notes, _, _ = opened(tiny, tmp_path)
    assert all("written" in note for note in notes)


def test_an_example_that_is_not_there_is_an_error(tiny: Tiny, tmp_path: Path) -> None:
    _, _, collator, rows = opened(tiny, tmp_path)
    folder = next(tmp_path.glob("old-*"))
    for index in folder.glob("index-*.json"):
        index.write_text(json.dumps({}))
    with pytest.raises(DataError, match="lacks an example"):
        TeacherCache(folder).read([rows[0].key], collator(rows[:1])["labels"][:, 1:] >= 0)


@pytest.mark.parametrize("name", ["manifest.json", "shard-0000-00000.safetensors"])
def test_a_damaged_cache_is_an_error_that_says_what_to_do(
    tiny: Tiny, tmp_path: Path, name: str
) -> None:
    config = tiny.having(tmp_path / "out", cache=str(tmp_path / "cache"), epochs=1)
    train_adapter(config)
    (folder,) = (tmp_path / "cache").glob("old-*")
    (folder / name).write_bytes(b"{")
    with pytest.raises(DataError, match="Remove the folder to fill it anew"):
        train_adapter(tiny.having(tmp_path / "again", cache=config.cache, epochs=1))


def test_a_file_in_the_place_of_a_cache_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file; a folder was expected"):
        train_adapter(tiny.having(tmp_path / "made", cache=str(tmp_path / "file")))
