"""Logs of lmms-eval, in the shape that the source of 0.7.3 writes."""

import json

import pytest
from harness_runs import edit_lines, refusal

from compatkit import compare, compare_folders
from compatkit.errors import DataError
from compatkit.gate import check
from compatkit.readers.prediction_file import open_run

OLD, NEW = [1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 1.0]
DATE = "20261101_100000"


def write_run(folder, scores, **results):
    folder.mkdir()
    rows = [
        {
            "doc_id": number,
            "target": "yes",
            "filtered_resps": "yes" if score else "no",
            "token_counts": [None],
            "doc_hash": "the same",  # of a document without its images
            "input": f"<image>\nQuestion {number}?",
            "exact_match": score,
            "mme_score": {"question_id": number, "category": "count", "score": score},
            "submission": {"question_id": str(number), "text": "yes"},
        }
        for number, score in enumerate(scores)
    ]
    path = folder / f"{DATE}_samples_made_vqa.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    whole = {
        "results": {"made_vqa": {"exact_match,none": 0.75}},
        "configs": {"made_vqa": {"generation_kwargs": {}}},
        "higher_is_better": {"made_vqa": {"exact_match": True}},
        "n-samples": {"made_vqa": {"original": 4, "effective": len(scores)}},
        "model_name": folder.name,
        **results,
    }
    (folder / f"{DATE}_results.json").write_text(json.dumps(whole))
    return folder


@pytest.fixture
def pair(tmp_path):
    return write_run(tmp_path / "v1", OLD), write_run(tmp_path / "v2", NEW)


def samples(folder):
    return folder / f"{DATE}_samples_made_vqa.jsonl"


def test_rows_are_joined_by_doc_id_though_their_hashes_are_the_same(pair):
    lines = samples(pair[1]).read_text().splitlines()
    samples(pair[1]).write_text("".join(f"{line}\n" for line in reversed(lines)))
    (found,) = compare_folders(*pair)
    assert (found.task, found.scorer) == ("made_vqa", "log:exact_match")
    assert (found.counts.negative_flips, found.counts.positive_flips) == (1, 1)


def test_the_hash_of_a_document_says_nothing(pair):
    edit_lines(samples(pair[1]), lambda row: row.update(doc_hash="another"))
    assert compare(samples(pair[0]), samples(pair[1])).counts.total == 4
    edit_lines(samples(pair[1]), lambda row: row.update(input=f"Other {row['doc_id']}?"))
    assert "Answers to other questions" in refusal(samples(pair[0]), samples(pair[1]))


def test_parts_of_a_table_are_metrics_and_ids_are_none(pair):
    (file,) = open_run(pair[0]).values()
    assert file.log.metrics == ("exact_match", "mme_score.score")
    assert "what a whole set is scored by" in file.log.refused["submission"]
    how = {"metric": "mme_score.score", "higher_is_better": True}
    assert compare(*pair, **how).counts.negative_flips == 1
    edit_lines(
        samples(pair[1]), lambda row: row.update(mme_score=1.0) if row["doc_id"] == 2 else None
    )
    message = refusal(*pair, **how)
    assert "'mme_score' is of type float; dict was expected" in message


def test_a_direction_that_is_stated_nowhere_is_refused_by_the_gate(pair):
    with pytest.raises(DataError, match=r"whether more is better of mme_score\.score"):
        check(*pair, max_nfr=0.9, metric="mme_score.score")


def test_a_metric_of_which_less_is_better(tmp_path):
    better = {"higher_is_better": {"made_vqa": {"exact_match": False}}}
    pair = [write_run(tmp_path / name, OLD, **better) for name in ("v1", "v2")]
    assert compare(*pair).accuracy_old == 0.25


def test_a_file_that_two_runs_were_appended_to_is_refused(pair):
    samples(pair[1]).write_text(samples(pair[1]).read_text() * 2)
    assert "the id '0' occurs twice" in refusal(*pair)


def test_fewer_rows_than_were_run_are_refused(pair):
    for folder in pair:
        lines = samples(folder).read_text().splitlines()[:3]
        samples(folder).write_text("".join(f"{line}\n" for line in lines))
    assert "3 rows of the filter 'none'; its file of results says that 4" in refusal(*pair)


def test_without_results_the_name_of_a_metric_says_its_direction(pair):
    for folder in pair:
        (folder / f"{DATE}_results.json").unlink()
    found = compare(*pair)
    assert found.counts.negative_flips == 1
    assert any("no file of results of its run is beside it" in note for note in found.notes)


def test_a_row_without_its_id_is_refused_and_one_without_a_score_is_not_wrong(pair):
    def lose(key, number):
        return lambda row: row.pop(key) and None if row["doc_id"] == number else None

    edit_lines(samples(pair[1]), lose("exact_match", 0))
    assert compare(*pair).counts.excluded["unscored"] == 1
    edit_lines(samples(pair[1]), lose("doc_id", 3))
    assert "no field 'doc_id'" in refusal(*pair)


def test_the_answer_of_a_choice_is_the_likeliest(pair):
    choices = [[-3.0, False], [-1.0, True], [-2.0, False]]
    for folder in pair:
        edit_lines(samples(folder), lambda row: row.update(filtered_resps=choices))
    (file,) = open_run(pair[0]).values()
    rows = [row for batch in file.batches() for row in batch.rows]
    assert rows[0]["prediction"] == "1"
