"""The options of `compatkit run`: of the models, the data, the answers, and where it runs."""

from functools import partial

import click

from compatkit.commands.flags import Choice, NamedPath, Pair, flag, gather_pairs, propose
from compatkit.readers.source import FILES
from compatkit.runner.task import TASKS

# Of what an option is a detail, and what to do where that was not said.
OF_DATASET = {
    "needs": "dataset",
    "why": "is of a data set of the Hub. Name it with --dataset NAME, or leave this out.",
}
OF_SCORE = {
    "needs": "score",
    "why": "scores nothing without --score. Say both, or leave this out.",
}


def complete_scorer(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the scorers of which a shell has the beginning."""
    from compatkit.scorers import SCORERS  # noqa: PLC0415  (start-up time)

    return [name for name in SCORERS if name.startswith(incomplete)]


of_model, of_data, of_answer, of_place, of_output = (
    partial(flag, group=heading)
    for heading in ("Models", "Data", "Answers", "Where it runs", "Output")
)
MODEL_OPTIONS = (
    of_model(
        "--model",
        "-m",
        "models",
        multiple=True,
        required=True,
        metavar="NAME",
        help="A folder as save_pretrained writes it, or a name on the Hub; repeatable.",
    ),
    of_model(
        "--adapter",
        "adapters",
        multiple=True,
        metavar="NAME",
        help="A PEFT adapter on it; with several models one each, 'none' for none.",
    ),
    of_model(
        "--revision",
        "revisions",
        multiple=True,
        metavar="REV",
        help="Branch, tag or commit on the Hub; with several models one each.",
    ),
    of_model("--tokenizer", metavar="NAME", help="Where the tokenizer is, if not there."),
    of_model("--renamed-base", is_flag=True, help="Accept adapters that name another base."),
)
DATA_OPTIONS = (
    of_data(
        "--task",
        metavar="NAME",
        shell_complete=propose(tuple(TASKS)),
        help=f"{', '.join(TASKS)}, or a file of your own, my_task.toml. Without one the data "
        "holds the prompts.",
    ),
    of_data("--data", type=NamedPath(), metavar="FILE", help=f"{FILES}."),
    of_data("--dataset", metavar="NAME", help="A data set of the Hub, instead of --data."),
    of_data("--subset", metavar="NAME", help="Of --dataset: its configuration.", **OF_DATASET),
    of_data("--split", default="test", show_default=True, help="Of --dataset.", **OF_DATASET),
    of_data("--dataset-revision", metavar="REV", help="Of --dataset.", **OF_DATASET),
    of_data("--limit", type=click.IntRange(1), help="The first rows only."),
    of_data(
        "--shots",
        type=click.IntRange(0),
        default=0,
        show_default=True,
        help="How many answered examples stand before each prompt.",
    ),
    of_data("--shots-data", type=NamedPath(), metavar="FILE", help="Whose first rows those are."),
    of_data("--prompt-field", metavar="NAME", help="Without a task; 'prompt' if not said."),
    of_data(
        "--reference-field",
        metavar="NAME",
        help="Without a task; 'reference' if not said, 'none' for none.",
    ),
    of_data("--id-field", metavar="NAME", help="'id', or the row's number, if not said."),
    of_data("--keep", multiple=True, metavar="FIELD", help="Keep a field of the data."),
)
THINKING = (
    of_answer(
        "--template-arg",
        "template_args",
        multiple=True,
        type=Pair(),
        callback=gather_pairs,
        metavar="NAME=VALUE",
        help="A variable of the chat template, such as enable_thinking=false.",
        needs="chat_template",
        why="is of --chat-template. Say both, or leave this out.",
    ),
    of_answer(
        "--think-end",
        metavar="TEXT",
        help="What ends the thinking, such as '</think>'; the answer follows it.",
    ),
)
ANSWER_OPTIONS = (
    of_answer("--chat-template", is_flag=True, help="Make a conversation of the prompt."),
    *THINKING,
    of_answer("--max-new-tokens", type=int, help="The longest answer; the task says, or 256."),
    of_answer("--stop", multiple=True, metavar="TEXT", help="An answer ends here, too."),
    of_answer("--samples", type=int, default=1, show_default=True, help="Answers per example."),
    of_answer(
        "--temperature",
        type=float,
        default=0.0,
        show_default=True,
        help="0 takes the likeliest token each time.",
    ),
    of_answer("--top-p", type=float, default=1.0, show_default=True, help="Of sampling."),
    of_answer("--seed", type=click.IntRange(0), default=0, show_default=True, help="Likewise."),
    of_answer(
        "--too-long",
        type=Choice(["refuse", "cut-left"]),
        default="refuse",
        show_default=True,
        help="A prompt that leaves no room in the context.",
    ),
    of_answer("--max-length", type=int, help="Tokens of the context, if not the model's."),
)
PLACE_OPTIONS = (
    of_place(
        "--dtype",
        default="auto",
        show_default=True,
        help="Of the weights: auto, float32, bfloat16, float16.",
    ),
    of_place(
        "--device", metavar="NAME", help="cpu, cuda:1, ...; 'auto' spreads one model over all."
    ),
    of_place(
        "--batch-size",
        type=int,
        help="Sequences at once; automatic if not said, halved where memory runs out.",
    ),
    of_place("--allow-pickle", is_flag=True, help="Load weights that are no safetensors."),
    of_place("--trust-remote-code", is_flag=True, help="Run code that the model brings."),
)
OUTPUT_OPTIONS = (
    of_output(
        "--output",
        "-o",
        "outputs",
        multiple=True,
        type=NamedPath(),
        metavar="FILE",
        help="The prediction file, .jsonl, one for each model; named after the model if not said.",
    ),
    of_output("--resume", is_flag=True, help="Go on with a run that was cut."),
    of_output("--overwrite", is_flag=True, help="Make a file anew that is there."),
    of_output("--score", is_flag=True, help="Then compare the models, the first one as old."),
    of_output(
        "--scorer",
        "-s",
        metavar="NAME",
        shell_complete=complete_scorer,
        help="Of --score; the task's if not said.",
        **OF_SCORE,
    ),
)
RUN_FLAGS = (*MODEL_OPTIONS, *DATA_OPTIONS, *ANSWER_OPTIONS, *PLACE_OPTIONS, *OUTPUT_OPTIONS)
