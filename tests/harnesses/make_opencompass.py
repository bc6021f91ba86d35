"""Let OpenCompass write predictions of two models, judge them, and count their flips.

    python tests/harnesses/make_opencompass.py --output tests/harnesses/opencompass

Run with a Python that has opencompass 0.5.4. Three datasets: one whose details say `is_correct`,
one whose details say `correct` and which was asked twice (`n = 2`), and one without details.
"""

import argparse
import json
from pathlib import Path

import mmengine
from datasets import Dataset
from opencompass.openicl.icl_evaluator.icl_em_evaluator import EMEvaluator
from opencompass.openicl.icl_evaluator.icl_hf_evaluator import AccwithDetailsEvaluator
from opencompass.openicl.icl_inferencer.icl_base_inferencer import GenInferencerOutputHandler

GOLD = ["Paris", "Rome", "Oslo", "Bern"]
ANSWERS = {
    "v1": {"once": ["Paris", "Rome", "Riga", "Bern"], "twice": [*GOLD, "Paris", "x", "x", "x"]},
    "v2": {"once": ["Paris", "Riga", "Oslo", "Bern"], "twice": ["x", *GOLD[1:], "x", *GOLD[1:]]},
}
JUDGES = {"once": (AccwithDetailsEvaluator, 1), "twice": (EMEvaluator, 2)}  # with n


def write_run(folder: Path, answers: dict[str, list[str]]) -> dict[str, list[float]]:
    """Write one model's run, and return the share of right answers of each example."""
    shares = {}
    for place in ("predictions", "results"):
        (folder / place / "made").mkdir(parents=True)
    for task, texts in {**answers, "alone": answers["once"]}.items():
        judge, n = JUDGES.get(task, (None, 1))
        golds = [[gold] if judge is EMEvaluator else gold for gold in GOLD * n]
        handler = GenInferencerOutputHandler()
        for place, (text, gold) in enumerate(zip(texts, golds, strict=True)):
            asked = f"Which capital is number {place % len(GOLD)}?"
            handler.save_results([{"role": "HUMAN", "prompt": asked}], text, place, gold=gold)
        handler.write_to_json(str(folder / "predictions" / "made"), f"{task}.json")
        result: dict[str, object] = {"accuracy": 75.0}
        if judge is not None:
            rows = [{"subdivision": task, "idx": place % len(GOLD)} for place in range(len(golds))]
            asked_all = [row["origin_prompt"] for row in handler.results_dict.values()]
            more = {"origin_prompt": asked_all} if judge is AccwithDetailsEvaluator else {}
            result = judge().evaluate(
                1, n, Dataset.from_list(rows), predictions=texts, references=golds, **more
            )
            right = [text == gold for text, gold in zip(texts, GOLD * n, strict=True)]
            shares[task] = [sum(right[place :: len(GOLD)]) / n for place in range(len(GOLD))]
        mmengine.dump(
            result, folder / "results" / "made" / f"{task}.json", ensure_ascii=False, indent=4
        )
    return shares


def main() -> None:
    """Write both runs, and what is expected of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    output = parser.parse_args().output
    old, new = (write_run(output / name, answers) for name, answers in ANSWERS.items())
    expected = {
        task: {
            "negative": sum(a * (1 - b) for a, b in zip(old[task], new[task], strict=True)),
            "positive": sum(b * (1 - a) for a, b in zip(old[task], new[task], strict=True)),
        }
        for task in old
    }
    (output / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
