"""Logs of lm-evaluation-harness, made by the tool itself on two tiny models."""

import gzip
import json
import random

import pytest
from harness_runs import RUNS, SHARED, copy_run, edit_json, edit_lines, needs_shared, only, refusal

from compatkit import compare, compare_folders
from compatkit.errors import DataError
from compatkit.readers.prediction_file import open_predictions, open_run

OLD, NEW = RUNS / "lm_eval/v1", RUNS / "lm_eval/v2"
EXPECTED = json.loads((RUNS / "lm_eval/expected.json").read_text())
LIST = "a list and no number, so that no example is right or wrong by it"


@pytest.fixture
def pair(tmp_path):
    return copy_run("lm_eval/v1", tmp_path), copy_run("lm_eval/v2", tmp_path)


def text_file(folder):
    return only(folder, "samples_tiny_text_*.jsonl")


def choice_file(folder):
    return only(folder, "samples_tiny_choice_*.jsonl")


@pytest.mark.parametrize("name", EXPECTED)
def test_flips_are_those_of_the_tool_s_own_api(name):
    task, metric, filtered = name.split("|")
    found = {
        each.task: each
        for each in compare_folders(OLD, NEW, metric=f"{metric},{filtered} | acc | exact_match")
    }[task]
    expected = EXPECTED[name]
    assert found.scorer == f"log:{metric},{filtered}"
    assert found.counts.negative_flips == expected["negative"]
    assert found.counts.positive_flips == expected["positive"]
    assert found.counts.both_right + found.counts.negative_flips == expected["old"]
    assert found.counts.both_right + found.counts.positive_flips == expected["new"]


def test_tasks_are_found_in_hidden_folders_and_added_up():
    assert (OLD / ".__v1").is_dir()
    found = compare_folders(OLD, NEW)
    assert [each.task for each in found] == ["tiny_choice", "tiny_text", "total"]
    assert found[2].counts.total == found[0].counts.total + found[1].counts.total
    assert found[2].scorer == "log:acc,none / log:exact_match,strict-match"


def test_the_choice_of_a_metric_is_said_and_can_be_made():
    notes = compare(choice_file(OLD), choice_file(NEW)).notes
    assert "tiny_choice: judged by acc,none; --metric takes another: acc_norm,none" in notes
    found = compare(choice_file(OLD), choice_file(NEW), metric="acc_norm")
    assert found.scorer == "log:acc_norm,none"


def test_a_metric_that_no_task_has_is_refused_with_those_it_has():
    message = refusal(choice_file(OLD), choice_file(NEW), metric="bleu")
    assert "has no metric bleu; it has acc,none, acc_norm,none" in message


@pytest.mark.parametrize("metric", ["acc", "acc_norm"])
def test_the_answer_to_a_choice_is_the_one_that_the_metric_judges(metric):
    """Whoever is right gave the reference, and whoever is wrong did not."""
    rows = [
        row
        for folder in (OLD, NEW)
        for batch in open_run(choice_file(folder))["tiny_choice"].batches()
        for row in batch.rows
    ]
    assert len(rows) == 24
    found = compare(choice_file(OLD), choice_file(NEW), metric=metric)
    again = compare(choice_file(OLD), choice_file(NEW), metric=metric, scorer="exact_match")
    assert found.counts == again.counts
    assert {row["reference"] for row in rows}.isdisjoint({"0", "1", "2"})


def test_rows_are_joined_by_doc_id_and_never_by_line(pair):
    lines = text_file(pair[1]).read_text().splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    text_file(pair[1]).write_text("".join(lines))
    shuffled = compare(text_file(pair[0]), text_file(pair[1]), metric="exact_match,strict-match")
    plain = compare(text_file(OLD), text_file(NEW), metric="exact_match,strict-match")
    assert shuffled.counts == plain.counts
    assert {each.id for each in shuffled.examples} == {each.id for each in plain.examples}


def test_doc_ids_that_samples_wrote_wrong_are_found_by_their_hash(pair):
    """`--samples` with an unsorted list writes the ids of other documents (its PR 4089)."""

    def swap(row):
        row["doc_id"] = {3: 7, 7: 3}.get(row["doc_id"], row["doc_id"])

    edit_lines(choice_file(pair[1]), swap)
    message = refusal(choice_file(pair[0]), choice_file(pair[1]))
    assert "2 examples have another reference or input" in message


def test_a_document_that_was_edited_is_refused(pair):
    edit_lines(
        choice_file(pair[1]), lambda row: row.update(doc_hash="0" * 64) if row["doc_id"] == 5 else 0
    )
    message = refusal(choice_file(pair[0]), choice_file(pair[1]))
    assert "the item_hash of '5' is 'lm-eval:000000" in message


def test_a_changed_prompt_is_noted_with_hashes_and_not_refused(pair):
    def change(row):
        for number in range(3):
            row["arguments"][f"gen_args_{number}"]["arg_0"] = "Think! " + row["doc"]["question"]

    edit_lines(choice_file(pair[1]), change)
    notes = compare(choice_file(pair[0]), choice_file(pair[1])).notes
    (note,) = [each for each in notes if "prompt" in each]
    assert "the prompt of 12 examples was changed, and not the example" in note
    assert "SHA-256 of the prompt of '0': " in note


def test_changed_conditions_are_noted(pair):
    def change(results):
        results["chat_template_sha"] = "c0ffee"
        results["n-shot"]["tiny_choice"] = 5
        results["config"]["limit"] = 16.0

    edit_json(only(pair[1], "results_*.json"), change)
    notes = compare(choice_file(pair[0]), choice_file(pair[1])).notes
    assert "tiny_choice: changed, chat template: none -> c0ffee" in notes
    assert "tiny_choice: changed, few-shot examples: 0 -> 5" in notes
    assert "tiny_choice: changed, limit: none -> 16.0" in notes


def test_without_a_file_of_results_conditions_are_unknown_and_said_to_be(pair):
    for folder in pair:
        only(folder, "results_*.json").unlink()
    found = compare(text_file(pair[0]), text_file(pair[1]), metric="exact_match,flexible-extract")
    assert (
        found.counts
        == compare(text_file(OLD), text_file(NEW), metric="exact_match,flexible-extract").counts
    )
    assert any("chat template, few-shot count and limit are not known" in n for n in found.notes)


def test_less_can_be_better(pair):
    for folder in pair:
        edit_json(
            only(folder, "results_*.json"),
            lambda found: found["higher_is_better"]["tiny_choice"].update(acc=False),
        )
    found = compare(choice_file(pair[0]), choice_file(pair[1]))
    plain = compare(choice_file(OLD), choice_file(NEW))
    assert found.counts.negative_flips == plain.counts.positive_flips
    assert found.counts.both_wrong == plain.counts.both_right
    assert found.scorer == "log:1 - acc,none"
    assert "judged by different metrics" in refusal(choice_file(pair[0]), choice_file(NEW))
    assert any("less acc,none is better, so that a score is 1 - acc,none" in n for n in found.notes)


def test_a_missing_metric_is_not_0(pair):
    edit_lines(
        choice_file(pair[1]), lambda row: row.pop("acc") and None if row["doc_id"] < 2 else 0
    )
    found = compare(choice_file(pair[0]), choice_file(pair[1]))
    assert found.counts.excluded == {"errored": 0, "missing": 0, "edited": 0, "unscored": 2}
    assert found.counts.total == 10


def test_nan_is_not_wrong(pair):
    edit_lines(
        choice_file(pair[1]), lambda row: row.update(acc=float("nan")) if row["doc_id"] == 0 else 0
    )
    assert compare(choice_file(pair[0]), choice_file(pair[1])).counts.excluded["unscored"] == 1


def test_a_metric_over_the_whole_set_is_refused_with_a_sentence(pair):
    for folder in pair:
        edit_lines(text_file(folder), lambda row: row.update(exact_match=["a", ["b"]]))
    assert LIST in refusal(text_file(pair[0]), text_file(pair[1]))
    assert LIST in refusal(text_file(pair[0]), text_file(pair[1]), metric="exact_match")
    assert compare(text_file(pair[0]), text_file(pair[1]), scorer="exact_match").counts.total == 12


def test_predict_only_judges_nothing(pair):
    edit_lines(text_file(pair[0]), lambda row: row.update(metrics=["bypass"], bypass=999))
    assert "--predict_only" in refusal(text_file(pair[0]), text_file(NEW))


def test_an_old_log_without_filters_is_refused_where_documents_repeat(pair):
    edit_lines(text_file(pair[0]), lambda row: row.pop("filter") and None)
    message = refusal(text_file(pair[0]), text_file(NEW), metric=["exact_match"] * 2)
    assert "occurs twice, and no row names its filter" in message


def test_an_old_log_without_filters_is_read_where_they_do_not_matter(pair):
    for folder in pair:
        edit_lines(choice_file(folder), lambda row: (row.pop("filter"), row.pop("metrics")))
    found = compare(choice_file(pair[0]), choice_file(pair[1]))
    assert found.counts == compare(choice_file(OLD), choice_file(NEW)).counts


def test_a_file_that_two_runs_were_appended_to_is_refused(pair):
    path = choice_file(pair[0])
    path.write_text(path.read_text() * 2)
    assert "the id '0' occurs" in refusal(path, choice_file(NEW))


def test_rows_that_are_lost_are_missed(pair):
    edit_lines(choice_file(pair[1]), lambda row: row["doc_id"] != 11 and None)
    message = refusal(choice_file(pair[0]), choice_file(pair[1]))
    assert "11 rows of the filter 'none'; its file of results says that 12 documents" in message
    message = refusal(choice_file(pair[0]), choice_file(pair[1]), unfinished="keep")
    assert "lacks 1 of 12 ids" in message


def test_several_runs_of_a_task_are_refused_until_one_is_chosen(tmp_path):
    for number, source in ((1, OLD), (2, NEW)):
        path = text_file(source)
        target = tmp_path / path.name.replace("2026-", f"202{number}-")
        target.write_bytes(path.read_bytes())
    assert "2 runs of the task tiny_text" in refusal(tmp_path, text_file(NEW))
    newest = compare(tmp_path, text_file(NEW), run="newest")
    assert newest.counts.negative_flips == newest.counts.positive_flips == 0
    assert any("the newest of 2 runs" in note for note in newest.notes)
    assert compare(tmp_path, text_file(NEW), run="_2021-").counts.positive_flips > 0
    assert "no run has '1999'" in refusal(tmp_path, text_file(NEW), run="1999")


def test_runs_of_two_models_in_one_folder_are_refused(tmp_path):
    for name, source, pattern in (("a", OLD, "*tiny_text*"), ("b", NEW, "*tiny_choice*")):
        (tmp_path / name).mkdir()
        for path in (only(source, f"samples_{pattern}"), only(source, "results_*")):
            (tmp_path / name / path.name).write_bytes(path.read_bytes())
    assert "runs of several models" in refusal(tmp_path, text_file(NEW))
    found = compare(tmp_path, text_file(NEW), run="/a/")
    assert found.counts == compare(text_file(OLD), text_file(NEW)).counts


def test_several_tasks_are_not_one_comparison():
    assert "holds 2 tasks: tiny_choice, tiny_text" in refusal(OLD, NEW)


def test_a_compressed_log_is_read(pair):
    path = choice_file(pair[0])
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert (
        compare(packed, choice_file(NEW)).counts
        == compare(choice_file(OLD), choice_file(NEW)).counts
    )


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda text: text[:-40], ":24: not JSON"),
        (lambda text: text.replace('{"doc_id": 3,', '{"doc_id": 3 3,', 1), ":4: not JSON"),
        (lambda text: text.replace('{"doc_id": 3,', '{"document": 3,', 1), ":4: no field 'doc_id'"),
        (lambda _: "", "the file holds no rows"),
        (lambda _: "[1]\n", ":1: item 1 is a int; an object was expected"),
    ],
)
def test_a_broken_log_is_refused_with_its_line(pair, broken, message):
    path = text_file(pair[1])
    path.write_text(broken(path.read_text()))
    assert message in refusal(text_file(pair[0]), path)


def test_one_side_may_be_a_plain_file_and_prompts_are_then_compared(tmp_path):
    rows = [
        {
            "id": row["id"],
            "prediction": row["prediction"],
            "reference": row["reference"],
            "input": row["input"],
            "score": row["score"],
        }
        for batch in open_predictions(choice_file(OLD)).batches()
        for row in batch.rows
    ]
    path = tmp_path / "old.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert (
        compare(path, choice_file(NEW)).counts == compare(choice_file(OLD), choice_file(NEW)).counts
    )
    path.write_text(path.read_text().replace("green", "mauve"))
    assert "Answers to other questions cannot be compared" in refusal(path, choice_file(NEW))


def test_reader_names_the_harness_and_says_where_there_is_no_log(tmp_path):
    assert compare(choice_file(OLD), choice_file(NEW), reader="lm-eval").counts.total == 12
    (tmp_path / "old.jsonl").write_text('{"id": 1, "prediction": "a", "reference": "a"}\n')
    message = refusal(tmp_path / "old.jsonl", choice_file(NEW), reader="lm-eval")
    assert "no field 'doc_id', so that this is no log of lm-evaluation-harness" in message


@needs_shared
def test_the_genuine_logs_read_and_their_list_is_refused_as_a_score():
    first, second = sorted((SHARED / "lm_eval").glob("*samples*"))
    for path in (first, second):
        rows = [row for batch in open_predictions(path).batches() for row in batch.rows]
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [row["id"] for row in rows] == [line["doc_id"] for line in lines]
        assert len(rows) == 185
        right = sum(line["filtered_resps"][0][0] == line["target"] for line in lines)
        found = compare(path, path, scorer="exact_match")
        assert found.counts.both_right == right
        assert found.counts.total == 185
        with pytest.raises(DataError, match="a list and no number"):
            compare(path, path)
    found = compare(first, second, scorer="token_f1")
    assert any("the prompt of 185 examples was changed" in note for note in found.notes)


def test_large_logs_are_scored_side_by_side_with_the_same_result(monkeypatch):
    monkeypatch.setattr("compatkit.pairing.engine.LARGE", 0)
    side_by_side = compare(choice_file(OLD), choice_file(NEW), metric="acc_norm")
    monkeypatch.undo()
    plain = compare(choice_file(OLD), choice_file(NEW), metric="acc_norm")
    assert side_by_side.to_dict() == plain.to_dict()


def test_rows_with_and_without_their_filter_are_refused(pair):
    """Without it a row would belong to whichever filter is asked for."""
    path = text_file(pair[1])
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    lost = [row for row in rows if row["doc_id"] != 3 or row["filter"] == "strict-match"]
    del next(row for row in lost if row["doc_id"] == 3)["filter"]
    for order in (lost, lost[::-1]):
        path.write_text("".join(json.dumps(row) + "\n" for row in order))
        message = refusal(text_file(pair[0]), path, metric="exact_match,strict-match")
        assert "some rows name their filter and some do not" in message


def test_more_rows_than_were_run_are_refused(pair):
    results = only(pair[1], "results_*")
    edit_json(results, lambda value: value["n-samples"]["tiny_text"].update(effective=11))
    message = refusal(text_file(pair[0]), text_file(pair[1]))
    assert "12 rows of the filter 'strict-match'; its file of results says that 11" in message
    assert compare(text_file(pair[0]), text_file(pair[1]), unfinished="keep").counts.total == 12


@pytest.mark.parametrize("value", ["C", "yes", "true"])
def test_the_letters_of_inspect_are_no_scores_of_another_harness(pair, value):
    edit_lines(choice_file(pair[1]), lambda row: row.update(acc=value))
    assert f"acc,none is {value!r}; a number, true or false" in refusal(*map(choice_file, pair))


def test_what_results_say_of_another_kind_is_refused_with_their_name(pair):
    results = only(pair[1], "results_*")
    edit_json(results, lambda value: value.update(versions="1"))
    message = refusal(*map(choice_file, pair))
    assert message.startswith(f"{results}: 'versions' is of type str; dict was expected")


def test_the_order_of_the_rows_does_not_choose_the_filter(pair):
    wanted = open_run(pair[0])["tiny_text"].log.metrics
    path = only(pair[0], "samples_tiny_text_*")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[::-1]))
    log = open_run(pair[0])["tiny_text"].log
    assert (log.metrics, log.metric) == (wanted, "exact_match,strict-match")
