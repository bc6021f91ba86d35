"""Values on demand: what is not asked for is not worked out, and what was is kept."""

import copy
import pickle
from collections import Counter
from pathlib import Path

import pytest
from prediction_files import write_models

from compatkit import check_policy, compare
from compatkit.comparison.options import make_options
from compatkit.gate import Policy, TaskPolicy
from compatkit.gate.policy import Limits
from compatkit.metrics.cause_metrics import CAUSE_METRICS
from compatkit.metrics.definitions import METRICS, names_always
from compatkit.metrics.metric import Metric
from compatkit.on_demand import OnDemand, join


def test_each_value_is_worked_out_once_and_when_it_is_asked_for() -> None:
    asked: Counter[str] = Counter()

    def work(name: str) -> int:
        asked[name] += 1
        return len(name)

    values = OnDemand({name: lambda name=name: work(name) for name in ("a", "bb", "ccc")})
    assert (list(values), len(values), "bb" in values, "x" in values) == (
        ["a", "bb", "ccc"],
        3,
        True,
        False,
    )
    assert not asked
    assert (values["bb"], values["bb"], values.get("x")) == (2, 2, None)
    assert asked == {"bb": 1}
    assert values == {"a": 1, "bb": 2, "ccc": 3}
    assert repr(values) == "{'a': 1, 'bb': 2, 'ccc': 3}"
    assert asked == {"a": 1, "bb": 1, "ccc": 1}
    with pytest.raises(KeyError):
        values["x"]


def test_it_leaves_the_process_as_a_dictionary() -> None:
    values = OnDemand({"a": lambda: 1})
    left = pickle.loads(pickle.dumps(values))  # noqa: S301 - our own
    assert (type(left), left) == (dict, {"a": 1})
    assert copy.deepcopy(values) == {"a": 1}


def test_joined_values_stay_unasked_and_the_last_of_a_name_counts() -> None:
    def fail() -> int:
        raise AssertionError

    joined = join(OnDemand({"a": fail, "b": fail}), {"b": 2})
    assert list(joined) == ["a", "b"]
    assert joined["b"] == 2


@pytest.mark.parametrize("scorer", ["exact_match", "token_f1"])
def test_a_gate_measures_its_budgets_alone(
    scorer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_models(tmp_path)
    files = [str(tmp_path / f"{side}.jsonl") for side in ("old", "new")]
    measured: list[str] = []
    plain = Metric.prepare

    def prepare(metric: Metric, *asked: object) -> object:
        measured.append(metric.label)
        return plain(metric, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Metric, "prepare", prepare)
    task = TaskPolicy("", *files, make_options(scorer), Limits({"max_nfr": 0.9}))
    verdict = check_policy(Policy((task,)))
    assert {METRICS["negative_flip_rate"].label, METRICS["excess_negative_flip_rate"].label} == {
        *measured
    }
    assert verdict.comparisons[0].accuracy_new is not None
    assert METRICS["accuracy_new"].label in measured


def test_comparisons_still_hold_every_metric_and_test() -> None:
    old = [{"id": n, "prediction": "a", "reference": "a"} for n in range(9)]
    new = [row | {"prediction": "b"} if row["id"] < 3 else row for row in old]
    comparison = compare(old, new)
    assert list(comparison.metrics) == [*names_always(), *CAUSE_METRICS]
    assert comparison.tests["accuracy_worse"].p_value == 0.125
    assert copy.deepcopy(comparison.tests) == comparison.tests
