"""The command line: two checkpoints, two files, a comparison; and what a user may get wrong."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from command_runner import make_runner
from jsonschema import Draft202012Validator
from runner.tiny_models import DEVICE, read_jsonl

from compatkit import compare
from compatkit.cli import command_line
from compatkit.commands.run import SETTINGS
from compatkit.errors import CompatkitError, ConfigError, DataError
from compatkit.readers.run_header import describe_header
from compatkit.runner import run as run_module
from compatkit.runner.settings import Settings
from compatkit.runner.task import TASKS, list_keys

ROOT = Path(__file__).parents[2]
AUTOMATIC = run_module.ON_CPU if DEVICE == "cpu" else run_module.ON_GPU
FEW = ("--max-new-tokens", "6", "--device", DEVICE)


def call(*words: str | Path) -> Result:
    return make_runner().invoke(command_line, list(map(str, words)), catch_exceptions=False)


@pytest.fixture
def here(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of one's own, with the data at hand."""
    monkeypatch.chdir(tmp_path)
    for name in ("hellaswag", "gsm8k", "plain"):
        shutil.copy(tiny / f"{name}.jsonl", tmp_path)
    return tmp_path


def test_from_two_checkpoints_to_what_the_update_broke(tiny: Path, here: Path) -> None:
    for name, model in (("old", "llama"), ("new", "llama-v2")):
        words = ["run", "--model", tiny / model, "--task", "hellaswag", "--data", "hellaswag.jsonl"]
        done = call(*words, "-o", f"{name}.jsonl", "--device", DEVICE)
        assert (done.exit_code, done.stdout) == (0, "")
        assert done.stderr == f"{name}.jsonl: 20 answers\n"
    scored = call("score", "old.jsonl", "new.jsonl", "--json")
    assert scored.exit_code == 0
    report = json.loads(scored.stdout)
    schema = json.loads((ROOT / "docs/score.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(report)
    [found] = report["results"]
    assert found["scorer"] == "choice"
    rights = [[row["acc"] for row in read_jsonl(here / f"{side}.jsonl")] for side in ("old", "new")]
    flips = sum(old > new for old, new in zip(*rights, strict=True))
    assert found["counts"]["negative_flips"] == flips > 0
    assert found["runs"]["old"]["model"]["name"] == str(tiny / "llama")
    assert found["runs"]["new"]["task"]["name"] == "hellaswag"
    assert set(found["note_kinds"]) == {"confidence"}
    by_field = compare("old.jsonl", "new.jsonl", scorer="field:acc")
    assert by_field.counts.negative_flips == flips
    normal = compare("old.jsonl", "new.jsonl", scorer="field:acc_norm")
    named = compare(
        "old.jsonl", "new.jsonl", scorer="choice", fields={"prediction": "prediction_normalized"}
    )
    assert normal.counts == named.counts
    limits = ["--max-nfr", "0.01", "--decide", "point"]
    gated = call("gate", "old.jsonl", "new.jsonl", *limits, "--json")
    verdict = json.loads(gated.stdout)
    assert verdict["decisions"][0]["numerator"] == flips
    assert (verdict["outcome"], verdict["exit_code"]) == ("fail", 1)
    with pytest.raises(DataError, match="20 examples, too few for a limit that could be broken"):
        call("gate", "--init", "old.jsonl", "new.jsonl")
    assert not (here / "compatkit.toml").exists()


def test_several_models_are_run_and_scored_at_once(tiny: Path, here: Path) -> None:
    words = ["run", "-m", tiny / "llama", "-m", tiny / "llama-v2", "--task", "gsm8k"]
    words += ["--data", "gsm8k.jsonl", "--score", *FEW]
    done = call(*words)
    assert done.exit_code == 0
    assert done.stdout.startswith("llama -> llama-v2\n")
    assert "\n20 examples, numeric\n" in done.stdout
    assert "llama was made by" in done.stdout
    assert call("score", "llama.jsonl", "llama-v2.jsonl").stdout == done.stdout
    assert sorted(path.name for path in here.glob("llama*")) == [
        "llama-v2.jsonl",
        "llama-v2.meta.json",
        "llama.jsonl",
        "llama.meta.json",
    ]


def make_pair(tiny: Path, *more: str) -> None:
    for name, model, words in (("old", "llama", ()), ("new", "llama-v2", more)):
        every = ["run", "-m", tiny / model, "--data", "plain.jsonl", "-o", f"{name}.jsonl"]
        assert call(*every, *FEW, *words).exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stop", "zz"), 'made with different generation: generation.stop [] and ["zz"]'),
        (("--chat-template",), "made with different prompts: prompts.chat_template false and true"),
        (("--batch-size", "2"), f"made with different batches: batches.size {AUTOMATIC} and 2"),
        (("--keep", "lang"), ""),
    ],
)
def test_score_says_where_two_files_were_made_differently(
    tiny: Path, here: Path, words: tuple[str, ...], said: str
) -> None:
    make_pair(tiny, *words)
    done = call("score", "old.jsonl", "new.jsonl", "-s", "exact_match")
    assert done.exit_code == 0
    shown = re.sub(r"\s+", " ", done.stdout)
    assert said in shown
    assert ("made with different" in shown) == bool(said)
    notes = compare("old.jsonl", "new.jsonl").notes
    assert any(said in note for note in notes) or not said


def test_what_was_cut_is_counted_of_each_side(tiny: Path, here: Path) -> None:
    make_pair(tiny)
    counts = {}
    for side in ("old", "new"):
        path = here / f"{side}.meta.json"
        header = json.loads(path.read_text())
        counts[side] = header["predictions"]["unfinished"]
        assert counts[side] == sum(
            not row["finished"] for row in read_jsonl(here / f"{side}.jsonl")
        )
        header["predictions"]["unclosed"] = 2 if side == "new" else 0
        path.write_text(json.dumps(header))
    notes = [note.text for note in compare("old.jsonl", "new.jsonl").noted if note.kind == "cut"]
    sides = ", ".join(f"{counts[side]} of 12 of {side}.jsonl" for side in ("old", "new"))
    assert notes == [
        f"answers cut at the largest length: {sides}",
        "answers missing, as the thinking did not end: 0 of 12 of old.jsonl, 2 of 12 of new.jsonl",
    ]


def test_a_template_s_arguments_are_json_or_text(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: list[Any] = []
    monkeypatch.setattr("compatkit.commands.run.check_model", lambda *_, **__: None)
    monkeypatch.setattr("compatkit.commands.run._run", lambda _, made, *__: settings.append(made))
    words = ["--template-arg", "a=false", "--template-arg", "b=low", "--template-arg", "c=3"]
    call("run", "-m", "x", "--data", "plain.jsonl", "-o", "new.jsonl", "--chat-template", *words)
    assert settings[0].template_args == {"a": False, "b": "low", "c": 3}


def test_a_header_that_does_not_fit_its_file_is_said(tiny: Path, here: Path) -> None:
    make_pair(tiny)
    old, new = (here / f"{side}.meta.json" for side in ("old", "new"))

    def notes() -> str:
        return " | ".join(compare("old.jsonl", "new.jsonl", edited="keep").notes)

    rows = (here / "old.jsonl").read_bytes()
    (here / "old.jsonl").write_bytes(rows.replace(b"p0", b"p0", 1) + b"\n")
    assert "old.jsonl is no longer the file that old.meta.json describes" in notes()
    (here / "old.jsonl").write_bytes(rows)
    assert "meta.json" not in notes()
    new.write_text("{")
    assert "new.meta.json cannot be read" in notes()
    new.write_text('{"compatkit_run": NaN}')
    assert "new.meta.json cannot be read" in notes()
    new.write_text('{"compatkit_run": 99}')
    assert "new.meta.json has format 99; format 1 was expected" in notes()
    new.write_text('{"mine": 1}')
    assert "how new.jsonl was made is not known" in notes()
    new.unlink()
    assert "how new.jsonl was made is not known" in notes()
    shutil.copy(old, new)
    assert "both files come from the same checkpoint" in notes()
    old.unlink()
    new.unlink()
    assert "made" not in notes()


def test_a_header_of_anybody_s_making_breaks_no_report(here: Path) -> None:
    row = '{"id": "a", "prediction": "x", "reference": "x"}\n'
    for side in ("old", "new"):
        (here / f"{side}.jsonl").write_text(row)
    for content in (
        {"model": 3, "task": [], "scorer": {"name": 5}, "predictions": {"sha256": [1]}},
        {"model": {"name": "\x1b[31m::error::", "weights": {"a": 1}}, "batches": "x"},
        {},
    ):
        for side in ("old", "new"):
            (here / f"{side}.meta.json").write_text(json.dumps({"compatkit_run": 1, **content}))
        for words in ((), ("--json",), ("--markdown",)):
            done = call("score", "old.jsonl", "new.jsonl", *words)
            assert done.exit_code == 0
            assert "\x1b" not in done.stdout
            assert "\n::error" not in done.stdout


def test_headers_in_a_folder_are_no_tasks(tiny: Path, here: Path) -> None:
    make_pair(tiny)
    for side in ("old", "new"):
        (here / side / "x").parent.mkdir()
        shutil.move(here / f"{side}.jsonl", here / side / "plain.jsonl")
        shutil.move(here / f"{side}.meta.json", here / side / "plain.meta.json")
    done = call("score", "old", "new", "--json")
    [found] = json.loads(done.stdout)["results"]
    assert found["task"] == "plain"
    assert found["runs"]["new"]["compatkit_run"] == 1
    assert not any("left aside" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "{}/llama"), "--data FILE, or from --dataset NAME"),
        (("-m", "{}/none/x/y", "--data", "plain.jsonl"), "no such folder"),
        (("-m", "{}/llama", "--data", "no.jsonl"), "no.jsonl: no such file"),
        (("-m", "{}/llama", "--data", "broken.jsonl"), "broken.jsonl:1: "),
        (("-m", "{}/llama", "--data", "empty.jsonl"), "the file holds no rows"),
        (("-m", "{}/llama", "--data", "gsm8k.jsonl"), 'no field "prompt"; the fields are question'),
        (("-m", "{}/llama", "--data", "gsm8k.jsonl", "--task", "piqa"), "'goal' is undefined"),
        (("-m", "{}/llama", "--data", "plain.jsonl", "--task", "x"), "--task x: no such task"),
        (("-m", "{}/llama", "--data", "plain.jsonl", "-o", "no/x.jsonl"), "folder does not exist"),
        (("-m", "{}/llama", "--data", "plain.jsonl", "-o", "x.csv"), "ends in .jsonl"),
        (("-m", "{}/llama", "--data", "plain.jsonl", "-o", "x.jsonl"), "it is a folder"),
        (("-m", "{}/llama", "--data", "plain.jsonl", "--score"), "pass --model twice"),
        (
            (
                *("-m", "{}/llama", "-m", "{}/llama", "-o", "1.jsonl", "-o", "2.jsonl"),
                *("--data", "plain.jsonl", "--score", "--scorer", "x"),
            ),
            "no scorer 'x'",
        ),
        (("-m", "{}/llama", "--data", "plain.jsonl", "-s", "x"), "--scorer: scores nothing"),
        (
            ("-m", "{}/llama", "--data", "plain.jsonl", "--subset", "x"),
            "--subset: is of a data set",
        ),
        (("-m", "{}/llama", "--data", "plain.jsonl", "--split", "x"), "--split: is of a data set"),
        (
            ("-m", "{}/llama", "--data", "plain.jsonl", "--dataset-revision", "x"),
            "--dataset-revision: is of a data set",
        ),
        (("-m", "{}/llama", "--data", "plain.jsonl", "--shots-data", "x"), "without --shots"),
        (("-m", "{}/llama", "--data", "plain.jsonl", "--keep", "x"), 'no field "x" to keep'),
        (
            ("-m", "{}/llama", "--data", "gsm8k.jsonl", "--task", "gsm8k", "--prompt-field", "x"),
            "the task gsm8k says what is read",
        ),
        (
            ("-m", "{}/llama", "--data", "plain.jsonl", "--adapter", "a", "--adapter", "b"),
            "--adapter is given 2 times for 1 models",
        ),
        (("-m", "{}/llama", "-m", "{}/llama", "--data", "plain.jsonl"), "named for two outputs"),
    ],
)
def test_what_a_user_gets_wrong_is_said_before_any_work(
    tiny: Path, here: Path, words: tuple[str, ...], said: str
) -> None:
    (here / "broken.jsonl").write_text('{"prompt": \n')
    (here / "empty.jsonl").write_text("")
    (here / "x.jsonl").mkdir()
    before = sorted(here.iterdir())
    with pytest.raises(CompatkitError, match=re.escape(said)) as raised:
        call("run", *(word.replace("{}", str(tiny)) for word in words), "--device", DEVICE)
    assert isinstance(raised.value, ConfigError | DataError)
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gsm8k.jsonl", ("--data", "gsm8k.jsonl", "--task", "gsm8k", "-o", "gsm8k.jsonl")),
        ("gsm8k.jsonl", ("--data", "gsm8k.jsonl", "--task", "gsm8k", "-o", "linked.jsonl")),
        (
            "plain.jsonl",
            ("--data", "gsm8k.jsonl", "--shots-data", "plain.jsonl", "-o", "./plain.jsonl"),
        ),
        ("k.meta.json", ("--data", "k.meta.json", "-o", "k.jsonl")),
    ],
)
def test_what_a_run_reads_is_never_written_over(
    tiny: Path, here: Path, name: str, words: tuple[str, ...]
) -> None:
    (here / "linked.jsonl").symlink_to(here / "gsm8k.jsonl")
    (here / "k.meta.json").write_text('[{"compatkit_run": 1, "prompt": "a"}]')
    before = (here / name).read_bytes()
    with pytest.raises(ConfigError, match=r"is read, and would be written over|no header of a run"):
        call("run", "-m", f"{tiny}/llama", *words, "--device", DEVICE, "--overwrite")
    assert (here / name).read_bytes() == before


def test_a_task_file_is_not_written_over(tiny: Path, here: Path) -> None:
    (here / "new.jsonl").write_text("kept")
    (here / "mine.toml").symlink_to(here / "new.jsonl")
    words = ("--data", "plain.jsonl", "--task", "mine.toml", "-o", "new.jsonl", "--overwrite")
    with pytest.raises(ConfigError, match="is read, and would be written over"):
        call("run", "-m", f"{tiny}/llama", *words, "--device", DEVICE)
    assert (here / "new.jsonl").read_text() == "kept"


def test_the_command_knows_every_setting() -> None:
    own = {"prefix_sharing", "sort_by_length", "no_repeat_ngram_size"}
    assert set(SETTINGS) == set(Settings.__dataclass_fields__) - own
    command = command_line.get_command(click.Context(command_line), "run")
    assert command is not None
    assert set(SETTINGS) <= {parameter.name for parameter in command.params}


def test_the_page_of_the_runner_names_every_key() -> None:
    page = (ROOT / "docs/runner.md").read_text(encoding="utf-8")
    for name in [*TASKS, *list_keys()]:
        assert f"`{name}`" in page, name


def test_a_header_is_described_in_one_line(tiny: Path, here: Path) -> None:
    make_pair(tiny)
    header: dict[str, Any] = json.loads((here / "old.meta.json").read_text())
    said = describe_header(header)
    weights = header["model"]["digest"].removeprefix("sha256:")[:12]
    unfinished = header["predictions"]["unfinished"]
    assert said == (
        f"{tiny / 'llama'} ({weights}), no task, 0-shot, {unfinished} answers cut at the largest "
        f"length, float32 on {header['batches']['device']}"
    )


def test_an_interrupted_run_says_how_it_goes_on(
    tiny: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "run_model", interrupt)
    words = ["run", "-m", tiny / "llama", "--data", "plain.jsonl", "-o", "new.jsonl", *FEW]
    done = make_runner().invoke(command_line, list(map(str, words)))
    assert "new.jsonl: interrupted; what was finished is kept" in done.stderr
    assert "--resume goes on" in done.stderr
    assert done.exit_code == 1


def test_several_models_take_an_output_each(tiny: Path, here: Path) -> None:
    words = ["run", "-m", tiny / "llama", "-m", tiny / "llama-v2", "--data", "plain.jsonl"]
    with pytest.raises(ConfigError, match=r"-o is given 1 times for 2 models. Give one each"):
        call(*words, "-o", "new.jsonl")
