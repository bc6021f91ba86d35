"""Bundles of NeMo Evaluator, written as it writes them."""

import json

import pytest
from harness_runs import edit_lines, refusal

from compatkit import compare

OLD = [1.0, 1.0, 0.0, 1.0]
NEW = [1.0, 0.0, 1.0, 1.0]


def write_bundle(folder, rewards, repeats=1, **bundle):
    folder.mkdir()
    rows = [
        {
            "problem_idx": number,
            "repeat": repeat,
            "reward": reward,
            "prompt": f"Problem {number}",
            "model_response": f"answer {reward}",
            "extracted_answer": "x",
            "expected_answer": "answer 1.0",
            "scoring_details": {"category": "algebra"},
            "metadata": {},
        }
        for number, reward in enumerate(rewards)
        for repeat in range(repeats)
    ]
    (folder / "results.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    about = {
        "run_id": "r",
        "config_hash": "abc",
        "config": {"model": "m"},
        "benchmark": {"name": "math", "samples": len(rewards), "repeats": repeats},
        **bundle,
    }
    (folder / "eval-2026-math.json").write_text(json.dumps(about))
    return folder


@pytest.fixture
def pair(tmp_path):
    return write_bundle(tmp_path / "v1", OLD), write_bundle(tmp_path / "v2", NEW, config_hash="abd")


def test_rewards_are_paired_by_problem(pair):
    found = compare(*pair)
    assert (found.scorer, found.counts.negative_flips, found.counts.positive_flips) == (
        "log:reward", 1, 1,
    )  # fmt: skip
    assert "math: changed, hash of the configuration: abc -> abd" in found.notes


def test_a_record_without_a_reward_is_not_wrong(pair):
    edit_lines(
        pair[1] / "results.jsonl",
        lambda row: row.pop("reward") and None if row["problem_idx"] == 0 else None,
    )
    counts = compare(*pair).counts
    assert counts.excluded == {"errored": 0, "missing": 0, "edited": 0, "unscored": 1}
    assert (counts.total, counts.negative_flips) == (3, 1)


@pytest.mark.parametrize(
    ("category", "errored", "flips"),
    [("infra_error", 1, 0), ("system", 1, 0), ("graceful", 0, 1), ("solve_timeout", 0, 1)],
)
def test_an_error_of_the_infrastructure_is_no_wrong_answer(pair, category, errored, flips):
    edit_lines(
        pair[1] / "results.jsonl",
        lambda row: (
            row["scoring_details"].update(error_category=category)
            if row["problem_idx"] == 1
            else None
        ),
    )
    counts = compare(*pair).counts
    assert (counts.excluded["errored"], counts.negative_flips) == (errored, flips)


def test_repeats_are_samples_and_five_of_five_to_one_of_five_is_seen(tmp_path):
    old = write_bundle(tmp_path / "v1", OLD, repeats=5)
    new = write_bundle(tmp_path / "v2", OLD, repeats=5)
    edit_lines(new / "results.jsonl", lambda row: row.update(reward=0.0) if row["repeat"] else None)
    found = compare(old, new)
    assert found.counts.total == 4
    assert found.metrics["expected_negative_flip_rate"].value == pytest.approx(3 * 0.8 / 4)


def test_rows_under_the_number_of_another_problem_are_found(pair):
    edit_lines(
        pair[1] / "results.jsonl", lambda row: row.update(problem_idx=3 - row["problem_idx"])
    )
    assert "Answers to other questions" in refusal(*pair)


def test_a_candidate_that_covers_half_of_the_problems_is_refused(pair):
    edit_lines(pair[1] / "results.jsonl", lambda row: row["problem_idx"] < 2)
    assert "lacks 2 of 4 ids" in refusal(*pair)


def test_bad_lines_are_not_skipped(pair):
    path = pair[1] / "results.jsonl"
    path.write_text(path.read_text().replace('{"problem_idx": 2', "{problem_idx: 2"))
    assert "results.jsonl:3: not JSON" in refusal(*pair)


def test_steps_beside_the_results_are_left_aside(pair):
    counts = compare(*pair).counts
    for folder in pair:
        rows = (folder / "results.jsonl").read_text().splitlines()
        steps = [{**json.loads(row), "trajectory": [], "reward": 0.0} for row in rows]
        (folder / "trajectories.jsonl").write_text("".join(json.dumps(s) + "\n" for s in steps))
    assert compare(*pair).counts == counts


def test_the_category_may_be_in_the_metadata(pair):
    for folder in pair:
        edit_lines(
            folder / "results.jsonl",
            lambda row: row.update(scoring_details={}, metadata={"category": "algebra"}),
        )
    assert "algebra" in str(compare(*pair, by="category").slices)
