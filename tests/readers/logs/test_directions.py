"""Which way a metric points: stated, known by its name, said, or refused by the gate."""

import gzip
import json
import shutil

import pytest
from harness_runs import RUNS, edit_json, edit_lines, only, refusal

from compatkit import compare
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
