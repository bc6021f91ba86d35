"""Logs of older versions of lm-evaluation-harness, made by these themselves."""

import json
import shutil

import pytest
from harness_runs import RUNS, edit_lines, only, refusal

from compatkit import compare, compare_folders
from compatkit.readers.logs.log import LogSelection
from compatkit.readers.prediction_file import open_run

VERSIONS = RUNS / "lm_eval_versions"
EXPECTED = json.loads((RUNS / "lm_eval/expected.json").read_text())

FIRST = {1: 0, 3: 1, 4: 2, 8: 3}  # the samples that were run, to the first ones


@pytest.fixture
def copy(tmp_path):
    def copy(version):
        shutil.copytree(VERSIONS / version, tmp_path / version)
        return [tmp_path / version / side for side in ("v1", "v2")]

    return copy


def choices(folder):
    return only(folder, "*tiny_choice*")


def texts(folder):
    return only(folder, "*tiny_text*")


def check_flips(found, metric):
    """The models are those of the newest version's logs, and so are their answers."""
    expected = EXPECTED[f"tiny_choice|{metric}|none"]
    assert found.counts.negative_flips == expected["negative"]
    assert found.counts.positive_flips == expected["positive"]
    assert found.counts.both_right + found.counts.negative_flips == expected["old"]


@pytest.mark.parametrize("version", ["0.4.2", "0.4.3"])
@pytest.mark.parametrize("metric", ["acc", "acc_norm"])
def test_flips_are_those_of_the_newest_version(copy, version, metric):
    old, new = map(choices, copy(version))
    check_flips(compare(old, new, metric=metric), metric)
    assert list(open_run(old)) == ["tiny_choice"]


def test_an_array_is_known_by_its_first_keys_and_named_by_its_results(copy):
    folder = copy("0.4.2")[0]
    assert choices(folder).name.startswith("pretrained__.__v1,dtype__float32")
    assert choices(folder).read_text().startswith("[")
    run = open_run(folder)
    assert list(run) == ["tiny_choice", "tiny_text"]
    assert run["tiny_choice"].log.conditions["limit"] == "none"
    (folder / "results.json").unlink()
    assert list(open_run(choices(folder))) == ["pretrained__.__v1,dtype__float32_tiny_choice"]


def test_answers_to_choices_are_their_texts(copy):
    old = choices(copy("0.4.2")[0])
    raw = json.loads(old.read_text())
    rows = [row for b in next(iter(open_run(old).values())).batches() for row in b.rows]
    for row, record in zip(raw, rows, strict=True):
        best = max(range(3), key=lambda n, row=row: float(row["filtered_resps"][n][0]))
        assert record["prediction"] == row["doc"]["choices"][best]
        assert record["reference"] == row["doc"]["choices"][row["doc"]["gold"]]


@pytest.mark.parametrize("array", [True, False])
def test_logs_of_mid_2024_end_in_json(copy, array):
    for folder in (folders := copy("0.4.3")):
        path = choices(folder)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        if array:
            path.write_text(json.dumps(rows, indent=2))
        path.rename(path.with_suffix(".json"))
    old, new = map(choices, folders)
    assert old.suffix == ".json"
    check_flips(compare(old, new, metric="acc"), "acc")


def test_rows_of_several_filters_without_names_are_refused_with_the_way_out(copy):
    old, new = copy("0.4.3")
    message = refusal(texts(old), texts(new))
    assert "no row names its filter" in message
    assert "--skip-tasks" in message
    run = open_run(old, selection=LogSelection(skip_tasks=("*_text",)))
    assert list(run) == ["tiny_choice"]


def test_a_run_of_some_samples_is_whole_though_its_results_count_all(copy):
    old, new = copy("0.4.11_samples")
    assert json.loads(only(old, "results_*").read_text())["n-samples"]["tiny_choice"] == {
        "original": 12,
        "effective": 12,
    }
    found = compare(old, new)
    assert found.counts.total == 4
    assert any("made with --samples" in note for note in found.notes)


def test_a_run_of_some_samples_of_which_rows_were_taken_is_refused(copy):
    old, new = copy("0.4.11_samples")
    edit_lines(choices(new), lambda row: bool(row["acc"]))  # a wrong answer is dropped
    assert "its file of results says that 12 documents were run" in refusal(old, new)


def test_a_file_that_was_cut_off_is_no_run_of_some_samples(copy):
    old, new = copy("0.4.11_samples")
    for folder in (old, new):
        edit_lines(choices(folder), lambda row: row.update(doc_id=FIRST[row["doc_id"]]))
    assert "Was it cut off" in refusal(old, new)


def test_mutual_information_chooses_by_what_the_question_adds(copy):
    """Each choice is asked for a second time, without the question."""
    asked, alone = (-1.0, -2.0, -4.0), (-0.5, -4.0, -4.5)
    for folder in (folders := copy("0.4.3")):

        def double(row):
            texts = [row["arguments"][f"gen_args_{n}"]["arg_1"] for n in range(3)]
            prompts = [row["arguments"]["gen_args_0"]["arg_0"]] * 3 + [""] * 3
            row["arguments"] = {
                f"gen_args_{n}": {"arg_0": prompt, "arg_1": texts[n % 3]}
                for n, prompt in enumerate(prompts)
            }
            row["filtered_resps"] = [[str(value), "False"] for value in (*asked, *alone)]
            row["acc_mutual_info"] = row["acc"]

        edit_lines(choices(folder), double)
        only(folder, "results_*").unlink()
    for metric, best in (("acc", 0), ("acc_mutual_info", 1)):
        selection = LogSelection(metric=metric)
        file = open_run(choices(folders[0]), selection=selection)["tiny_choice"]
        for batch in file.batches():
            for row in batch.rows:
                assert row["prediction"] == row["doc"]["choices"][best]
                assert row["reference"] == row["doc"]["choices"][row["doc"]["gold"]]


def test_the_prompt_of_a_chat_is_a_list_and_its_change_is_seen(copy):
    for side, folder in enumerate(folders := copy("0.4.3")):
        messages = json.dumps([{"role": "user", "content": f"Please {side}!"}])
        edit_lines(
            choices(folder),
            lambda row, messages=messages: (
                [each.update(arg_0=[messages]) for each in row["arguments"].values()] and None
            ),
        )
    found = compare(*map(choices, folders))
    assert any("the prompt of 12 examples was changed" in note for note in found.notes)


def test_tasks_that_are_meant_are_compared_and_a_pattern_of_none_is_refused(copy):
    old, new = RUNS / "lm_eval/v1", RUNS / "lm_eval/v2"
    assert [each.task for each in compare_folders(old, new)] == [
        "tiny_choice",
        "tiny_text",
        "total",
    ]
    for selection in (LogSelection(tasks=("*choice",)), LogSelection(skip_tasks=("*text",))):
        assert list(open_run(old, selection=selection)) == ["tiny_choice"]
