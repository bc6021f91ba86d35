"""One model in float32, bfloat16 and int8, asked by the genuine lm-evaluation-harness here and now.

Its logs are compared, and held to a plain script that reads them itself and shares no code.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from compatkit import compare

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "confidence.py"
SIZE = 100
BINS = 15


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the logs, one folder for each number type."""
    pytest.importorskip("lm_eval", reason="lm-eval is not installed: the extra peers has it")
    folder = tmp_path_factory.mktemp("logs")
    command = [sys.executable, str(BENCHMARK), "--quick", "--logs", str(folder)]
    environment = {**os.environ, "HF_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


class Plain:
    """What a plain script makes of one log: of each document the shares, and the right choice."""

    def __init__(self, folder: Path) -> None:
        """Read the harness's own rows."""
        (path,) = folder.rglob("samples_*.jsonl")
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        rows.sort(key=lambda row: row["doc_id"])
        self.shares = [_softmax([float(answer[0][0]) for answer in row["resps"]]) for row in rows]
        self.right = [int(row["doc"]["gold"]) for row in rows]
        self.hits = [row["acc"] == 1.0 for row in rows]

    def margins(self) -> list[float]:
        """Return by how much the right choice is likelier than the likeliest wrong one."""
        return [
            p[y] - max(share for place, share in enumerate(p) if place != y)
            for p, y in zip(self.shares, self.right, strict=True)
        ]

    def calibration_error(self) -> float:
        """Return the expected calibration error in 15 bins, each with its upper edge."""
        gaps = [0.0] * BINS
        for p, y in zip(self.shares, self.right, strict=True):
            place = min(BINS - 1, max(0, math.ceil(max(p) * BINS) - 1))
            gaps[place] += max(p) - (p.index(max(p)) == y)
        return sum(map(abs, gaps)) / len(self.shares)

    def brier(self) -> list[float]:
        """Return the Brier score of each document."""
        return [
            sum((share - (place == y)) ** 2 for place, share in enumerate(p))
            for p, y in zip(self.shares, self.right, strict=True)
        ]


def _softmax(values: list[float]) -> list[float]:
    weights = [math.exp(value - max(values)) for value in values]
    return [weight / sum(weights) for weight in weights]


def measure_plainly(old: Plain, new: Plain, rerun: Plain) -> Mapping[str, float]:
    pairs = list(zip(old.shares, new.shares, strict=True))
    moves = sorted(abs(a - b) for a, b in zip(old.margins(), rerun.margins(), strict=True))
    close = moves[math.ceil(0.99 * (len(moves) - 1))]
    broken = [was and not is_ for was, is_ in zip(old.hits, new.hits, strict=True)]
    calls = [0.0 <= margin <= close for margin in old.margins()]
    totals = {
        "kl_divergence": sum(
            a * math.log(a / b) for p, q in pairs for a, b in zip(p, q, strict=True)
        ),
        "top_choice_agreement": sum(p.index(max(p)) == q.index(max(q)) for p, q in pairs),
        "log_likelihood_delta": sum(
            math.log(q[y]) - math.log(p[y]) for (p, q), y in zip(pairs, old.right, strict=True)
        ),
        "brier_delta": sum(new.brier()) - sum(old.brier()),
        "close_call_rate": sum(map(min, broken, calls)),
        "confident_negative_flip_rate": sum(broken) - sum(map(min, broken, calls)),
    }
    return {
        **{name: total / len(pairs) for name, total in totals.items()},
        "calibration_error_delta": new.calibration_error() - old.calibration_error(),
    }


@pytest.mark.parametrize(
    ("kind", "rerun"), [("bfloat16", "again"), ("int8", "again"), ("int8", "bfloat16")]
)
def test_a_plain_script_measures_the_same_of_each_number_type(
    logs: Path, kind: str, rerun: str
) -> None:
    sides = [str(logs / name) for name in ("float32", kind, rerun)]
    comparison = compare(*sides[:2], old_rerun=sides[2], metric="acc")
    old, new, again = (Plain(Path(side)) for side in sides)
    expected = measure_plainly(old, new, again)
    measured: dict[str, Any] = {name: comparison.metrics[name].value for name in expected}
    assert measured == pytest.approx(dict(expected), rel=1e-9, abs=1e-12)
    assert len(comparison.pair.ids) == SIZE
    assert comparison.accuracy_old == sum(old.hits) / SIZE


def test_the_divergence_sees_what_accuracy_does_not(logs: Path) -> None:
    """The coarser the numbers, the farther the probabilities; in float32 a batch moves nothing."""
    means = []
    for kind in ("again", "bfloat16", "int8"):
        comparison = compare(str(logs / "float32"), str(logs / kind), metric="acc")
        means.append(comparison.kl_divergence or 0.0)
        assert abs(comparison.accuracy_delta or 0.0) <= 0.02
    assert means[0] < 1e-9 < means[1] < means[2]
