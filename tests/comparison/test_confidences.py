"""Confidences: files with likelihoods compared, and every word that is said of them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from compatkit import compare, compare_folders, compare_matrix, history
from compatkit.cli import command_line
from compatkit.comparison import confidences
from compatkit.comparison.comparison import Comparison
from compatkit.comparison.confidences import DEFAULTS
from compatkit.comparison.tasks import concatenate_pairs
from compatkit.errors import ConfigError
from compatkit.metrics.confidence_metrics import CONFIDENCE_METRICS
from compatkit.metrics.definitions import METRICS, names_always
from compatkit.predictions.likelihoods import PER_CHARACTER, RAW, WEIGHING, WEIGHINGS
from compatkit.readers.prediction_file import open_file
from compatkit.reports import REPORTS
from compatkit.reports.flips import render_flips
from compatkit.reports.json_report import render_json
from compatkit.reports.schema import score_schema
from compatkit.reports.view import View
from compatkit.runner.answers import choose
from compatkit.runner.examples import Example

Row = dict[str, Any]
NAMES = ["left", "right"]


def rows(*shares: float, **more: Any) -> list[Row]:
    """Return a row for each probability of the choice `left`, which is right."""
    return [
        {
            "id": str(number),
            "prediction": NAMES[share < 0.5],
            "reference": "left",
            "choices": NAMES,
            "log_likelihoods": [math.log(share), math.log(1 - share)],
            **more,
        }
        for number, share in enumerate(shares)
    ]


def notes(comparison: Comparison) -> list[str]:
    return [note.text for note in comparison.noted if note.kind == "confidence"]


OLD, NEW = rows(0.75, 0.6, 0.51, 0.3), rows(0.5, 0.4, 0.48, 0.8)


def test_two_files_by_hand() -> None:
    comparison = compare(OLD, NEW)
    assert comparison.close_call_rate == 1 / 4
    assert comparison.confident_negative_flip_rate == 1 / 4
    assert comparison.kl_divergence == pytest.approx(
        sum(
            p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
            for p, q in ((0.75, 0.5), (0.6, 0.4), (0.51, 0.48), (0.3, 0.8))
        )
        / 4
    )
    assert notes(comparison) == [
        "likelihoods of choices are raw: the log-likelihood of the whole choice, as it stands",
        (
            "close calls are flips with an old margin of at most 0.05, the default of likelihoods "
            "that are raw; --old-rerun measures it"
        ),
    ]
    columns = comparison.pair.confidence
    assert columns is not None
    assert columns.old.probability == pytest.approx([0.75, 0.6, 0.51, 0.3])
    assert columns.new.margin == pytest.approx([0.0, -0.2, -0.04, 0.6])


def test_examples_are_measured_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rerun = rows(0.75, 0.65, 0.51, 0.2)
    whole = compare(OLD, NEW[1:], old_rerun=rerun, missing="wrong").to_dict()
    for size in (1, 3):
        monkeypatch.setattr(confidences, "PART", size)
        assert compare(OLD, NEW[1:], old_rerun=rerun, missing="wrong").to_dict() == whole


def test_the_order_of_choices_and_of_rows_is_of_no_consequence() -> None:
    turned = [
        {**row, "choices": row["choices"][::-1], "log_likelihoods": row["log_likelihoods"][::-1]}
        for row in reversed(NEW[1:])
    ]
    one, other = compare(OLD[1:], NEW[1:]), compare(OLD[1:], turned)
    for name in METRICS:
        assert one.metrics[name].value == pytest.approx(other.metrics[name].value), name
        assert one.metrics[name].low == pytest.approx(other.metrics[name].low), name


def test_a_second_run_measures_what_is_close() -> None:
    rerun = rows(0.75, 0.65, 0.51, 0.2)  # margins moved by 0, .1, 0 and .2
    comparison = compare(OLD, NEW, old_rerun=rerun)
    assert comparison.close_call_rate == 2 / 4  # .02 and .2
    assert any(
        "of at most 0.2: 99% of 4 margins moved by no more in old rerun" in note
        for note in notes(comparison)
    )
    same = compare(OLD, NEW, old_rerun=OLD)
    assert (same.close_call_rate, same.confident_negative_flip_rate) == (0.0, 2 / 4)
    weighed = [{**row, WEIGHING: PER_CHARACTER} for row in rerun]
    assert "the default of" in " ".join(notes(compare(OLD, NEW, old_rerun=weighed)))


def test_a_margin_that_was_said_is_used_and_what_was_measured_stands_beside_it() -> None:
    said = compare(OLD, NEW, close_margin=0.2)
    assert said.close_call_rate == 2 / 4  # .02 and .2
    assert "old margin of at most 0.2, as close_margin says" in notes(said)[1]
    assert said.to_dict()["close_margin"] == {
        "value": 0.2,
        "origin": "said",
        "measured": None,
        "examples": 0,
    }
    assert compare(OLD, NEW, close_margin=0.0).close_call_rate == 0.0
    rerun = rows(0.75, 0.65, 0.51, 0.2)
    both = compare(OLD, NEW, old_rerun=rerun, close_margin=0.1)
    assert both.close_call_rate == 1 / 4
    assert notes(both)[1:3] == [
        "close calls are flips with an old margin of at most 0.1, as close_margin says",
        "99% of 4 margins moved by no more than 0.2 in old rerun",
    ]
    assert both.close_margin is not None
    assert (both.close_margin.origin, both.close_margin.examples) == ("said", 4)
    assert both.close_margin.measured == pytest.approx(0.2)
    for options, origin in (({}, "default"), ({"old_rerun": rerun}, "measured")):
        assert compare(OLD, NEW, **options).to_dict()["close_margin"]["origin"] == origin
    Draft202012Validator(score_schema()).validate(json.loads(render_json([both], View())))


def test_a_second_run_that_measures_nothing_is_said() -> None:
    bare = [{key: row[key] for key in ("id", "prediction", "reference")} for row in OLD]
    for more, start in (({}, "default of"), ({"close_margin": 0.1}, "close_margin says")):
        texts = notes(compare(OLD, NEW, old_rerun=bare, **more))
        assert any(start in text for text in texts)
        assert any("old rerun measures none: it holds no likelihoods" in text for text in texts)
        assert not any("--old-rerun measures it" in text for text in texts)


def test_a_margin_that_nothing_comes_of_is_refused(tmp_path: Path) -> None:
    bare = [{key: row[key] for key in ("id", "prediction", "reference")} for row in OLD]
    twice = [{**row, "prediction": ["left", "right"]} for row in OLD]
    with pytest.raises(ConfigError, match="and old holds none that are compared"):
        compare(bare, NEW, close_margin=0.1)
    with pytest.raises(ConfigError, match="holds none that are compared"):
        compare(twice, twice, close_margin=0.1)
    with pytest.raises(ConfigError, match="holds none that are compared"):
        compare_matrix([bare, bare], close_margin=0.1)
    with pytest.raises(ConfigError, match="--close-margin is of one update"):
        history([OLD, NEW], close_margin=0.1)
    for side, several in (("old", (OLD, bare)), ("new", (NEW, bare))):
        (tmp_path / side).mkdir()
        for task, held in zip(("a", "b"), several, strict=True):
            (tmp_path / side / f"{task}.jsonl").write_text("\n".join(map(json.dumps, held)))
    sides = tmp_path / "old", tmp_path / "new"
    with pytest.raises(ConfigError, match="holds none that are compared"):
        compare_folders(*sides, tasks="b", close_margin=0.1)
    margins = [task.close_margin for task in compare_folders(*sides, close_margin=0.1)]
    assert [margin and margin.value for margin in margins] == [0.1, None, None]


def test_a_margin_of_zero_is_of_one_update_too(tmp_path: Path) -> None:
    for name, held in (("old", OLD), ("new", NEW)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, held)))
    pair = [str(tmp_path / "old.jsonl"), str(tmp_path / "new.jsonl")]
    result = CliRunner().invoke(command_line, ["score", "--matrix", *pair, "--close-margin", "0"])
    assert "--close-margin is of one update" in str(result.exception)


def test_one_side_alone_is_not_compared() -> None:
    bare = [{key: row[key] for key in ("id", "prediction", "reference")} for row in NEW]
    one = compare(OLD, bare)
    assert one.kl_divergence is None
    assert "same choices on both sides" in one.metrics["kl_divergence"].reason
    assert one.close_call_rate == 1 / 4  # of the old margins alone
    assert notes(one)[0] == "new holds no likelihoods of choices, so that none are compared"
    other = compare(bare, NEW)
    assert not CONFIDENCE_METRICS.keys() & other.metrics.keys()
    assert notes(other) == ["old holds no likelihoods of choices, so that none are compared"]
    assert notes(compare(bare, bare)) == []


def test_other_choices_and_unknown_ones_are_counted() -> None:
    new = [
        {**NEW[0], "choices": ["left", "down"]},
        {**NEW[1], "log_likelihoods": [-1.0, -math.inf]},
        *NEW[2:],
    ]
    comparison = compare(
        [{**OLD[3], "id": "4", "reference": "both"}, *OLD],
        [*new, {**NEW[3], "id": "4", "reference": "both"}],
    )
    assert comparison.metrics["top_choice_agreement"].denominator == 3
    assert notes(comparison)[1:] == [
        (
            "old: 1 rows whose reference names none of the choices, or by its letter another than "
            "by text"
        ),
        (
            "new: 1 rows whose reference names none of the choices, or by its letter another than "
            "by text"
        ),
        "new: 1 rows with a likelihood that is NaN, infinite or beyond 1e100, which are not used",
        (
            "close calls are flips with an old margin of at most 0.05, the default of likelihoods "
            "that are raw; --old-rerun measures it"
        ),
        (
            "divergence and likeliest choices are of 3 of 5 examples: the others have no "
            "likelihoods of the same choices on both sides"
        ),
        (
            "log-likelihood, Brier score and calibration are of 2 of 3 examples with likelihoods: "
            "of the others no choice is known to be right"
        ),
    ]


def test_a_flip_without_an_old_margin_is_confident_and_told() -> None:
    old = [{**OLD[2], "log_likelihoods": None}, OLD[0]]
    comparison = compare(old, [NEW[2], {**NEW[0], "prediction": "left"}])
    assert comparison.confident_negative_flip_rate == 1 / 2
    assert notes(comparison)[-1] == (
        "1 negative flips have no old margin that is known, and count as confident losses"
    )


def test_what_is_judged_otherwise_is_no_close_call() -> None:
    old = [{**row, "prediction": "left"} for row in rows(0.49, 0.7)]
    comparison = compare(old, rows(0.4, 0.8))
    assert (comparison.close_call_rate, comparison.confident_negative_flip_rate) == (0.0, 0.5)
    assert "old: 1 of 2 examples are judged otherwise than by their likeliest choice" in notes(
        comparison
    )


def test_two_weighings_are_not_compared() -> None:
    comparison = compare(OLD, [{**row, WEIGHING: PER_CHARACTER} for row in NEW])
    assert comparison.kl_divergence is None
    assert notes(comparison)[0] == (
        "likelihoods of choices are raw in old and per character in new, so that none are compared"
    )


def test_likelihoods_by_length_have_a_limit_of_their_own() -> None:
    assert set(DEFAULTS) == set(WEIGHINGS)
    assert DEFAULTS[PER_CHARACTER] < DEFAULTS[RAW]
    weighed = [[{**row, WEIGHING: PER_CHARACTER} for row in side] for side in (OLD, NEW)]
    assert compare(*weighed).close_call_rate == 0.0


def test_several_samples_are_told() -> None:
    old = [{**row, "sample": n} for row in OLD for n in range(2)]
    comparison = compare(old, NEW)
    assert list(comparison.metrics) == names_always()
    assert notes(comparison)[-1] == (
        "likelihoods of choices are not compared: examples have several samples"
    )


def test_a_missing_row_has_no_confidence() -> None:
    comparison = compare(OLD, NEW[:3], missing="wrong")
    assert comparison.metrics["top_choice_agreement"].denominator == 3
    assert comparison.counts.total == 4


def test_tasks_are_put_together_where_all_have_them() -> None:
    one = compare(OLD, NEW).pair
    both = concatenate_pairs([one, one]).confidence
    assert both is not None
    assert both.paired.tolist() == [True] * 8
    bare = compare([{**row, "log_likelihoods": None} for row in OLD], NEW).pair
    assert concatenate_pairs([one, bare]).confidence is None


def test_reports_show_them_and_hold_to_the_schema() -> None:
    comparison = compare(OLD, NEW)
    validator = Draft202012Validator(score_schema())
    report = json.loads(render_json([comparison]))
    assert list(validator.iter_errors(report)) == []
    assert list(report["results"][0]["metrics"]) == list(METRICS)
    for kind in ("terminal", "markdown", "html"):
        text = REPORTS[kind]([comparison], View(explain=True, width=160))
        for name, metric in CONFIDENCE_METRICS.items():
            assert metric.label in text, (kind, name)
    assert ",kl_divergence," in REPORTS["csv"]([comparison], View())
    brief = REPORTS["terminal"]([comparison], View(width=160))
    assert "KL divergence" in brief
    assert "Brier" not in brief


def test_each_flip_has_the_probability_and_the_margin_of_its_right_choice() -> None:
    comparison = compare(
        [{**OLD[0], "id": "4"}, *OLD], [{**NEW[1], "id": "4", "log_likelihoods": None}, *NEW]
    )
    flips = {flip["id"]: flip["confidence"] for flip in comparison.to_dict()["flips"]}
    assert flips["2"] == pytest.approx(
        {
            "old_probability": 0.51,
            "new_probability": 0.48,
            "old_margin": 0.02,
            "new_margin": -0.04,
            "close": True,
        }
    )
    assert (flips["4"]["new_probability"], flips["4"]["new_margin"]) == (None, None)
    view = View(show_flips=5, width=160)
    for kind in ("terminal", "html"):
        text = REPORTS[kind]([comparison], view).replace("&gt;", ">")
        assert "right choice at 51.0% -> 48.0%, close" in text, kind
        assert "right choice at 75.0% -> -" in text, kind
    assert "right choice at 60.0% -" in REPORTS["markdown"]([comparison], view)
    bare = [[{**row, "log_likelihoods": None} for row in side] for side in (OLD, NEW)]
    assert all("confidence" not in flip for flip in compare(*bare).to_dict()["flips"])


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_file_of_flips_has_them_too(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"flips{suffix}"
    path.write_bytes(b"".join(render_flips([compare(OLD, NEW)], path)))
    (rows_read,) = [batch.rows for batch in open_file(str(path)).batches()]
    held = [row["confidence"] for row in rows_read if row["id"] == "2"]
    told = held[0] if isinstance(held[0], dict) else json.loads(held[0])
    assert told["close"] is True
    assert told["old_margin"] == pytest.approx(0.02)


def test_the_example_of_the_page_is_right() -> None:
    row = {"prediction": "A", "reference": "A", "id": "1"}
    old = {**row, "log_likelihoods": {"A": -1.0, "B": -2.1}}
    new = {**row, "prediction": "B", "log_likelihoods": {"A": -1.6, "B": -1.2}}
    comparison = compare([old], [new])
    page = (Path(__file__).parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
    section = page.partition("## Close calls")[2].partition("\n## ")[0]
    for name in ("kl_divergence", "log_likelihood_delta", "brier_delta", "calibration_error_delta"):
        assert f"{comparison.metrics[name].value:.3f}" in section, name
    assert comparison.pair.confidence is not None
    assert f"{comparison.pair.confidence.old.margin[0]:.3f}" in section
    assert comparison.confident_negative_flip_rate == 1.0
    assert f"{DEFAULTS[RAW]:g}" in section
    assert f"{DEFAULTS[PER_CHARACTER]:g}" in section


def made_by_run(*scores: tuple[float, float]) -> list[Row]:
    """Return the rows that `compatkit run` writes for a question with these log-likelihoods."""
    example = Example("q1", "It", choices=("runs", "sleeps long"), right=1)
    return [
        {
            "id": str(number),
            **choose(example, pair),
            "choices": list(example.choices),
            "reference": "B",
        }
        for number, pair in enumerate(scores)
    ]


def test_rows_of_compatkit_run_are_read_as_what_is_judged_weighs_them() -> None:
    old, new = made_by_run((-6.0, -5.0), (-6.0, -7.5)), made_by_run((-6.0, -7.5), (-6.0, -5.0))
    plain, normal = compare(old, new, scorer="choice"), compare(old, new, scorer="field:acc_norm")
    p, q = math.e / (1 + math.e), 1 / (1 + math.exp(1.5))
    assert plain.kl_divergence == pytest.approx(
        sum(
            a * math.log(a / b) + (1 - a) * math.log((1 - a) / (1 - b)) for a, b in ((p, q), (q, p))
        )
        / 2
    )
    assert plain.top_choice_agreement == 0.0
    assert normal.top_choice_agreement == 1.0  # the second is the likelier for each character
    confidence = normal.pair.confidence
    assert confidence is not None
    expected = 1 / (1 + math.exp(-6.0 / 4 + 5.0 / 11))
    assert confidence.old.probability[0] == pytest.approx(expected)
    for comparison, words in ((plain, "raw"), (normal, PER_CHARACTER)):
        assert notes(comparison)[0].startswith(f"likelihoods of choices are {words}:")
        assert not any("judged otherwise" in note for note in notes(comparison))


def test_the_frame_of_flips_has_them() -> None:
    frame = compare(OLD, NEW).flips()
    held = dict(zip(frame["id"], frame["confidence"], strict=True))
    assert held["2"]["close"] is True
    assert held["1"]["old_probability"] == pytest.approx(0.6)
