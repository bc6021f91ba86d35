"""compatkit muscle from end to end, on tiny models."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from muscle.conftest import Tiny, _quiet, tiny  # noqa: F401
from muscle.tiny_bases import make_base, make_rows, write_rows

from compatkit.cli import command_line
from compatkit.commands.muscle_options import config_options, make_muscle_config
from compatkit.errors import CompatkitError, ConfigError, DataError


def run(*words: object, fails: type[CompatkitError] | None = None) -> str:
    """Run a command and return all that it wrote, or the message that it failed with."""
    result = CliRunner().invoke(command_line, ["muscle", *map(str, words)])
    if fails is not None:
        assert isinstance(result.exception, fails), result.output
        return str(result.exception)
    assert result.exception is None, result.output
    return result.output


def models(tiny: Tiny) -> list[str]:  # noqa: F811
    names = ("old_base", "old_adapter", "new_base", "new_adapter")
    return [
        word for n in names for word in (f"--{n.replace('_', '-')}", str(getattr(tiny.config, n)))
    ]


FAST = ["--epochs", 1, "--batch-size", 4, "--gradient-accumulation", 2, "--learning-rate", 0.005]


def test_check_says_that_two_models_fit_and_what_they_take(
    tiny: Tiny,  # noqa: F811
    tmp_path: Path,
) -> None:
    said = run("check", "--old-base", tiny.config.old_base, "--new-base", tiny.config.new_base)
    assert "can be aligned" in said
    assert "one tokenizer, 46 words; 46 in both heads" in said
    assert "GiB  old model, frozen" in said
    (tmp_path / "muscle.yaml").write_text("tokens: choice\n")
    models = ["--old-base", tiny.config.old_base, "--new-base", tiny.config.new_base]
    said = run("check", *models, "-c", tmp_path / "muscle.yaml")
    assert "an example is as many sequences as it has choices" in said


def test_check_refuses_models_that_do_not_fit(tiny: Tiny, tmp_path: Path) -> None:  # noqa: F811
    other = make_base(tmp_path / "other", 1, words=["x", "y"])
    said = run("check", "--old-base", other, "--new-base", tiny.config.new_base, fails=DataError)
    assert "vocabularies" in said
    assert "two models are checked" in run("check", fails=ConfigError)


def test_from_bases_to_a_card_with_scores(tiny: Tiny, tmp_path: Path) -> None:  # noqa: F811
    task = tmp_path / "task"
    said = run(
        "finetune", "--base", tiny.config.new_base, "--data", tiny.config.data, "-o", task,
        *FAST, "--lora-rank", 2, "--lora-alpha", 4, "--logging-steps", 1,
    )  # fmt: skip
    assert "step 2/2  loss " in said
    assert "validation: cross-entropy" in said
    made = tmp_path / "made"
    given = models(tiny)
    given[given.index("--new-adapter") + 1] = str(task)
    merged = tmp_path / "merged"
    said = run("train", *given, "--data", tiny.config.data, "-o", made, *FAST, "--merge", merged)
    assert "from the old model" not in said.split("\n")[0] or "step" in said
    assert "written, with its card" in said
    assert (merged / "config.json").exists()
    control = tmp_path / "control"
    run("train", *given, "--data", tiny.config.data, "-o", control, *FAST, "--method", "ce")
    rows = [{"prompt": each["prompt"], "reference": each["completion"]} for each in make_rows(6, 9)]
    test = write_rows(tmp_path / "test.jsonl", rows)
    asked = ["evaluate", made, "--data", test, "--max-new-tokens", 3, "--control", f"ce={control}"]
    said = run(*asked)
    assert "6 examples" in said
    assert sorted(each.name for each in (made / "predictions").glob("*.jsonl")) == [
        "ce.jsonl", "compatibility.jsonl", "new.jsonl", "old.jsonl",
    ]  # fmt: skip
    assert run(*asked) == said  # nothing is asked twice, and nothing is written over
    card = run("report", made)
    assert "## Scores" in card
    assert "| test | compatibility | 6 |" in card
    assert card == (made / "README.md").read_text()
    scores = json.loads((made / "muscle.json").read_text())["scores"]
    assert [each["model"] for each in scores] == ["new", "compatibility", "ce"]


def test_a_file_says_what_the_command_does_not(tiny: Tiny, tmp_path: Path) -> None:  # noqa: F811
    names = ("old_base", "old_adapter", "new_base", "new_adapter", "data")
    lines = [f"{name}: {json.dumps(str(getattr(tiny.config, name)))}" for name in names]
    lines += ["epochs: 3", "batch_size: 8", "gradient_accumulation: 1", "learning_rate: 0.005"]
    (tmp_path / "muscle.yaml").write_text("\n".join(lines))
    run("train", "-c", tmp_path / "muscle.yaml", "-o", tmp_path / "made", "--epochs", 1)
    config = json.loads((tmp_path / "made" / "muscle.json").read_text())["config"]
    assert (config["epochs"], config["batch_size"]) == (1.0, 8)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train"], "no new_base; pass --new-base"),
        (["finetune", "--base", "b"], "no data; pass --data"),
        (["finetune", "--base", "b", "--data", "d", "-o", "o", "--epochs", "0"], "epochs is 0.0"),
        (["evaluate", "nothing", "--data", "d"], "no muscle.json"),
        (["report", "nothing"], "no muscle.json"),
        (["train", "-c", "nothing.yaml"], "cannot be read"),
    ],
)
def test_what_is_missing_is_said(words: list[str], said: str) -> None:
    assert said in run(*words, fails=CompatkitError)


def test_a_control_without_a_name_is_refused(tiny: Tiny, tmp_path: Path) -> None:  # noqa: F811
    made = tmp_path / "made"
    run("train", *models(tiny), "--data", tiny.config.data, "-o", made, *FAST)
    for control in ("ce", "=x", "old=x", "a/b=x"):
        said = run("evaluate", made, "--data", "d", "--control", control, fails=ConfigError)
        assert "NAME=ADAPTER was expected" in said
    for folder, reason in (
        (made / "muscle.json", "muscle.json: is a file; a folder is written"),
        (tmp_path / "no" / "predictions", "cannot be written: its folder does not exist"),
    ):
        said = run("evaluate", made, "--data", "d", "--predictions", folder, fails=ConfigError)
        assert reason in said
    record = json.loads((made / "muscle.json").read_text())
    del record["config"]["old_base"]
    (made / "muscle.json").write_text(json.dumps(record))
    assert "no old_base; pass --old-base" in run("evaluate", made, "--data", "d", fails=ConfigError)


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (["--target-modules", "all-linear"], "all-linear"),
        (["--target-modules", "q_proj", "--target-modules", "v_proj"], ["q_proj", "v_proj"]),
    ],
)
def test_modules_that_an_adapter_adapts_are_named(words: list[str], modules: object) -> None:
    made: list[object] = []

    @click.command()
    @config_options("target_modules")
    def command(**values: object) -> None:
        made.append(make_muscle_config(values).target_modules)

    assert CliRunner().invoke(command, words, catch_exceptions=False).exit_code == 0
    assert made == [modules]


def test_accelerate_launches_it(tiny: Tiny, tmp_path: Path) -> None:  # noqa: F811
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "1"]
    launch += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    words = ["-m", "compatkit", "muscle", "train", *models(tiny), "--data", tiny.config.data]
    words += ["-o", tmp_path / "made", *FAST]
    done = subprocess.run(
        [*launch, *map(str, words)],
        capture_output=True, check=False, encoding="utf-8", env=environment, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "made" / "adapter_model.safetensors").exists()
    assert "written, with its card" in done.stderr


def test_ctrl_c_ends_with_what_to_do_and_the_code_of_shells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import compatkit.cli
    import compatkit.commands.muscle as commands
    import compatkit.muscle.train as training

    def interrupted(*_: object, **__: object) -> None:
        raise training.InterruptedTrainingError("interrupted at step 3; --resume goes on from it")

    monkeypatch.setattr(training, "train_adapter", interrupted)
    monkeypatch.setattr(commands, "check_train", lambda *_, **__: None)
    monkeypatch.setattr(sys, "argv", ["compatkit", "muscle", "train"])
    with pytest.raises(SystemExit) as ended:
        compatkit.cli.main()
    assert ended.value.code == 130


def test_a_folder_that_is_there_is_refused_before_training(
    tiny: Tiny,  # noqa: F811
    tmp_path: Path,
) -> None:
    given = ["--data", tiny.config.data, "-o", tmp_path / "made", *FAST, "--merge", tmp_path]
    assert "is there already" in run("train", *models(tiny), *given, fails=ConfigError)
    assert not (tmp_path / "made").exists()


def test_adapters_of_another_base_are_not_asked(tiny: Tiny, tmp_path: Path) -> None:  # noqa: F811
    made = tmp_path / "made"
    run("train", *models(tiny), "--data", tiny.config.data, "-o", made, *FAST)
    data = write_rows(tmp_path / "test.jsonl", [{"id": 1, "prompt": "w1", "reference": "w1"}])
    for words in (
        ("--control", f"ce={tiny.config.old_adapter}"),
        ("--old-base", tiny.config.new_base),
    ):
        said = run("evaluate", made, "--data", data, *words, fails=DataError)
        assert "was made for the base" in said


def test_a_damaged_record_is_no_fault(tmp_path: Path) -> None:
    record = {name: {} for name in ("config", "files", "data", "versions")}
    record |= {"what": "muscle", "epochs": [], "best": None, "steps": 1}
    (tmp_path / "muscle.json").write_text(json.dumps(record))
    assert "not a record" in run("report", tmp_path, fails=DataError)
