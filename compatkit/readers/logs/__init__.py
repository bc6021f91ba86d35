"""Logs: what evaluation harnesses leave behind, read as it is.

To add one: a file with two functions, `open_logs` (a `Log` per task and run) and `read_log` (the
rows of one), whose docstring is its documentation, and an entry in `LOGS`, with the signs of its
files. The file is loaded when there is a log of it; where not all that has these signs is a run
of its own, a third function, `leave_aside`, says what is not.
"""

from compatkit.readers.logs.harness import Harness
from compatkit.readers.logs.signs import (
    LIGHTEVAL_NAME,
    LINES,
    LM_EVAL_NAME,
    LMMS_EVAL_NAME,
    ONE_VALUE,
    FileSign,
)

LOGS: dict[str, Harness] = {
    "deepeval": Harness(
        "deepeval",
        "deepeval",
        "compatkit score test_run_v1.json test_run_v2.json",
        "input and expected output, and the repeat",
        (FileSign(ONE_VALUE, begins=rb'\s*\{.{0,2000}?"testCases"\s*:\s*\['),),
    ),
    "evalplus": Harness(
        "evalplus",
        "evalplus",
        "compatkit score v1_eval_results.json v2_eval_results.json",
        "task_id, and the place of its solution",
        (
            FileSign(
                ONE_VALUE,
                begins=rb'\s*\{\s*"date"\s*:\s*"[^"]*"\s*,\s*"hash"\s*:\s*"[^"]*"\s*,\s*"eval"\s*:',
            ),
        ),
    ),
    "evalscope": Harness(
        "EvalScope",
        "evalscope",
        "compatkit score outputs/v1/reviews outputs/v2/reviews",
        "index, or the group and the repeat",
        (FileSign(LINES, holds=(b'"index"', b'"sample_score"')),),
    ),
    "every-eval-ever": Harness(
        "every_eval_ever",
        "every_eval_ever",
        "compatkit score v1_samples.jsonl v2_samples.jsonl",
        "evaluation, result and sample_id",
        (FileSign(LINES, holds=(b'"evaluation_id"', b'"evaluation_name"', b'"model_id"')),),
    ),
    "helm": Harness(
        "HELM",
        "helm",
        "compatkit score runs/v1/mmlu:model=a runs/v1/mmlu:model=b",
        "instance, split, perturbation and train trial",
        (FileSign(ONE_VALUE, name=r"^per_instance_stats\.json$", beside="run_spec.json"),),
    ),
    "human-eval": Harness(
        "human-eval",
        "human_eval",
        "compatkit score v1.jsonl_results.jsonl v2.jsonl_results.jsonl",
        "task_id, and the place of its completion",
        (FileSign(LINES, holds=(b'"task_id"', b'"result"', b'"passed"')),),
    ),
    "inspect": Harness(
        "Inspect",
        "inspect_ai",
        "compatkit score logs/v1/ logs/v2/",
        "sample id and epoch",
        (
            FileSign((".eval",), begins=b"PK"),
            FileSign(ONE_VALUE, begins=rb'\s*\{\s*"version":\s*\d+,\s*"status":\s*"'),
        ),
    ),
    "lighteval": Harness(
        "lighteval",
        "lighteval",
        "compatkit score results/v1 results/v2",
        "doc.id, or query and choices",
        (FileSign((".parquet",), name=LIGHTEVAL_NAME),),
    ),
    "lm-eval": Harness(
        "lm-evaluation-harness",
        "lm_eval",
        "compatkit score lm_eval_out/llama-2 lm_eval_out/llama-3",
        "filter and doc_id",
        (
            FileSign(ONE_VALUE + LINES, name=LM_EVAL_NAME),
            FileSign(ONE_VALUE + LINES, begins=rb'\s*(?:\[\s*)?\{\s*"doc_id":\s*\d+,\s*"doc":'),
        ),
    ),
    "lmms-eval": Harness(
        "lmms-eval",
        "lmms_eval",
        "compatkit score logs/llava-1.5 logs/llava-1.6",
        "doc_id",
        (FileSign(LINES, name=LMMS_EVAL_NAME),),
    ),
    "nemo-evaluator": Harness(
        "NeMo Evaluator",
        "nemo_evaluator",
        "compatkit score bundles/v1 bundles/v2",
        "problem_idx and repeat",
        (FileSign(LINES, begins=rb'\s*\{[^{}\[\]\n]*"problem_idx"\s*:'),),
    ),
    "openai-evals": Harness(
        "openai/evals",
        "openai_evals",
        "compatkit score records_v1.jsonl records_v2.jsonl",
        "sample_id",
        (FileSign(LINES, begins=rb'\s*\{"spec": ?\{'),),
    ),
    "opencompass": Harness(
        "OpenCompass",
        "opencompass",
        "compatkit score outputs/v1/predictions/a outputs/v2/predictions/b",
        "the key of its prediction",
        (
            FileSign(
                ONE_VALUE,
                begins=rb'\s*\{\s*"\d+"\s*:\s*\{\s*"(?:origin_prompt|prediction|gold|testing input'
                rb'|in-context examples|label: [^"]*)"\s*:',
            ),
        ),
    ),
    "promptfoo": Harness(
        "promptfoo",
        "promptfoo",
        "compatkit score results_v1.json results_v2.json",
        "variables and description of its test, and the repeat",
        (
            FileSign(ONE_VALUE, begins=rb'\s*\{\s*"evalId"\s*:'),
            FileSign(LINES, holds=(b'"promptIdx"', b'"testCase"', b'"provider"')),
        ),
    ),
    "squad": Harness(
        "SQuAD predictions",
        "squad",
        "compatkit score old.json new.json --references dev-v1.1.json",
        "question id",
        (FileSign(ONE_VALUE, begins=rb'\s*\{\s*"[0-9a-f]{24,32}"\s*:\s*"'),),
        takes_dataset=True,
    ),
    "swe-bench": Harness(
        "SWE-bench",
        "swe_bench",
        "compatkit score v1.run.json v2.run.json",
        "instance_id",
        (FileSign(ONE_VALUE, begins=rb'\s*\{\s*"total_instances"\s*:'),),
    ),
}
