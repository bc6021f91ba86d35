"""Logs: what evaluation harnesses leave behind, read as it is.

To add one: a file with three functions, `find_logs` (of files, those that are such logs),
`open_logs` (a `Log` per task and run) and `read_log` (the rows of one), whose docstring is its
documentation, and a line in `LOGS`. The file is loaded when a log has one of its signs.
"""

from compatkit.readers.logs.harness import Harness

LOGS: dict[str, Harness] = {
    "every-eval-ever": Harness(
        "every_eval_ever",
        "every_eval_ever",
        "compatkit score v1_samples.jsonl v2_samples.jsonl",
        (b'"evaluation_name"',),
    ),
    "helm": Harness(
        "HELM",
        "helm",
        "compatkit score runs/v1/mmlu:model=a runs/v1/mmlu:model=b",
        (b"per_instance_stats.json",),
    ),
    "inspect": Harness(
        "Inspect",
        "inspect_ai",
        "compatkit score logs/v1/ logs/v2/",
        (b".eval\n", b'"version"'),
    ),
    "lighteval": Harness(
        "lighteval",
        "lighteval",
        "compatkit score results/v1 results/v2",
        (b"details_",),
    ),
    "lm-eval": Harness(
        "lm-evaluation-harness",
        "lm_eval",
        "compatkit score lm_eval_out/llama-2 lm_eval_out/llama-3",
        (b"samples_", b'"doc_id"'),
        lines=True,
    ),
    "nemo-evaluator": Harness(
        "NeMo Evaluator",
        "nemo_evaluator",
        "compatkit score bundles/v1 bundles/v2",
        (b'"problem_idx"',),
    ),
    "openai-evals": Harness(
        "openai/evals",
        "openai_evals",
        "compatkit score records_v1.jsonl records_v2.jsonl",
        (b'{"spec":',),
    ),
    "promptfoo": Harness(
        "promptfoo",
        "promptfoo",
        "compatkit score results_v1.json results_v2.json",
        (b'"evalId"', b'"promptIdx"'),
    ),
    "squad": Harness(
        "SQuAD predictions",
        "squad",
        "compatkit score old.json new.json --dataset dev-v1.1.json",
        (b".json\n", b".json.gz\n", b".json.zst\n"),
        takes_dataset=True,
    ),
}
