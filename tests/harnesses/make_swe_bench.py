"""Let the harness of SWE-bench write reports of two runs, and count their flips.

    python tests/harnesses/make_swe_bench.py --output tests/harnesses/swe_bench

Run with a Python that has swebench 5.0.2. No container is started: what an evaluation leaves of
each instance is written here, and `make_run_report` reads it.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from swebench.harness.constants import LOG_REPORT, RUN_EVALUATION_LOG_DIR
from swebench.harness.reporting import make_run_report

INSTANCES = [f"made__project-{number}" for number in range(1, 11)]
# r resolved, u unresolved, e an empty patch, f failed, n not submitted.
RUNS = {"v1": "rrrruuefnu", "v2": "rrurruefun"}


def write_run(folder: Path, name: str, outcomes: str) -> None:
    """Write what an evaluation leaves, and the report of it."""
    os.chdir(folder)
    predictions = {}
    for instance, outcome in zip(INSTANCES, outcomes, strict=True):
        if outcome == "n":
            continue
        patch = "" if outcome == "e" else "diff --git a/x b/x"
        predictions[instance] = {
            "instance_id": instance,
            "model_name_or_path": f"made/{name}",
            "model_patch": patch,
        }
        place = RUN_EVALUATION_LOG_DIR / "run" / f"made__{name}" / instance
        place.mkdir(parents=True)
        if outcome in "ru":
            report = {instance: {"resolved": outcome == "r"}}
            (place / LOG_REPORT).write_text(json.dumps(report))
    make_run_report(predictions, [{"instance_id": instance} for instance in INSTANCES], "run")


def main() -> None:
    """Write the reports, and the flips of what both runs judged."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    output = parser.parse_args().output.absolute()
    output.mkdir(parents=True, exist_ok=True)
    right = {}
    for name, outcomes in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            write_run(Path(folder), name, outcomes)
            (report,) = Path(folder).glob("*.json")
            text = report.read_text()
        (output / report.name).write_text(text)
        whole = json.loads(text)
        failed = {*whole["error_ids"], *whole["infra_failure_ids"]}
        right[name] = {
            instance: instance in whole["resolved_ids"]
            for instance in whole["submitted_ids"]
            if instance not in failed
        }
    both = right["v1"].keys() & right["v2"].keys()
    flips = [right["v1"][instance] - right["v2"][instance] for instance in both]
    expected = {
        "scored": len(both),
        "negative": flips.count(1),
        "positive": flips.count(-1),
    }
    (output / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
