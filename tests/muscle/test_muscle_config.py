"""The configuration: defaults of the paper, files, refusals."""

from pathlib import Path
from typing import Any, cast

import click
import pytest

import compatkit.muscle
from compatkit import extras
from compatkit.commands.muscle_options import config_options
from compatkit.errors import ConfigError, MissingExtraError
from compatkit.muscle.config import METHODS, MuscleConfig
from compatkit.muscle.loss import muscle_loss
from compatkit.muscle.masks import MASKS, Tokens


def test_the_defaults_are_the_recipe_of_the_paper() -> None:
    config = MuscleConfig()
    assert (config.lora_rank, config.lora_alpha, config.lora_dropout) == (128, 256, 0)
    assert (config.learning_rate, config.warmup_steps, config.weight_decay) == (1e-4, 500, 0)
    assert (config.gradient_accumulation, config.epochs, config.validation_share) == (8, 10, 0.2)
    assert (config.temperature, config.mask, config.ce_weight) == (2, "student_wrong", 0)
    assert (config.tokens, config.select) == ("all", "cross_entropy")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "new-base: b\nepochs: 3\nmask: all\n"),
        ("a.yml", "new_base: b\nepochs: 3.0\nmask: all\n"),
        ("a.toml", 'new_base = "b"\nepochs = 3\nmask = "all"\n'),
    ],
)
def test_yaml_and_toml_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    expected = MuscleConfig(new_base="b", epochs=3, mask="all", seed=4)
    assert MuscleConfig.from_file(tmp_path / name, seed=4) == expected


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mask": "nothing"}, "mask is 'nothing'; one of student_wrong, old_right"),
        ({"method": "other"}, "one of muscle, ce, kd_old, kd_mix"),
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"ce_weight": 1.5}, "a number from 0 to 1 was expected. Change --ce-weight"),
        ({"epochs": "many"}, "epochs is 'many'; float was expected"),
        ({"learning_rate": "1e-4"}, "YAML reads 1e-4 as a text; write 1.0e-4"),
        ({"batch_size": True}, "batch_size is True; int was expected"),
        ({"validation_share": 1}, "validation_share is 1"),
        ({"seed": -1}, "seed is -1; a number from 0 to 4294967295"),
        ({"weight_decay": float("inf")}, "weight_decay is inf"),
        ({"target_modules": [1]}, "target_modules is [1]"),
    ],
)
def test_values_that_no_training_could_use_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MuscleConfig(**values)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "learning: 1\n", "no key 'learning'; did you mean 'learning_rate'?"),
        ("a.yaml", "a: [\n", "cannot be read"),
        ("a.yaml", "- a\n", "holds list; keys and values were expected"),
        ("a.toml", "a =\n", "cannot be read"),
        ("a.json", "{}", "a file that ends in .yaml, .yml or .toml was expected"),
        ("a.yaml", "epochs: -1\n", "epochs is -1"),
    ],
)
def test_files_that_say_nothing_usable_are_refused(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        MuscleConfig.from_file(tmp_path / name)
    assert said in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        MuscleConfig.from_file(tmp_path / "nothing.yaml")


def test_each_method_fixes_its_mask() -> None:
    assert {name: MuscleConfig(method=name).chosen_mask for name in METHODS} == {
        "muscle": "student_wrong",
        "ce": None,
        "kd_old": "all",
        "kd_mix": "half",
    }
    assert all(MuscleConfig(mask=mask).chosen_mask == mask for mask in MASKS)


def test_one_more_mask_is_a_function_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def mask_both_right(tokens: Tokens) -> torch.Tensor:
        return (tokens.old_right & tokens.student_right).float()

    monkeypatch.setitem(MASKS, "both_right", mask_both_right)
    assert MuscleConfig(mask="both_right").chosen_mask == "both_right"
    with pytest.raises(ConfigError, match=r"mask is 'nothing'; one of .*, both_right was"):
        MuscleConfig(mask="nothing")
    command = click.command()(config_options("mask")(lambda **_: None))
    (option,) = (option for option in command.params if option.name == "mask")
    assert "both_right" in cast("click.Choice[str]", option.type).choices
    generator = torch.Generator().manual_seed(0)
    student, old, new = (torch.randn(2, 9, 4, generator=generator) for _ in range(3))
    labels = torch.randint(4, (2, 9), generator=generator)
    losses = {mask: muscle_loss(student, old, new, labels, mask=mask) for mask in MASKS}
    assert torch.equal(
        losses["both_right"], muscle_loss(student, old, new, labels, mask=mask_both_right)
    )
    assert len({float(loss) for loss in losses.values()}) == len(MASKS)


def test_the_public_names_are_there() -> None:
    assert compatkit.muscle.__all__ == sorted(compatkit.muscle.__all__)
    for name in compatkit.muscle.__all__:
        assert getattr(compatkit.muscle, name) is not None
    assert dir(compatkit.muscle) == compatkit.muscle.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = compatkit.muscle.nothing


def test_without_the_extra_a_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "peft" else name)
    with pytest.raises(MissingExtraError, match=r'needs peft, .* "compatkit\[muscle\]"'):
        _ = compatkit.muscle.MuscleTrainer


def test_every_mask_and_method_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "muscle.md").read_text(encoding="utf-8")
    for name in [*MASKS, *METHODS]:
        assert f"`{name}`" in page, name
