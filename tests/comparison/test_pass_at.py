"""pass@k in the place of the share of right samples: values, flips, what is undefined, refusals."""

import json
from html import unescape
from itertools import combinations
from pathlib import Path

import pytest
from click.testing import CliRunner

from compatkit import check, compare, compare_folders, compare_matrix
from compatkit.cli import command_line
from compatkit.errors import CompatkitError, ConfigError, DataError
from compatkit.gate.checking import check_policy
from compatkit.gate.read_policy import read_policy
from compatkit.reports import REPORTS, View
from compatkit.reports.matrix import MATRIX_REPORTS
from compatkit.reports.pictures import pictures_of
from compatkit.reports.verdicts import VERDICT_REPORTS

RUNS = Path(__file__).parents[1] / "harnesses" / "human_eval"
# Of each example which of its samples are right.
OLD = {"a": "1100", "b": "1111", "c": "0000", "d": "1000", "e": "10"}
NEW = {"a": "1000", "b": "1110", "c": "0100", "d": "1000", "e": "00"}
OF_SINGLE = (
    *("flip_floor_old", "flip_floor_new", "excess_negative_flip_rate"),
    *("reliable_negative_flip_rate", "reliable_positive_flip_rate"),
)


def rows_of(samples):
    return [
        {"id": key, "sample": number, "prediction": mark, "reference": "1"}
        for key, marks in samples.items()
        for number, mark in enumerate(marks)
    ]


def write(path, samples):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows_of(samples)))
    return path


def drawn(marks, k):
    """Return the share of the sets of k samples that hold a right one."""
    sets = [("1" in "".join(chosen)) for chosen in combinations(marks, k)]
    return sum(sets) / len(sets)


@pytest.mark.parametrize("k", [1, 2])
def test_values_and_flips_are_those_of_all_pairs_of_draws(k):
    result = compare(rows_of(OLD), rows_of(NEW), pass_at=k)
    old, new = ([drawn(side[key], k) for key in OLD] for side in (OLD, NEW))
    assert result.accuracy_old == pytest.approx(sum(old) / 5)
    assert result.accuracy_new == pytest.approx(sum(new) / 5)
    # Draws of the two models are independent: every set of k beside every other.
    broken = [p * (1 - q) for p, q in zip(old, new, strict=True)]
    repaired = [(1 - p) * q for p, q in zip(old, new, strict=True)]
    assert result.counts.negative_flips == pytest.approx(sum(broken))
    assert result.expected_negative_flip_rate == pytest.approx(sum(broken) / 5)
    assert result.expected_positive_flip_rate == pytest.approx(sum(repaired) / 5)
    metric = result.metrics["accuracy_old"]
    assert metric.low < metric.value < metric.high
    fallen = {key for key, p, q in zip(OLD, old, new, strict=True) if p > q}
    assert set(result.examples.of_kind("negative").ids) == fallen
    assert [flip.old_score for flip in result.examples.of_kind("negative")] == [
        p for key, p in zip(OLD, old, strict=True) if key in fallen
    ]


def test_an_example_that_any_two_samples_solve_does_not_flip():
    plain = compare(rows_of(OLD), rows_of(NEW))
    assert "b" in plain.examples.of_kind("negative").ids
    assert "b" not in compare(rows_of(OLD), rows_of(NEW), pass_at=2).examples.ids


def test_what_is_of_single_samples_is_undefined_and_said():
    result = compare(rows_of(OLD), rows_of(NEW), pass_at=2)
    assert {result.metrics[name].value for name in OF_SINGLE} == {None}
    assert {result.metrics[name].reason for name in OF_SINGLE} == {
        "of single samples, not of pass@k"
    }
    assert any("reliable changes" in note and "undefined" in note for note in result.notes)
    assert not any("found by itself" in note for note in result.notes)
    assert result.negative_flip_rate is None


def test_pass_at_1_is_the_share_of_right_samples():
    plain, drawn_once = (compare(rows_of(OLD), rows_of(NEW), **how) for how in ({}, {"pass_at": 1}))
    assert plain.metrics == drawn_once.metrics
    assert plain.tests == drawn_once.tests
    assert "pass_at" not in plain.signature
    assert "|pass_at:1|" in drawn_once.signature


def test_every_report_says_it():
    result = compare(rows_of(OLD), rows_of(NEW), pass_at=2)
    assert result.to_dict()["pass_at"] == 2
    for name in ("terminal", "markdown", "html", "latex"):
        text = unescape(REPORTS[name]([result], View(explain=True))).replace("\\@", "@")
        assert "pass@2" in text.replace("\u200b", ""), name
    csv = REPORTS["csv"]([result], None).splitlines()
    assert {line.rsplit(",", 1)[1] for line in csv} == {"pass_at", "2"}
    assert "between 2 random samples of the old and 2 of the new" in REPORTS["html"]([result], None)
    text = str(result)
    assert "Of 2 samples of each model, " in text
    assert "pass@2, old" in text
    assert "accuracy, old" not in text
    assert "if pass@2 is unchanged" in text
    assert "solved examples are expected to break" in text


def test_too_few_samples_are_refused_with_their_place(tmp_path):
    old, new = write(tmp_path / "old.jsonl", OLD), write(tmp_path / "new.jsonl", NEW)
    with pytest.raises(DataError) as refused:
        compare(old, new, pass_at=3)
    message = str(refused.value)
    assert f"{old}:17: 2 samples of 'e', and pass@3 asks for 3 of each example" in message
    assert "1 such example" in message
    assert "--pass-at 2, of which every example" in message


def test_a_sample_that_failed_leaves_fewer(tmp_path):
    rows = rows_of({"a": "110", "b": "111"})
    rows[1]["error"] = "out of memory"
    with pytest.raises(DataError, match="beside 1 with an error or no score") as refused:
        compare(rows, rows_of({"a": "111", "b": "111"}), pass_at=3)
    assert "--errors wrong" in str(refused.value)
    counted = compare(rows, rows_of({"a": "111", "b": "111"}), pass_at=3, errors="wrong")
    assert counted.accuracy_old == 1.0


def test_a_missing_example_that_counts_as_wrong_is_not_solved():
    old = {key: OLD[key] for key in ("a", "b")}
    result = compare(rows_of(old), rows_of({"a": "1100"}), pass_at=2, missing="wrong")
    assert result.accuracy_new == pytest.approx(drawn("1100", 2) / 2)


@pytest.mark.parametrize("further", [{"old_rerun": rows_of(OLD)}, {"sweep": True}])
def test_what_is_of_single_samples_is_refused_beside_it(further):
    with pytest.raises(ConfigError, match="sample"):
        compare(rows_of(OLD), rows_of(NEW), pass_at=2, **further)


def test_budgets_hold_the_flips_of_pass_at_k():
    old, new = ({f"{n}": "0010" for n in range(400)}, {f"{n}": "1000" for n in range(400)})
    new |= {f"{n}": "0000" for n in range(30)}
    limits = {"max_nfr": 0.28, "max_accuracy_drop": 0.1}
    (verdict, loose) = (
        check(rows_of(old), rows_of(new), pass_at=k, decide="point", **limits) for k in (4, 2)
    )
    assert {d.budget: d.value for d in verdict.decisions} == pytest.approx(
        {"max_nfr": 30 / 400, "max_accuracy_drop": 30 / 400}
    )
    assert loose.decisions[0].value == pytest.approx(0.5 * (370 * 0.5 + 30) / 400)
    with pytest.raises(ConfigError, match="max_excess_nfr needs a comparison without --pass-at"):
        check(rows_of(old), rows_of(new), pass_at=2, max_excess_nfr=0.1)


def test_a_policy_says_it_and_one_total_has_one_k(tmp_path):
    write(tmp_path / "old.jsonl", OLD)
    write(tmp_path / "new.jsonl", NEW)
    files = 'old = "old.jsonl"\nnew = "new.jsonl"\nmax_left_out = 0.5\n'
    task = f"[tasks.{{0}}]\n{files}{{1}}\n[tasks.{{0}}.budgets]\nmax_nfr = 0.9\n"
    path = tmp_path / "compatkit.toml"
    path.write_text('format = 1\ndecide = "point"\n' + task.format("one", "pass_at = 2"))
    (checked,) = check_policy(read_policy(path)).comparisons
    assert checked.pair.pass_at == 2
    total = '[total]\noverlap = "keep"\n[total.budgets]\nmax_nfr = 0.9\n'
    path.write_text(
        'format = 1\ndecide = "point"\n'
        + total
        + task.format("one", "pass_at = 2")
        + task.format("two", "")
    )
    with pytest.raises(ConfigError, match=r"by pass@2 and by share of right samples have no total"):
        check_policy(read_policy(path))


def test_a_folder_has_one_k_and_a_total(tmp_path):
    for side, samples in (("old", OLD), ("new", NEW)):
        (tmp_path / side).mkdir()
        for task in ("one", "two"):
            write(tmp_path / side / f"{task}.jsonl", samples)
    results = compare_folders(tmp_path / "old", tmp_path / "new", pass_at=2)
    *_, total = results
    assert total.pair.pass_at == 2
    for name in ("terminal", "markdown", "html"):
        text = unescape(REPORTS[name](results, None)).replace("\\@", "@").replace("\u200b", "")
        assert "p if pass@2 is unchanged" in " ".join(text.split()), name
        assert "accuracy is unchanged" not in text, name
    assert total.accuracy_old == compare(rows_of(OLD), rows_of(NEW), pass_at=2).accuracy_old


def test_a_log_of_human_eval_has_the_tools_own_values():
    expected = json.loads((RUNS / "expected.json").read_text())
    old, new = (RUNS / f"{side}.jsonl_results.jsonl" for side in ("v1", "v2"))
    once = compare(old, new, pass_at=1)
    assert [once.accuracy_old, once.accuracy_new] == [expected["v1"], expected["v2"]]
    result = CliRunner().invoke(
        command_line, ["score", str(old), str(new), "--pass-at", "2", "--json"]
    )
    metrics = json.loads(result.output)["results"][0]["metrics"]
    # Of three tasks two have a right completion among their two.
    assert metrics["accuracy_old"]["value"] == pytest.approx(2 / 3)


def test_a_list_of_predictions_is_samples_too():
    row = {"id": "a", "reference": "1"}
    old, new = [{**row, "prediction": ["1", "0", "0"]}], [{**row, "prediction": ["0", "0", "0"]}]
    assert compare(old, new, pass_at=2).accuracy_old == pytest.approx(2 / 3)


def test_one_answer_of_each_example_is_no_draw_of_two():
    row = {"id": "a", "reference": "1", "prediction": "1"}
    with pytest.raises(CompatkitError, match="1 sample of 'a', and pass@2 asks for 2"):
        compare([row], [row], pass_at=2)


def test_no_report_calls_it_accuracy():
    """Only the note that says what stands for accuracy, and the keys of a policy, use the word."""
    results = [
        compare(rows_of(OLD), rows_of(side), pass_at=2) for side in (NEW, OLD | {"a": "0000"})
    ]
    limits = {"max_accuracy_drop": 0.5, "max_accuracy_change": 0.3}
    verdict = check(rows_of(OLD), rows_of(NEW), pass_at=2, max_left_out=0.5, **limits)
    view = View(explain=True, verbose=True)
    texts = [REPORTS[name](results, view) for name in ("terminal", "markdown", "html", "latex")]
    texts += [VERDICT_REPORTS[name](verdict, view) for name in VERDICT_REPORTS if name != "json"]
    texts += [picture.alt for picture in pictures_of(results).values()]
    matrix = compare_matrix([rows_of(OLD), rows_of(NEW)], pass_at=2)
    texts += [MATRIX_REPORTS[name](matrix, view) for name in ("terminal", "markdown", "latex")]
    for text in texts:
        rest = text.replace("accuracy is pass", "").replace("_accuracy_", "")
        assert "accuracy" not in rest.lower()
    assert any("drop of pass@2" in text or "pass@2, new - old" in text for text in texts)
