"""What holds for the folder of every module: it can be pushed to the Hub as it stands."""

import re
import shutil
import subprocess
import sys

import evaluate
import pytest
import yaml
from evaluate_module_cases import FOLDER

import compatkit
from compatkit.errors import ConfigError, DataError
from compatkit.evaluate_modules import MODULES, Module, space
from compatkit.evaluate_modules.space import list_files, make_space
from compatkit.evaluate_modules.widget import compute_texts
from compatkit.metrics.definitions import METRICS
from compatkit.scorers.make import make_scorer

HEADINGS = [
    *("How to use", "Inputs", "Output", "Examples", "Limits", "Citation"),
]


def read_card(name: str) -> tuple[dict, str]:
    text = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    assert match
    return yaml.safe_load(match[1]), match[2]


def test_every_folder_is_in_the_table() -> None:
    folders = {path.name for path in FOLDER.iterdir() if (path / "README.md").exists()}
    assert folders == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_folder_is_complete(name) -> None:
    files = {path.name for path in (FOLDER / name).iterdir() if path.is_file()}
    assert files == set(list_files(name))
    requirements = (FOLDER / name / "requirements.txt").read_text().split()
    assert [each.partition(">=")[0] for each in requirements] == ["compatkit[evaluate]"]


@pytest.mark.parametrize("name", MODULES)
def test_the_card_says_what_a_card_says(name) -> None:
    head, body = read_card(name)
    assert {"evaluate", "metric"} <= set(head["tags"])
    assert head["sdk"] == "gradio"
    assert re.fullmatch(r"\d+\.\d+\.\d+", head["sdk_version"])
    assert head["python_version"] == "3.11"  # a Space's own default is older than compatkit takes
    assert head["app_file"] == "app.py"
    assert head["description"] == MODULES[name].description
    assert f"# {head['title']}\n" in body
    assert re.findall(r"^## (.+)$", body, re.MULTILINE) == HEADINGS
    for metric in MODULES[name].metrics:
        assert f"- `{metric}`: " in body
    assert body.count(">>> ") >= 4
    assert "url={https://arxiv.org/abs/" in body


@pytest.mark.parametrize("name", MODULES)
def test_the_entry_names_what_there_is(name) -> None:
    module = MODULES[name]
    assert set(module.metrics) <= set(METRICS)
    for scorer in module.scorers:
        assert make_scorer(scorer).name == scorer


@pytest.mark.parametrize("name", MODULES)
def test_a_space_is_a_copy_and_its_commands_name_it(name, tmp_path) -> None:
    commands = make_space(name, tmp_path, f"somebody/{name}")
    made = tmp_path / name
    assert sorted(path.name for path in made.iterdir()) == list_files(name)
    for path in made.iterdir():
        assert path.read_bytes() == (FOLDER / name / path.name).read_bytes()
    assert commands[0].startswith(f"hf repos create somebody/{name} --type space")
    assert commands[1] == f"hf upload somebody/{name} {made} . --type space"


def test_a_space_that_cannot_be_made_is_a_sentence(tmp_path) -> None:
    make_space("compatibility", tmp_path)
    with pytest.raises(DataError, match="is there already"):
        make_space("compatibility", tmp_path)
    with pytest.raises(ConfigError, match="no evaluate module 'accuracy'"):
        make_space("accuracy", tmp_path)
    with pytest.raises(ConfigError, match="USER/compatibility was expected"):
        make_space("compatibility", tmp_path, "somebody/other")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        make_space("compatibility", tmp_path / "file")


def test_the_command_prints_the_upload_and_uploads_nothing(tmp_path) -> None:
    command = [sys.executable, "-m", "compatkit.evaluate_modules", "rouge_flips", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[1] == (
        f"hf upload USER/rouge_flips {tmp_path / 'rouge_flips'} . --type space"
    )
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert "Traceback" not in again.stderr


def test_the_widget_takes_json_lists() -> None:
    result = compute_texts("exact_match_flips", '["a", 1]', '["b", 1]', '["a", [1, 2]]')
    assert result["negative_flip_rate"] == 0.5
    assert result["total"] == 2
    scores = compute_texts("negative_flip_rate", "[0.9]", "[0.1]", " ")
    assert scores["negative_flips"] == 1


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (("[1", "[1]", "[1]"), "old_predictions are no JSON list"),
        (("[1]", "3", "[1]"), "predictions is a int"),
        (("[1]", "[1, 2]", "[1]"), "have 1 values and predictions have 2"),
        (("", "", ""), "old_predictions are no JSON list"),
        (("[]", "[]", ""), "no examples"),
    ],
)
def test_a_fault_in_the_widget_is_a_sentence(texts, message) -> None:
    assert message in compute_texts("negative_flip_rate", *texts)["error"]


@pytest.mark.parametrize("name", MODULES)
def test_every_module_is_documented(name) -> None:
    page = (FOLDER.parents[1] / "docs" / "evaluate.md").read_text(encoding="utf-8")
    assert f"\n| `{name}` | " in page


SCRIPT = """
from compatkit.evaluate_modules.flip_module import FlipModule

class AccuracyChange(FlipModule):
    module = "accuracy_change"
"""


def test_one_more_module_is_a_line_and_a_folder(tmp_path, monkeypatch) -> None:
    description = "The accuracy of the new model less that of the old."
    monkeypatch.setitem(MODULES, "accuracy_change", Module(description, ("accuracy_delta",)))
    folder = shutil.copytree(FOLDER / "negative_flip_rate", tmp_path / "accuracy_change")
    (folder / "negative_flip_rate.py").unlink()
    (folder / "accuracy_change.py").write_text(SCRIPT)
    module = evaluate.load(str(folder))
    assert module.description == description
    columns = {"old_predictions": [1, 0, 1, 0], "predictions": [1, 0, 0, 0]}
    assert module.compute(**columns) == {"accuracy_delta": -0.25}
    monkeypatch.setattr(space, "HERE", tmp_path)
    make_space("accuracy_change", tmp_path / "made")
    assert (tmp_path / "made/accuracy_change/accuracy_change.py").read_text() == SCRIPT
    shown = compute_texts("accuracy_change", '["a", "b"]', '["a", "c"]', '["a", "c"]')
    assert shown["accuracy_delta"] == 0.5


def test_the_public_names() -> None:
    assert compatkit.evaluate_module("compatibility") == str(FOLDER / "compatibility")
