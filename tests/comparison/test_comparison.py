import copy
import dataclasses
import json
import pickle

import pytest
from prediction_files import rows_of_model

from compatkit import Comparison, ConfigError, compare
from compatkit.comparison.examples import FlippedExample
from compatkit.metrics.cause_metrics import CAUSE_METRICS
from compatkit.metrics.definitions import METRICS, names_always

OLD, NEW = rows_of_model("old"), rows_of_model("new")


@pytest.fixture(scope="module")
def result() -> Comparison:
    return compare(OLD, NEW, scorer="token_f1", by="lang", sweep=True)


def test_every_metric_is_an_attribute(result: Comparison) -> None:
    assert list(result.metrics) == [*names_always(), *CAUSE_METRICS]
    assert result.kl_divergence is None  # of an optional family, whose files hold no likelihoods
    for name in result.metrics:
        assert getattr(result, name) == result.metrics[name].value
        assert name in dir(result)
    assert result.negative_flip_rate == 0.25
    assert result.delta_nfr is None
    assert {"old", "new", "counts", "to_dict", "flips"} <= set(dir(result))


@pytest.mark.parametrize("name", ["nothing", "nfr", "__wrapped__", "_ipython_display_", "shape"])
def test_an_unknown_attribute_is_an_attribute_error(result: Comparison, name: str) -> None:
    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        getattr(result, name)
    assert not hasattr(result, name)


def test_no_metric_hides_behind_an_attribute() -> None:
    own = {each.name for each in dataclasses.fields(Comparison)} | set(vars(Comparison))
    assert own.isdisjoint(METRICS)


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, dataclasses.replace, lambda it: pickle.loads(pickle.dumps(it))],  # noqa: S301
    ids=["copy", "deepcopy", "replace", "pickle"],
)
def test_a_copy_is_whole(result: Comparison, duplicate: object) -> None:
    twin = duplicate(result)  # type: ignore[operator]
    assert isinstance(twin, Comparison)
    assert twin is not result
    assert twin.to_dict() == result.to_dict()
    assert twin.negative_flip_rate == 0.25
    assert twin.flips().equals(result.flips())
    with pytest.raises(AttributeError):
        _ = twin.nothing


def test_an_empty_shell_does_not_recurse() -> None:
    shell = Comparison.__new__(Comparison)
    with pytest.raises(AttributeError, match="metrics"):
        _ = shell.metrics
    with pytest.raises(AttributeError, match="metrics"):
        _ = shell.churn


def test_a_comparison_is_frozen(result: Comparison) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.old = "x"  # type: ignore[misc]


def test_the_dictionary_is_json(result: Comparison) -> None:
    as_dict = result.to_dict()
    assert json.loads(json.dumps(as_dict, allow_nan=False)) == as_dict
    assert as_dict["counts"]["negative_flips"] == 2
    assert as_dict["slices"]["lang"]["de"]["counts"]["total"] == 6
    kinds = [each["kind"] for each in as_dict["flips"]]
    assert kinds == ["negative"] * 2 + ["positive"] * (len(kinds) - 2)


def test_the_frame_has_every_metric(result: Comparison) -> None:
    frame = result.to_frame()
    assert list(frame.index) == [*names_always(), *CAUSE_METRICS]
    assert frame.index.name == "metric"
    assert {"value", "low", "high", "level", "method", "reason"} <= set(frame.columns)
    row = frame.loc["negative_flip_rate"]
    assert (row["value"], row["numerator"], row["denominator"]) == (0.25, 2, 8)
    assert frame["value"].dtype.kind == "f"
    assert frame.loc["delta_nfr", "reason"]


def test_flips_are_a_frame(result: Comparison) -> None:
    columns = [each.name for each in dataclasses.fields(FlippedExample)]
    negative, positive, both = result.flips("negative"), result.flips("positive"), result.flips()
    assert columns[:4] == ["id", "kind", "old_score", "new_score"]
    for frame in (negative, positive, both):
        assert list(frame.columns) == columns
    assert list(negative["id"]) == ["q2", "q7"]
    assert set(negative["kind"]) == {"negative"}
    assert (negative["old_score"] > negative["new_score"]).all()
    assert list(both["id"]) == [*negative["id"], *positive["id"]]
    assert negative.loc[0, "new_record"] == NEW[1]
    assert negative.loc[0, "references"] == ["Rome"]


def test_no_flips_are_an_empty_frame_with_its_columns() -> None:
    frame = compare(OLD, OLD).flips("negative")
    assert len(frame) == 0
    assert list(frame.columns)[:2] == ["id", "kind"]


@pytest.mark.parametrize("kind", ["x", "", "Negative", 1])
def test_another_kind_of_flip_is_refused(result: Comparison, kind: object) -> None:
    with pytest.raises(ConfigError, match="there are negative and positive"):
        result.flips(kind)  # type: ignore[arg-type]


def test_flips_that_were_not_kept_are_refused() -> None:
    with pytest.raises(ConfigError, match="keep_flips=True"):
        compare(OLD, NEW, keep_flips=False).flips()


def test_it_reads_well(result: Comparison) -> None:
    text = str(result)
    assert text.startswith("old -> new\n2 of 6 answers that scored 0.5 or more fell below it")
    assert "\n8 examples, token_f1, right from 0.5\n" in text
    assert "negative flip rate (NFR)" in text
    assert "\x1b" not in text
    page = result._repr_html_()
    assert "<table>" in page
    assert "negative flip rate (NFR)" in page
    assert len(repr(compare(OLD, NEW))) < 1000


def test_the_worst_slice_is_the_surest_one(result: Comparison) -> None:
    worst = result.worst_slice("lang")
    assert worst is not None
    assert worst[0] == "de"
    assert compare(OLD, OLD, by="lang").worst_slice("lang") is None
