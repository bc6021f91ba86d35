"""What is refused without a model is refused before a heavy library is imported."""

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

pytest.importorskip("peft", reason="the extras run and muscle are not installed")

from muscle.conftest import Tiny, _quiet, tiny  # noqa: F401

# Runs commands in one process and tells what each said, and whether torch came with it.
CODE = """
import json, sys
from compatkit.cli import command_line
for words in json.loads(sys.stdin.read()):
    said = "nothing"
    try:
        command_line.main(words, standalone_mode=False)
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    heavy = sorted({"torch", "transformers", "peft", "accelerate"} & sys.modules.keys())
    print(json.dumps([said, heavy]), file=sys.stderr)
"""

RUN = ["run", "-m", "{new_base}", "--data", "plain.jsonl", "-o", "new.jsonl"]
TWO = ["run", "-m", "{old_base}", "-m", "{new_base}", "--data", "plain.jsonl"]
TWO += ["-o", "a.jsonl", "-o", "b.jsonl"]
TRAIN = ["muscle", "train", "--old-base", "{old_base}", "--old-adapter", "{old_adapter}"]
TRAIN += ["--new-base", "{new_base}", "--new-adapter", "{new_adapter}"]
TRAIN += ["--data", "{data}", "-o", "out"]
FINETUNE = ["muscle", "finetune", "--base", "{new_base}", "--data", "{data}", "-o", "out"]
EVALUATE = ["muscle", "evaluate", "made", "--data", "plain.jsonl"]
CHECK = ["muscle", "check", "--old-base", "{old_base}", "--new-base", "{new_base}"]

BLEND = ["muscle", "blend", "{new_adapter}", "{new_adapter}", "-o", "x"]

INSTEAD = {"--data", "--base", "--old-base", "--new-base", "--old-adapter", "--new-adapter"}
REFUSED: list[tuple[list[str], str]] = [
    ([*RUN, "--task", "nothing"], "no such task"),
    ([*RUN, "--task", "odd.toml"], "not TOML"),
    ([*RUN, "--task", "gsm8k", "--prompt-field", "x"], "says what is read"),
    ([*RUN, "--data", "none.jsonl"], "no such file"),
    ([*RUN, "--data", "empty.jsonl"], "no rows"),
    ([*RUN, "--dataset", "x"], "say one"),
    ([*RUN, "--prompt-field", "x"], 'no field "x"'),
    ([*RUN, "--reference-field", "x"], 'no field "x"'),
    ([*RUN, "--id-field", "x"], 'no field "x"'),
    ([*RUN, "--keep", "x"], 'no field "x" to keep'),
    ([*RUN, "--task", "piqa"], "is undefined"),
    ([*RUN, "--dtype", "int3"], "--dtype is int3"),
    ([*RUN, "--batch-size", "0"], "--batch-size is 0"),
    ([*RUN, "--max-new-tokens", "0"], "--max-new-tokens is 0"),
    ([*RUN, "--temperature", "-1"], "--temperature is -1"),
    ([*RUN, "--top-p", "0"], "--top-p is 0"),
    ([*RUN, "--max-length", "1"], "--max-length is 1"),
    ([*RUN, "--samples", "2"], "at temperature 0"),
    ([*RUN, "--think-end", ""], "--think-end is ; a text"),
    ([*RUN, "--task", "choose.toml", "--think-end", "x"], "chooses and writes nothing"),
    ([*RUN, "--template-arg", "a=1"], "is of --chat-template"),
    ([*CHECK, "--data", "none.jsonl"], "no such file"),
    ([*RUN, "--shots", "2"], "needs --shots-data"),
    ([*RUN, "--shots-data", "plain.jsonl"], "--shots-data without --shots"),
    ([*RUN, "--shots", "9", "--shots-data", "plain.jsonl"], "has 3 rows"),
    ([*RUN, "-s", "numeric"], "scores nothing without --score"),
    ([*TWO, "--score", "-s", "nothing"], "no scorer"),
    ([*RUN, "--score"], "pass --model twice"),
    ([*RUN, "--adapter", "a", "--adapter", "b"], "given 2 times"),
    ([*RUN, "-o", "b.jsonl"], "-o is given 2 times"),
    ([*RUN[:-1], "new.csv"], "ends in .jsonl"),
    ([*RUN[:-1], "folder.jsonl"], "it is a folder"),
    ([*RUN[:-1], "none/new.jsonl"], "its folder does not exist"),
    ([*RUN[:-1], "plain.jsonl"], "is read, and would be written over"),
    ([*RUN[:-1], "there.jsonl"], "is there already"),
    ([*RUN[:-1], "there.jsonl", "--resume"], "no header that describes it"),
    ([*RUN[:-1], "cut.jsonl"], "--resume goes on"),
    ([*RUN[:-1], "foreign.jsonl", "--overwrite"], "no header of a run"),
    (["run", "-m", "a", "-m", "a", "--data", "plain.jsonl"], "named for two outputs"),
    (["run", "-m", "none/x/y", "--data", "plain.jsonl"], "no such folder"),
    (["run", "-m", "plain.jsonl", "--data", "plain.jsonl"], "is no folder"),
    (["run", "-m", "pickled", "--data", "plain.jsonl"], "is a pickle"),
    (["run", "-m", "bare", "--data", "plain.jsonl"], "no weights"),
    ([*RUN, "--adapter", "{old_adapter}"], "was made for the base"),
    ([*RUN, "--adapter", "bare"], "no adapter_config.json"),
    (["muscle", "train"], "no new_base"),
    ([*TRAIN[:-1], "none/out"], "its folder does not exist"),
    ([*TRAIN[:-1], "plain.jsonl"], "is a file"),
    ([*TRAIN[:-1], "{new_adapter}"], "holds an adapter already"),
    ([*TRAIN[:-1], "begun"], "holds the checkpoints"),
    ([*TRAIN, "--resume"], "no checkpoint to go on from"),
    ([*TRAIN, "--merge", "bare"], "is there already"),
    ([*TRAIN, "--cache", "plain.jsonl"], "is a file"),
    ([*TRAIN, "--data", "none.jsonl"], "no such file"),
    ([*TRAIN, "--data", "bare"], "is a folder"),
    ([*TRAIN, "--prompt-field", "x"], "no field 'x'"),
    ([*TRAIN, "--tokens", "choice"], "the loss is over the choice"),
    ([*TRAIN, "--epochs", "0"], "epochs is 0.0"),
    ([*TRAIN, "--old-base", "pickled"], "is a pickle"),
    ([*TRAIN, "--new-base", "bare"], "no weights"),
    ([*TRAIN, "--new-adapter", "{old_adapter}"], "was made for the base"),
    ([*TRAIN, "--old-adapter", "bare"], "no adapter_config.json"),
    ([*TRAIN, "-c", "none.yaml"], "cannot be read"),
    ([*TRAIN, "--new-base", "made"], "holds adapter_config.json"),
    ([*TRAIN, "--new-adapter", "biased"], "its bias is 'all'"),
    ([*TRAIN, "--new-adapter", "ia3"], "an adapter of the type IA3"),
    (["run", "-m", "made", "--data", "plain.jsonl"], "holds adapter_config.json"),
    (["muscle", "finetune", "--base", "x"], "no data"),
    ([*FINETUNE, "--base", "pickled"], "is a pickle"),
    ([*FINETUNE, "--lora-rank", "0"], "lora_rank is 0"),
    ([*FINETUNE, "--validation", "none.jsonl"], "no such file"),
    (["muscle", "check"], "two models are checked"),
    ([*CHECK, "--old-base", "pickled"], "is a pickle"),
    ([*BLEND, "--weight", "2"], "--weight is 2.0"),
    ([*BLEND[:-1], "bare", "--weight", "0.5"], "is there already"),
    ([*BLEND, "biased", "--weight", "0.5"], "nexpected extra argument"),
    (["muscle", "blend", "{new_adapter}", "biased", "-o", "x", "--weight", "1"], "bias is 'all'"),
    (["muscle", "blend", "{new_adapter}", "{old_adapter}", "-o", "x", "--weight", "1"], "was made"),
    (["muscle", "data", "--task", "no", "--data", "plain.jsonl", "-o", "x"], "no such task"),
    ([*TRAIN, "--unlabelled", "plain.jsonl"], "only a loss over the choice"),
    (["muscle", "report", "bare"], "no muscle.json"),
    (["muscle", "evaluate", "bare", "--data", "plain.jsonl"], "no muscle.json"),
    ([*EVALUATE, "--control", "x"], "NAME=ADAPTER was expected"),
    ([*EVALUATE, "--control", "x={old_adapter}"], "was made for the base"),
    ([*EVALUATE, "--old-base", "pickled"], "is a pickle"),
    ([*EVALUATE, "--task", "nothing"], "no such task"),
    ([*EVALUATE, "-s", "nothing"], "no scorer"),
    ([*EVALUATE, "--data", "none.jsonl"], "no such file"),
    ([*EVALUATE, "--predictions", "none/x"], "its folder does not exist"),
    ([*EVALUATE, "--predictions", "plain.jsonl"], "is a file"),
]


def say_last(words: list[str]) -> list[str]:
    """Let what a case says stand in the place of what its command says of the same option."""
    kept: list[str] = []
    for word in words:
        if word in INSTEAD and word in kept:
            place = kept.index(word)
            del kept[place : place + 2]
        kept.append(word)
    return kept


@pytest.fixture(scope="module")
def refusals(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:  # noqa: F811
    """Run all commands that are refused in one process, in a folder of their own."""
    here = tmp_path_factory.mktemp("refused")
    row = {"prompt": "w1", "reference": "w1", "question": "w1"}
    (here / "plain.jsonl").write_text(3 * (json.dumps(row) + "\n"))
    for name in ("empty.jsonl", "there.jsonl", "foreign.meta.json"):
        (here / name).write_text("")
    (here / "odd.toml").write_text("=")
    (here / "choose.toml").write_text('kind = "choice"\nprompt = "a"\nchoices = "b"\n')
    (here / "cut.jsonl.journal-0").write_text("{}\n{}\n")
    for name in ("folder.jsonl", "bare", "begun/checkpoints/checkpoint-1"):
        (here / name).mkdir(parents=True)
    shutil.copytree(tiny.config.new_base, here / "pickled")
    (here / "pickled/model.safetensors").rename(here / "pickled/pytorch_model.bin")
    shutil.copytree(str(tiny.config.new_adapter), here / "made")
    for name, change in (("biased", {"bias": "all"}), ("ia3", {"peft_type": "IA3"})):
        shutil.copytree(str(tiny.config.new_adapter), here / name)
        values = json.loads((here / name / "adapter_config.json").read_text())
        (here / name / "adapter_config.json").write_text(json.dumps({**values, **change}))
    record = {"what": "muscle", "config": tiny.config.to_dict(), "epochs": [], "best": None}
    record |= {"files": {}, "data": {}, "steps": 1, "versions": {}}
    (here / "made/muscle.json").write_text(json.dumps(record))
    names = tiny.config.to_dict()
    asked = [[word.format_map(names) for word in say_last(words)] for words, _ in REFUSED]
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        cwd=here,
    )
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=lambda n: REFUSED[n][1])
def test_what_needs_no_model_is_refused_before_torch(refusals: list[Any], number: int) -> None:
    said, heavy = refusals[number]
    assert REFUSED[number][1] in said
    assert heavy == []
