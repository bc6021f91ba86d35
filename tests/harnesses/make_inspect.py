"""Make the Inspect fixtures with the real tool, offline.

    python tests/harnesses/make_inspect.py [--output FOLDER]

Needs `inspect_ai`. Two mock models answer two tasks: one with two scorers, an example that is not
scored (NaN) and one that fails, the other with two epochs. Inspect counts tokens with an encoding
that it would fetch from the network; a stand-in counts words. `expected.json` holds the flips that
`read_eval_log` of the tool itself shows.
"""

import argparse
import gzip
import json
import math
import shutil
import sys
import types
from pathlib import Path

stand_in = types.ModuleType("tiktoken")
stand_in.get_encoding = lambda *_: types.SimpleNamespace(encode=lambda text, **_: text.split())
stand_in.encoding_for_model = stand_in.get_encoding
sys.modules["tiktoken"] = stand_in

from inspect_ai import Task
from inspect_ai import eval as run_tasks
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, get_model
from inspect_ai.scorer import Score, Target, accuracy, match, scorer, value_to_float
from inspect_ai.solver import Generate, TaskState, solver, system_message

HERE = Path(__file__).parent
CAPITALS = dict(
    zip(
        ["France", "Italy", "Peru", "Japan", "Cuba", "Egypt", "Chile"],
        ["Paris", "Rome", "Lima", "Tokyo", "Havana", "Cairo", "Santiago"],
        strict=True,
    )
)
WRONG = {"v1": {"Peru", "Cuba"}, "v2": {"Italy", "Cuba", "Chile"}}
SUMS = {f"sum-{a}-{b}": (a, b) for a, b in [(1, 2), (3, 4), (5, 6)]}
SLIPS = {"v1": {("sum-1-2", 2)}, "v2": {("sum-1-2", 1), ("sum-1-2", 2), ("sum-5-6", 1)}}


@scorer(metrics=[accuracy()])
def judge():
    """A judge that is silent about one country, and half pleased with another."""

    async def score(state: TaskState, target: Target) -> Score:
        if state.sample_id == 4:
            return Score(value=math.nan, answer=state.output.completion)
        right = target.text in state.output.completion
        return Score(value=1.0 if right else 0.25, answer=state.output.completion)

    return score


@solver
def answer(version: str, *, strict: bool):
    async def solve(state: TaskState, _: Generate) -> TaskState:
        if "sum" in str(state.sample_id):
            a, b = SUMS[str(state.sample_id)]
            slip = (state.sample_id, state.epoch) in SLIPS[version]
            text = str(a + b + slip)
        else:
            country = state.input_text.split()[-1].rstrip("?")
            if country == "Egypt" and version == "v2":
                raise RuntimeError("the sandbox did not start")
            text = "Atlantis" if country in WRONG[version] else CAPITALS[country]
        model = get_model(
            "mockllm/model", custom_outputs=[ModelOutput.from_content("mockllm/model", text)]
        )
        state.output = await model.generate(state.messages)
        return state

    return solve


def make_tasks(version: str, *, strict: bool = False) -> list[Task]:
    capitals = [
        Sample(
            id=number,
            input=f"What is the capital of {country}?",
            target=city,
            metadata={"continent": city[0]},
        )
        for number, (country, city) in enumerate(CAPITALS.items(), 1)
    ]
    sums = [
        Sample(id=name, input=f"{a} + {b} =", target=str(a + b)) for name, (a, b) in SUMS.items()
    ]
    tone = "Answer in one word." if version == "v1" else "Answer in one word, please."
    return [
        Task(
            name="capitals",
            dataset=capitals,
            solver=[system_message(tone), answer(version, strict=strict)],
            scorer=[match(), judge()],
            fail_on_error=strict,
        ),
        Task(
            name="sums",
            dataset=sums,
            solver=[answer(version, strict=strict)],
            scorer=match(),
            epochs=2,
        ),
    ]


def flips_of_the_tool(old_file: str, new_file: str) -> dict[str, dict[str, float]]:
    """Count with the tool's own API: what both runs scored, and what neither failed at."""
    to_float = value_to_float()
    sides = [
        {(sample.id, sample.epoch): sample for sample in read_eval_log(name).samples}
        for name in (old_file, new_file)
    ]
    result: dict[str, dict[str, float]] = {}
    for name in sides[0][next(iter(sides[0]))].scores:
        values = []
        errored = unscored = 0
        for key, old in sides[0].items():
            pair = (old, sides[1][key])
            if any(sample.error for sample in pair):
                errored += 1
                continue
            found = [to_float(sample.scores[name].value) for sample in pair]
            if any(map(math.isnan, found)):
                unscored += 1
                continue
            values.append((key, *found))
        result[name] = {
            "scored": len(values),
            "errored": errored,
            "unscored": unscored,
            "old": sum(a >= 0.5 for _, a, _ in values),
            "new": sum(b >= 0.5 for _, _, b in values),
            "negative": sum(a >= 0.5 > b for _, a, b in values),
            "positive": sum(b >= 0.5 > a for _, a, b in values),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=HERE / "inspect")
    out = parser.parse_args().output
    shutil.rmtree(out, ignore_errors=True)
    files: dict[tuple[str, str], str] = {}
    for version in ("v1", "v2"):
        for log in run_tasks(
            make_tasks(version), model="mockllm/model", log_dir=str(out / version), display="none"
        ):
            files[version, log.eval.task] = log.location
    for log in run_tasks(
        make_tasks("v1")[:1],
        model="mockllm/model",
        log_dir=str(out / "as_json"),
        log_format="json",
        display="none",
    ):
        assert log.status == "success"
        path = Path(log.location.removeprefix("file://"))
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        path.unlink()
    for log in run_tasks(
        make_tasks("v2", strict=True)[:1],
        model="mockllm/model",
        log_dir=str(out / "failed"),
        display="none",
    ):
        assert log.status == "error"
    expected = {
        task: flips_of_the_tool(files["v1", task], files["v2", task])
        for task in ("capitals", "sums")
    }
    (out / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    print(json.dumps(expected))


if __name__ == "__main__":
    main()
