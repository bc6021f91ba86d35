"""Which way a metric points: stated, known by its name, said, or refused by the gate."""

import gzip
import json
import shutil

import pytest
from harness_runs import RUNS, edit_json, edit_lines, only, refusal

from compatkit import compare, compare_folders
from compatkit.errors import DataError
from compatkit.gate import check
from compatkit.readers.logs.directions import LESS_IS_BETTER, MORE_IS_BETTER, less_is_better

METRIC = "wer_of_mine"


@pytest.fixture
def pair(tmp_path):
    """One task, judged by an error of the user's own: 8 answers of 12 are good, then 2."""
    folders = []
    for side, good in (("v1", 8), ("v2", 2)):
        folder = tmp_path / side / "model"
        shutil.copytree(only(RUNS / "lm_eval" / side, "results_*").parent, folder)
        only(folder, "samples_tiny_text_*").unlink()
        rows = only(folder, "samples_tiny_choice_*")
        edit_lines(
            rows,
            lambda row, good=good: row.update(
                metrics=[METRIC], **{METRIC: 0.0 if row["doc_id"] < good else 1.0}
            ),
        )
        edit_json(only(folder, "results_*"), lambda found: state(found, higher=False))
        folders.append(tmp_path / side)
    return folders


def state(found, higher):
    found["higher_is_better"]["tiny_choice"] = {METRIC: higher}
    found["results"]["tiny_choice"] = {f"{METRIC},none": 0.5}


def results_of(folder):
    return only(folder, "results_*")


def flips(pair):
    found = compare(*pair)
    return found.scorer, found.counts.negative_flips, found.counts.positive_flips


def worse(pair):
    assert flips(pair) == (f"log:1 - {METRIC},none", 6, 0)
    assert check(*pair, max_nfr=0.1).outcome == "fail"


def test_a_direction_that_is_stated_is_taken(pair):
    worse(pair)


def test_results_in_a_folder_above_are_found(pair):
    for folder in pair:
        results_of(folder).rename(folder / results_of(folder).name)
    worse(pair)


def test_compressed_results_are_found(pair):
    for folder in pair:
        path = results_of(folder)
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    worse(pair)


def test_results_that_output_path_names_are_found(pair):
    for folder in pair:
        path = results_of(folder)
        path.rename(path.with_name(path.name.replace("results_", "wer_")))
    worse(pair)


def test_two_results_of_one_date_are_both_looked_at(pair):
    for folder in pair:
        path = results_of(folder)
        other = json.loads(path.read_text())
        other["results"] = {"another": other["results"]["tiny_text"]}
        other["configs"] = {}
        path.with_name(f"a__{path.name}").write_text(json.dumps(other))
    worse(pair)


def test_two_results_that_contradict_each_other_are_refused(pair):
    path = results_of(pair[1])
    path.with_name(f"a__{path.name}").write_text(path.read_text())
    worse(pair)  # they say the same
    edit_json(path, lambda found: state(found, higher=True))
    assert "occurs twice, with different contents" in refusal(*pair)


def test_a_direction_that_nothing_says_is_noted_by_score_and_refused_by_the_gate(pair):
    for folder in pair:
        results_of(folder).unlink()
    found = compare(*pair)
    assert any("neither the log nor a known name says" in note for note in found.notes)
    with pytest.raises(DataError, match="--lower-is-better or --higher-is-better says it"):
        check(*pair, max_nfr=0.1)


def test_a_known_error_rate_points_down_without_a_word_of_the_log(pair):
    for folder in pair:
        results_of(folder).unlink()
        edit_lines(
            only(folder, "samples_*"), lambda row: row.update(metrics=["wer"], wer=row[METRIC])
        )
    assert flips(pair) == ("log:1 - wer,none", 6, 0)
    assert check(*pair, max_nfr=0.1).outcome == "fail"


@pytest.mark.parametrize(
    ("metric", "less"),
    [
        ("acc,none", False),
        ("exact_match,flexible-extract", False),
        ("pass@1", False),
        ("math_pass@1:8_samples", False),
        ("WER", True),
        ("word_perplexity,none", True),
        ("ter", True),
        ("quality", None),
        ("accident", None),
    ],
)
def test_names_that_are_known(metric, less):
    assert less_is_better(metric) is less


def test_no_name_points_both_ways():
    assert not MORE_IS_BETTER & LESS_IS_BETTER
    assert all(name == name.lower() for name in MORE_IS_BETTER | LESS_IS_BETTER)


def unstated(pair):
    for folder in pair:
        results_of(folder).unlink()
    return pair


def test_what_nothing_says_the_user_says(pair):
    old, new = unstated(pair)
    found = compare(old, new, lower_is_better=True)
    assert (found.scorer, found.counts.negative_flips) == (f"log:1 - {METRIC},none", 6)
    assert check(old, new, max_nfr=0.1, lower_is_better=True).outcome == "fail"
    found = compare(old, new, higher_is_better=True)
    assert (found.scorer, found.counts.positive_flips) == (f"log:{METRIC},none", 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lower_is_better": True, "higher_is_better": True}, "contradict each other"),
        ({"lower_is_better": True, "scorer": "exact_match"}, "Leave one of them out"),
    ],
)
def test_directions_that_mean_nothing_are_refused(pair, options, message):
    assert message in refusal(*pair, **options)


def test_a_direction_that_the_log_states_is_not_said_otherwise(pair):
    message = refusal(*pair, higher_is_better=True)
    assert f"--higher-is-better is said of {METRIC},none, of which less is better" in message
    assert compare(*pair, lower_is_better=True).counts == compare(*pair).counts


def test_directions_and_tasks_are_of_logs_and_folders(tmp_path):
    path = tmp_path / "old.jsonl"
    path.write_text('{"id": 1, "prediction": "a", "reference": "a"}\n')
    for option in ("lower_is_better", "higher_is_better"):
        assert "of logs of evaluation harnesses" in refusal(path, path, **{option: True})


def test_tasks_of_folders_of_plain_files_are_chosen_too(tmp_path):
    for side in ("v1", "v2"):
        (tmp_path / side).mkdir()
        for task in ("mmlu_a", "mmlu_b", "wikitext"):
            (tmp_path / side / f"{task}.jsonl").write_text(
                '{"id": 1, "prediction": "a", "reference": "a"}\n'
            )
    sides = tmp_path / "v1", tmp_path / "v2"
    found = compare_folders(*sides, tasks="mmlu_*")
    assert [each.task for each in found] == ["mmlu_a", "mmlu_b", "total"]
    assert [each.task for each in compare_folders(*sides, skip_tasks=["mmlu_*"])] == ["wikitext"]
    with pytest.raises(DataError, match="no task is called 'arc'"):
        compare_folders(*sides, tasks="arc")


def test_a_task_of_one_corpus_metric_is_named_with_the_way_out(tmp_path):
    sides = []
    for side in ("v1", "v2"):
        folder = tmp_path / side
        shutil.copytree(RUNS / "lm_eval" / side, folder)
        edit_lines(
            only(folder, "samples_tiny_text_*"),
            lambda row: row.update(metrics=["word_perplexity"], word_perplexity=[-3.5, 2]),
        )
        edit_json(
            results_of(folder),
            lambda found: found["results"].update(tiny_text={"word_perplexity,none": 9.0}),
        )
        sides.append(folder)
    with pytest.raises(DataError) as caught:
        compare_folders(*sides)
    assert "the task tiny_text has no score of each example" in str(caught.value)
    assert "--skip-tasks tiny_text leaves the task out" in str(caught.value)
    assert [each.task for each in compare_folders(*sides, skip_tasks="tiny_text")] == [
        "tiny_choice"
    ]


def test_reader_forces_a_log_whose_name_and_first_bytes_do_not_tell(tmp_path):
    sides = []
    for side in ("v1", "v2"):
        source = only(RUNS / "lm_eval" / side, "samples_tiny_choice_*")
        rows = [json.loads(line) for line in source.read_text().splitlines()]
        path = tmp_path / f"{side}.jsonl"
        path.write_text("".join(json.dumps(dict(sorted(row.items()))) + "\n" for row in rows))
        sides.append(path)
    assert compare(*sides, reader="lm-eval").scorer == "log:acc,none"
