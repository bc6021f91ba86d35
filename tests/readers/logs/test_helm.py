"""Run folders of HELM, written as its runner writes them."""

import json
import math

import pytest
from harness_runs import SHARED, edit_json, needs_shared, refusal

from compatkit import compare
from compatkit.predictions.likelihoods import LESS_ALONE, PER_TOKEN
from compatkit.readers.prediction_file import open_run

OLD = {"id1": 1.0, "id2": 1.0, "id3": 0.0}
NEW = {"id1": 1.0, "id2": 0.0, "id3": 1.0}


def stat(name, value, count=1):
    found = {"name": {"name": name, "split": "test"}, "count": count, "sum": value}
    return found | ({"mean": value} if count else {})


def write_run(folder, scores, model="a", trials=(0,), perturbation=None):
    folder.mkdir(parents=True)
    more = {"perturbation": perturbation} if perturbation else {}
    spec = {
        "name": f"capitals:lang=en,model={model}",
        "adapter_spec": {"model": model, "max_train_instances": 5, "max_eval_instances": 3},
    }
    stats = [
        {
            "instance_id": name,
            "train_trial_index": trial,
            **more,
            "stats": [stat("num_references", 1), stat("exact_match", value), stat("bleu_4", 0, 0)],
        }
        for name, value in scores.items()
        for trial in trials
    ]
    states = [
        {
            "instance": {
                "input": {"text": f"Capital {name}?"},
                "references": [
                    {"output": {"text": "yes"}, "tags": ["correct"]},
                    {"output": {"text": "no"}, "tags": []},
                ],
                "split": "test",
                "id": name,
                **more,
            },
            "train_trial_index": trial,
            "output_mapping": {"A": "yes", "B": "no"},
            "result": {"success": True, "completions": [{"text": "A" if value else "B"}]},
        }
        for name, value in scores.items()
        for trial in trials
    ]
    for name, value in (
        ("run_spec", spec),
        ("per_instance_stats", stats),
        ("scenario_state", {"request_states": states}),
    ):
        (folder / f"{name}.json").write_text(json.dumps(value))
    return folder


@pytest.fixture
def pair(tmp_path):
    return write_run(tmp_path / "a", OLD), write_run(tmp_path / "b", NEW, "b")


def test_scores_and_texts_are_joined_by_instance(pair):
    found = compare(*pair)
    assert found.scorer == "log:exact_match"
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)
    assert compare(*pair, scorer="exact_match").counts == found.counts
    assert list(open_run(pair[0])) == ["capitals:lang=en"]


def test_what_is_measured_of_a_run_is_no_metric(pair):
    assert open_run(pair[0])["capitals:lang=en"].log.metrics == ("exact_match",)


def test_a_statistic_without_a_count_is_no_score(pair):
    edit_json(
        pair[1] / "per_instance_stats.json",
        lambda rows: rows[0]["stats"][1].update(count=0, mean=0.0),
    )
    assert compare(*pair).counts.excluded["unscored"] == 1


def test_a_perturbed_instance_is_an_example_of_its_own(tmp_path):
    for side, scores in (("a", OLD), ("b", NEW)):
        plain = write_run(tmp_path / side, scores, side)
        changed = write_run(tmp_path / f"{side}2", scores, side, perturbation={"name": "typos"})
        for file, key in (("per_instance_stats", None), ("scenario_state", "request_states")):
            more = json.loads((changed / f"{file}.json").read_text())
            edit_json(
                plain / f"{file}.json",
                lambda found, more=more, key=key: (found[key] if key else found).extend(
                    more[key] if key else more
                ),
            )
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.counts.total == 6
    assert {each.id for each in found.examples} == {
        name + suffix for name in ("id2", "id3") for suffix in ("", ' {"name": "typos"}')
    }


def test_train_trials_are_samples(tmp_path):
    old = write_run(tmp_path / "a", OLD, trials=(0, 1))
    new = write_run(tmp_path / "b", NEW, "b", trials=(0, 1))
    found = compare(old, new)
    assert found.counts.total == 3
    assert found.metrics["expected_negative_flip_rate"].value == pytest.approx(1 / 3)


def test_instances_that_were_numbered_anew_are_found_by_their_input(pair):
    def swap(found):
        for state in found["request_states"]:
            state["instance"]["input"]["text"] += " (other)"

    edit_json(pair[1] / "scenario_state.json", swap)
    assert "Answers to other questions" in refusal(*pair)


def test_a_request_that_failed_is_an_error(pair):
    edit_json(
        pair[1] / "scenario_state.json",
        lambda found: found["request_states"][1]["result"].update(success=False, error="timeout"),
    )
    found = compare(*pair)
    assert (found.counts.negative_flips, found.counts.excluded["errored"]) == (0, 1)


def test_changed_conditions_are_noted(pair):
    edit_json(
        pair[1] / "run_spec.json", lambda found: found["adapter_spec"].update(max_train_instances=0)
    )
    assert "capitals:lang=en: changed, few-shot examples: 5 -> 0" in compare(*pair).notes


def test_a_damaged_file_is_refused_by_its_name(pair):
    path = pair[1] / "scenario_state.json"
    path.write_text(path.read_text()[:-20])
    assert "scenario_state.json:1: not JSON" in refusal(*pair)


def test_which_of_several_runs_is_the_last_is_not_known(pair):
    both = pair[0].parent
    assert "2 runs of the task capitals:lang=en" in refusal(both, pair[1])
    assert "does not say which is the last" in refusal(both, pair[1], run="newest")
    assert compare(both, pair[1], run="/a/").counts == compare(*pair).counts


@needs_shared
def test_the_genuine_runs_count_as_a_plain_script_does():
    folders = sorted((SHARED / "helm/bbq").iterdir())
    assert len(folders) == 4
    for folder in folders:
        stats = json.loads((folder / "per_instance_stats.json").read_text())
        means = {
            (row["instance_id"], each["name"]["name"]): each.get("mean")
            for row in stats
            for each in row["stats"]
        }
        right = sum(means[row["instance_id"], "quasi_exact_match"] == 1 for row in stats)
        found = compare(folders[0], folder)
        assert (found.counts.both_right, found.counts.total) == (right, 2) == (2, 2)
        assert compare(folders[0], folder, scorer="exact_match").counts.both_right == 2


def add_rows(folder, more):
    """Add the rows of another run's folder."""
    for file, key in (("per_instance_stats", None), ("scenario_state", "request_states")):
        rows = json.loads((more / f"{file}.json").read_text())
        edit_json(
            folder / f"{file}.json",
            lambda found, rows=rows, key=key: (found[key] if key else found).extend(
                rows[key] if key else rows
            ),
        )


def other_split(folder):
    edit_json(
        folder / "per_instance_stats.json",
        lambda rows: [stat["name"].update(split="valid") for row in rows for stat in row["stats"]],
    )
    edit_json(
        folder / "scenario_state.json",
        lambda found: [
            state["instance"].update(split="valid") for state in found["request_states"]
        ],
    )


def test_instances_of_two_splits_are_examples_of_their_own(tmp_path):
    for side, scores in (("a", OLD), ("b", NEW)):
        plain = write_run(tmp_path / side, scores, side)
        more = write_run(tmp_path / f"{side}2", dict.fromkeys(OLD, 1.0), side)
        other_split(more)
        add_rows(plain, more)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.counts.total == 6
    assert (found.counts.both_right, found.counts.negative_flips) == (4, 1)
    assert {each.id for each in found.examples} == {"id2 test", "id3 test"}


def test_two_instances_of_one_id_are_refused(pair, tmp_path):
    more = write_run(tmp_path / "more", {"id1": 0.0})
    add_rows(pair[0], more)
    assert "the request of id1, test occurs twice" in refusal(*pair)
    (pair[0] / "scenario_state.json").unlink()
    assert "the statistic of id1, test, exact_match occurs twice" in refusal(*pair)


def write_choices(folder, likelihoods, mode="multiple_choice_separate_original"):
    """Ask for each choice in a request of its own: `likelihoods` of yes and no."""
    write_run(folder, {"id1": 1.0}, folder.name)
    edit_json(folder / "run_spec.json", lambda spec: spec["adapter_spec"].update(method=mode))

    def ask(found):
        (state,) = found["request_states"]
        del state["output_mapping"]
        found["request_states"] = [
            {
                **state,
                "reference_index": index,
                "request_mode": kind,
                "result": {
                    "success": True,
                    "completions": [
                        {
                            "text": f"Capital id1? {text}",
                            "tokens": [
                                {"text": "id1?", "logprob": -9.0},
                                {"text": f" {text}", "logprob": value},
                            ],
                        }
                    ],
                },
            }
            for kind, values in likelihoods.items()
            for index, (text, value) in enumerate(zip(("yes", "no"), values, strict=True))
        ]

    edit_json(folder / "scenario_state.json", ask)
    return folder


@pytest.mark.parametrize(
    ("likelihoods", "answer", "values", "weighing"),
    [
        ({"original": (-1.0, -2.0)}, "yes", [-1.0, -2.0], PER_TOKEN),
        ({"original": (-3.0, -2.0)}, "no", [-3.0, -2.0], PER_TOKEN),
        (
            {"original": (-3.0, -2.0), "calibration": (-4.0, -1.0)},
            "yes",
            [1.0, -1.0],
            LESS_ALONE,
        ),
    ],
)
def test_of_a_request_for_each_choice_the_likeliest_is_the_answer(
    tmp_path, likelihoods, answer, values, weighing
):
    folder = write_choices(tmp_path / "a", likelihoods)
    ((file,),) = (open_run(folder).values(),)
    (row,) = [row for batch in file.batches() for row in batch.rows]
    assert row["prediction"] == answer
    assert row["references"] == ["yes"]
    assert (row["choices"], row["log_likelihoods"]) == (["yes", "no"], values)
    assert row["likelihood_weighing"] == weighing


def test_confidence_is_measured_of_a_request_for_each_choice(tmp_path):
    old = write_choices(tmp_path / "a", {"original": (-1.0, -2.0)})
    new = write_choices(tmp_path / "b", {"original": (-2.0, -1.0)})
    found = compare(old, new)
    # Two choices whose likelihoods were exchanged: (p - q) log(p / q), of p / q = e.
    p = math.e / (1 + math.e)
    assert found.kl_divergence == pytest.approx(2 * p - 1)
    assert found.top_choice_agreement == 0.0
    assert found.log_likelihood_delta == pytest.approx(-1.0)
    assert any("likelihoods of choices are per token" in note for note in found.notes)


def test_an_error_rate_of_helm_points_down(pair):
    for folder in pair:
        edit_json(
            folder / "per_instance_stats.json",
            lambda rows: (
                [row["stats"][1]["name"].update(name="wer_score") for row in rows] and None
            ),
        )
    found = compare(*pair)
    assert found.scorer == "log:1 - wer_score"
    assert (found.counts.negative_flips, found.counts.both_wrong) == (1, 1)
    assert (found.counts.positive_flips, found.counts.both_right) == (1, 0)


@pytest.mark.parametrize("name", [None, {"name": "exact_match"}])
def test_a_statistic_without_a_name_is_refused(tmp_path, name):
    folder = write_run(tmp_path / "a", OLD)

    def rename(stats):
        stats[0]["stats"][1]["name"]["name"] = name

    edit_json(folder / "per_instance_stats.json", rename)
    assert "the name of a statistic is" in refusal(folder, folder)
