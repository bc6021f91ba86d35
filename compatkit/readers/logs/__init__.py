"""Logs: what evaluation harnesses leave behind, read as it is.

To add one: a file with three functions, `find_logs` (of files, those that are such logs),
`open_logs` (a `Log` per task and run) and `read_log` (the rows of one), whose docstring is its
documentation, and a line in `LOGS`. The file is loaded when a log has one of its signs.
"""

from compatkit.readers.logs.harness import Harness

LOGS: dict[str, Harness] = {
    "deepeval": Harness(
        "deepeval",
        "deepeval",
        "compatkit score test_run_v1.json test_run_v2.json",
        "input and expected output, and the repeat",
        (b'"testCases"',),
    ),
    "evalplus": Harness(
        "evalplus",
        "evalplus",
        "compatkit score v1_eval_results.json v2_eval_results.json",
        "task_id, and the place of its solution",
        (b'"hash"',),
    ),
    "evalscope": Harness(
        "EvalScope",
        "evalscope",
        "compatkit score outputs/v1/reviews outputs/v2/reviews",
        "index, or the group and the repeat",
        (b'"sample_score"',),
    ),
    "every-eval-ever": Harness(
        "every_eval_ever",
        "every_eval_ever",
        "compatkit score v1_samples.jsonl v2_samples.jsonl",
        "evaluation, result and sample_id",
        (b'"evaluation_name"',),
    ),
    "helm": Harness(
        "HELM",
        "helm",
        "compatkit score runs/v1/mmlu:model=a runs/v1/mmlu:model=b",
        "instance, split, perturbation and train trial",
        (b"per_instance_stats.json",),
    ),
    "human-eval": Harness(
        "human-eval",
        "human_eval",
        "compatkit score v1.jsonl_results.jsonl v2.jsonl_results.jsonl",
        "task_id, and the place of its completion",
        (b'"passed"',),
    ),
    "inspect": Harness(
        "Inspect",
        "inspect_ai",
        "compatkit score logs/v1/ logs/v2/",
        "sample id and epoch",
        (b".eval\n", b'"version"'),
    ),
    "lighteval": Harness(
        "lighteval",
        "lighteval",
        "compatkit score results/v1 results/v2",
        "doc.id, or query and choices",
        (b"details_",),
    ),
    "lm-eval": Harness(
        "lm-evaluation-harness",
        "lm_eval",
        "compatkit score lm_eval_out/llama-2 lm_eval_out/llama-3",
        "filter and doc_id",
        (b"samples_", b'"doc_id"'),
    ),
    "lmms-eval": Harness(
        "lmms-eval",
        "lmms_eval",
        "compatkit score logs/llava-1.5 logs/llava-1.6",
        "doc_id",
        (b"_samples_",),
    ),
    "nemo-evaluator": Harness(
        "NeMo Evaluator",
        "nemo_evaluator",
        "compatkit score bundles/v1 bundles/v2",
        "problem_idx and repeat",
        (b'"problem_idx"',),
    ),
    "openai-evals": Harness(
        "openai/evals",
        "openai_evals",
        "compatkit score records_v1.jsonl records_v2.jsonl",
        "sample_id",
        (b'{"spec":',),
    ),
    "opencompass": Harness(
        "OpenCompass",
        "opencompass",
        "compatkit score outputs/v1/predictions/a outputs/v2/predictions/b",
        "the key of its prediction",
        (b'"0": {', b'"0":{'),
    ),
    "promptfoo": Harness(
        "promptfoo",
        "promptfoo",
        "compatkit score results_v1.json results_v2.json",
        "variables and description of its test, and the repeat",
        (b'"evalId"', b'"promptIdx"'),
    ),
    "squad": Harness(
        "SQuAD predictions",
        "squad",
        "compatkit score old.json new.json --references dev-v1.1.json",
        "question id",
        (b".json\n", b".json.gz\n", b".json.zst\n"),
        takes_dataset=True,
    ),
    "swe-bench": Harness(
        "SWE-bench",
        "swe_bench",
        "compatkit score v1.run.json v2.run.json",
        "instance_id",
        (b'"total_instances"',),
    ),
}
