"""Logs of Inspect, made by the tool itself with mock models."""

import gzip
import io
import json
import zipfile

import pytest
import zstandard
from harness_runs import RUNS, SHARED, needs_shared, only, refusal

from compatkit import compare, compare_folders
from compatkit.readers.logs.zip_members import ZSTD, open_zip
from compatkit.readers.prediction_file import open_predictions, open_run

OLD, NEW = RUNS / "inspect/v1", RUNS / "inspect/v2"
EXPECTED = json.loads((RUNS / "inspect/expected.json").read_text())


def capitals(folder):
    return only(folder, "*_capitals_*")


def members_of(path):
    with path.open("rb") as stream, open_zip(stream, str(path)) as members:
        return {name: members.read(name) for name in members.names}


def write_log(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.fixture
def altered(tmp_path):
    """Return a function that writes the new log of capitals with members altered."""

    def alter(edit, source=NEW):
        members = {name: json.loads(data) for name, data in members_of(capitals(source)).items()}
        members = edit(members) or members
        texts = {name: json.dumps(value) for name, value in members.items()}
        return write_log(tmp_path / "altered.eval", texts)

    return alter


@pytest.mark.parametrize("name", EXPECTED["capitals"])
def test_flips_are_those_of_the_tool_s_own_api(name):
    expected = EXPECTED["capitals"][name]
    counts = compare(capitals(OLD), capitals(NEW), metric=name).counts
    assert counts.total == expected["scored"]
    assert counts.excluded["errored"] == expected["errored"]
    assert counts.excluded.get("unscored", 0) == expected["unscored"]
    assert counts.negative_flips == expected["negative"]
    assert counts.positive_flips == expected["positive"]
    assert counts.both_right + counts.negative_flips == expected["old"]
    assert counts.both_right + counts.positive_flips == expected["new"]


def test_epochs_are_samples_of_one_example():
    expected = EXPECTED["sums"]["match"]
    found = compare(only(OLD, "*_sums_*"), only(NEW, "*_sums_*"))
    assert found.counts.total == 3
    rows = [
        row for batch in open_predictions(only(OLD, "*_sums_*")).batches() for row in batch.rows
    ]
    assert sorted((row["id"], row["sample"]) for row in rows) == [
        (name, epoch) for name in ("sum-1-2", "sum-3-4", "sum-5-6") for epoch in (1, 2)
    ]
    assert sum(row["score"] for row in rows) == expected["old"]


def test_tasks_of_a_folder_are_compared_and_added_up():
    assert [each.task for each in compare_folders(OLD, NEW)] == ["capitals", "sums", "total"]


def test_a_changed_prompt_is_noted_with_hashes():
    notes = compare(capitals(OLD), capitals(NEW)).notes
    (note,) = [each for each in notes if "prompts and solvers" in each]
    assert note.startswith(
        "capitals: changed, prompts and solvers: system_message, answer (SHA-256 "
    )


def test_members_packed_with_zstandard_are_read_by_every_python():
    with zipfile.ZipFile(capitals(OLD)) as archive:
        assert ZSTD in {info.compress_type for info in archive.infolist()}
    assert compare(capitals(OLD), capitals(OLD)).counts.total == 7


def test_a_json_log_says_the_same_as_a_zip():
    as_json = capitals(RUNS / "inspect/as_json")
    for metric in ("match", "judge"):
        sides = [
            {row["id"]: row for batch in open_run(path)["capitals"].batches() for row in batch.rows}
            for path in (as_json, capitals(OLD))
        ]
        assert sides[0] == sides[1]
        assert compare(as_json, capitals(NEW), metric=metric).counts == (
            compare(capitals(OLD), capitals(NEW), metric=metric).counts
        )


def test_nan_is_not_scored_and_not_wrong():
    rows = open_run(capitals(OLD))["capitals"]
    assert rows.log.metrics == ("match", "judge")
    found = compare(capitals(OLD), capitals(OLD), metric="judge").counts
    assert (found.total, found.excluded["unscored"]) == (6, 1)


def test_errors_can_count_as_wrong_and_what_is_not_scored_cannot():
    found = compare(capitals(OLD), capitals(NEW), metric="judge", errors="wrong").counts
    assert found.excluded == {"errored": 0, "missing": 0, "edited": 0, "unscored": 1}
    assert found.counted_wrong["errored"] == 1


def test_a_failed_run_is_refused_unless_asked_for():
    failed = capitals(RUNS / "inspect/failed")
    message = refusal(failed, capitals(NEW))
    assert "the status of the run is error (RuntimeError" in message
    assert "--unfinished keep" in message
    found = compare(failed, capitals(NEW), unfinished="keep", missing="skip", errors="wrong")
    assert any("and is compared as it is" in note for note in found.notes)


def test_a_failed_run_beside_a_whole_one_is_left_aside(tmp_path):
    for path in (capitals(RUNS / "inspect/failed"), capitals(NEW)):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    found = compare(capitals(OLD), tmp_path)
    assert found.counts == compare(capitals(OLD), capitals(NEW)).counts
    assert any("left aside, the status of the run is error" in note for note in found.notes)


def test_two_whole_runs_of_a_task_are_refused(tmp_path):
    for path in (capitals(OLD), capitals(NEW)):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert "2 runs of the task capitals" in refusal(tmp_path, capitals(NEW))


def test_a_run_without_its_header_did_not_end(altered):
    def cut(members):
        members.pop("header.json")
        members.pop("summaries.json", None)

    assert "did not come to its end" in refusal(capitals(OLD), altered(cut))
    found = compare(capitals(OLD), altered(cut), unfinished="keep")
    assert found.counts == compare(capitals(OLD), capitals(NEW)).counts


def test_an_invalidated_run_is_refused(altered):
    path = altered(lambda members: members["header.json"].update(invalidated=True))
    assert "the run was invalidated" in refusal(capitals(OLD), path)


def test_ids_that_belong_to_other_samples_are_found_by_input_and_target(altered):
    """Ids that Inspect numbers itself change with the order of the dataset."""

    def shuffle(members):
        names = {1: 2, 2: 1}
        for name, sample in members.items():
            if name.startswith("samples/"):
                sample["id"] = names.get(sample["id"], sample["id"])

    assert "2 examples have another reference or input" in refusal(capitals(OLD), altered(shuffle))


def test_an_id_twice_is_refused(altered):
    def repeat(members):
        members["samples/99_epoch_1.json"] = members["samples/1_epoch_1.json"]

    assert "the id '1' occurs" in refusal(capitals(OLD), altered(repeat))


@pytest.mark.parametrize(
    ("value", "score"),
    [("C", 1), ("I", 0), ("P", 0.5), ("N", 0), (True, 1), (0.25, 0.25), ("1", 1)],
)
def test_letters_numbers_and_booleans_are_scores(altered, value, score):
    def change(members):
        members["samples/1_epoch_1.json"]["scores"]["match"]["value"] = value

    rows = open_predictions(altered(change)).batches()
    (row,) = [row for batch in rows for row in batch.rows if row["id"] == 1]
    assert row["score"] == score


@pytest.mark.parametrize("value", ["splendid", [1, 0], 1e999])
def test_what_is_no_score_is_refused_with_its_sample(altered, value):
    def change(members):
        members["samples/1_epoch_1.json"]["scores"]["match"]["value"] = value

    message = refusal(capitals(OLD), altered(change))
    assert "samples/1_epoch_1.json: match is" in message


def test_a_missing_score_is_not_0(altered):
    path = altered(lambda members: members["samples/1_epoch_1.json"].update(scores={}))
    assert compare(capitals(OLD), path).counts.excluded["unscored"] == 1


def test_an_invalidated_sample_is_an_error(altered):
    path = altered(
        lambda members: members["samples/1_epoch_1.json"].update(invalidation={"reason": "leak"})
    )
    assert compare(capitals(OLD), path).counts.excluded["errored"] == 2


def test_a_value_of_several_parts_is_several_metrics(altered):
    def split(members):
        for name, value in members.items():
            for sample in value if name == "summaries.json" else [value]:
                if isinstance(sample, dict) and sample.get("scores") and "epoch" in sample:
                    part = sample["scores"]["match"]["value"]
                    sample["scores"]["match"]["value"] = {"strict": part, "loose": "C"}

    path = altered(split)
    assert open_run(path)["capitals"].log.metrics[:2] == ("match.strict", "match.loose")
    found = compare(capitals(OLD), path, metric=["match", "match.strict"])
    assert found.counts.total == 6


def test_samples_in_pieces_and_attachments_are_read(altered):
    def chunk(members):
        sample = members.pop("samples/1_epoch_1.json")
        sample["attachments"] = {"abc": sample["input"]}
        sample["input"] = "attachment://abc"
        members["samples/1_epoch_1/sample.json"] = sample
        members["samples/1_epoch_1/messages/0.json"] = []

    assert compare(capitals(OLD), altered(chunk)).counts == (
        compare(capitals(OLD), capitals(NEW)).counts
    )


def test_a_log_without_samples_is_refused(altered):
    def bare(members):
        return {name: each for name, each in members.items() if not name.startswith("samples/")}

    assert "holds no samples" in refusal(capitals(OLD), altered(bare))


def test_a_log_without_scores_is_refused(altered):
    def bare(members):
        for name, value in members.items():
            for sample in value if name == "summaries.json" else [value]:
                if isinstance(sample, dict):
                    sample.pop("scores", None)

    path = altered(bare)
    assert "has no score of each example" in refusal(path, path)
    assert compare(path, path, scorer="exact_match").counts.total == 6


def test_a_log_that_is_cut_or_damaged_is_refused(tmp_path):
    data = capitals(NEW).read_bytes()
    path = tmp_path / "cut.eval"
    for end in range(60, len(data), len(data) // 40):
        path.write_bytes(data[:end])
        assert str(path) in refusal(capitals(OLD), path)
    for place in range(0, len(data), len(data) // 60):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            found = compare(capitals(OLD), path).counts
        except Exception as error:  # noqa: BLE001 (any other kind of error is the failure)
            assert type(error).__name__ == "DataError", (place, error)  # noqa: PT017
        else:
            assert found.total == 6


def test_a_member_that_lies_about_its_size_is_refused(tmp_path):
    """A few bytes that unpack to gigabytes are not unpacked further than they say."""
    packed = zstandard.compress(b"0" * 50_000_000)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("header.json", packed)
    data = bytearray(stream.getvalue())
    central = data.rindex(b"PK\x01\x02")
    data[central + 10 : central + 12] = ZSTD.to_bytes(2, "little")
    path = tmp_path / "bomb.eval"
    path.write_bytes(data)
    assert "its length or checksum" in refusal(capitals(OLD), path)


@pytest.mark.parametrize("version", [1, 3])
def test_another_version_of_the_format_is_refused(altered, version):
    path = altered(lambda members: members["header.json"].update(version=version))
    assert f"of version {version}; version 2 is read" in refusal(capitals(OLD), path)


def test_a_header_of_another_shape_is_refused(altered):
    path = altered(lambda members: members["header.json"].update(eval=[1]))
    assert "not as Inspect writes it" in refusal(capitals(OLD), path)


GENUINE = {
    "2024-11-05T13-31-45-05-00_input-task_8zXjbRzCWrL9GXiXo2vus9.json": ("model_graded_fact", 1, 1),
    "2025-02-11T15-18-04-05-00_popularity_mj7khqpMM4GBCfVQozKgzB.eval": ("match", 8, 10),
    "2025-05-12T20-28-13-04-00_popularity.json": ("match", 2, 3),
    "log_formats.eval": ("match", 0, 1),
    "log_formats.json": ("match", 0, 1),
    "mmlu-summary-choices.eval": ("choice", 0, 1),
}


@needs_shared
@pytest.mark.parametrize("name", GENUINE)
def test_the_genuine_logs_read_as_a_plain_script_reads_them(name):
    metric, right, total = GENUINE[name]
    path = SHARED / "inspect" / name
    if path.suffix == ".eval":
        with zipfile.ZipFile(path) as archive:
            names = [each for each in archive.namelist() if each.startswith("samples/")]
            samples = [json.loads(archive.read(each)) for each in names]
    else:
        samples = json.loads(path.read_text())["samples"]
    assert sum(each["scores"][metric]["value"] == "C" for each in samples) == right
    assert len(samples) == total
    found = compare(path, path, unfinished="keep")
    assert found.scorer == f"log:{metric}"
    assert (found.counts.both_right, found.counts.total) == (right, total)
    rows = (
        [
            row
            for batch in open_predictions(
                path,
            ).batches()
            for row in batch.rows
        ]
        if ("2025-05" not in name)
        else []
    )
    for row, sample in zip(rows, samples, strict=False):
        assert row["prediction"] == sample["output"]["choices"][0]["message"]["content"]


@needs_shared
def test_the_genuine_cancelled_and_unscored_logs_are_refused_with_the_reason():
    cancelled = SHARED / "inspect/2025-05-12T20-28-13-04-00_popularity.json"
    assert "the status of the run is cancelled" in refusal(cancelled, cancelled)
    (unscored,) = (SHARED / "inspect").glob("2025-02-11T15-17*")
    assert "has no score of each example" in refusal(unscored, unscored)
    (scored,) = (SHARED / "inspect").glob("2025-02-11T15-18*")
    found = compare(unscored, scored, scorer="exact_match")
    assert found.counts.total == 10


def set_arguments(members, **arguments):
    members["header.json"]["eval"]["task_args"] = arguments


def test_two_arguments_of_one_task_are_two_tasks(altered, tmp_path):
    for side, source in (("v1", OLD), ("v2", NEW)):
        (tmp_path / side).mkdir()
        for lang in ("de", "fr"):
            made = altered(lambda members, lang=lang: set_arguments(members, lang=lang), source)
            made.rename(tmp_path / side / f"{lang}.eval")
    found = compare_folders(tmp_path / "v1", tmp_path / "v2")
    assert [each.task for each in found] == ["capitals (lang=de)", "capitals (lang=fr)", "total"]
    assert found[0].counts == found[1].counts == compare(capitals(OLD), capitals(NEW)).counts
    alone = compare(tmp_path / "v1/de.eval", tmp_path / "v2/fr.eval")
    assert any("changed, arguments of the task" in note for note in alone.notes)


def test_a_sample_that_failed_is_scored_where_the_run_was_made_to(altered):
    before = compare(capitals(OLD), capitals(NEW)).counts

    def fail(members, honoured):
        members["header.json"]["eval"]["config"]["score_on_error"] = honoured
        members["samples/2_epoch_1.json"]["error"] = {"message": "out of time"}

    kept = compare(capitals(OLD), altered(lambda members: fail(members, honoured=True))).counts
    assert kept == before
    left = compare(capitals(OLD), altered(lambda members: fail(members, honoured=False))).counts
    assert left.excluded["errored"] == before.excluded["errored"] + 1


def test_partial_credit_is_said(altered):
    def half(members):
        for sample in (members["samples/2_epoch_1.json"], *members["summaries.json"][:1]):
            sample["scores"]["match"]["value"] = "P"

    found = compare(capitals(OLD), altered(half), metric="match")
    (note,) = [each for each in found.notes if "partial credit" in each]
    assert note.startswith("1 of ")
    assert "from a threshold of 0.5 down they count as right" in note


def test_metrics_that_a_later_sample_has_are_listed(altered):
    def add(members):
        for sample in (members["samples/3_epoch_1.json"], members["summaries.json"][-1]):
            sample["scores"]["late"] = {"value": 1}

    assert "late" in open_run(altered(add))["capitals"].log.metrics


def test_an_accuracy_that_the_run_states_points_up_and_a_number_is_not_known(altered):
    def rename(members, metric):
        score = members["header.json"]["results"]["scores"][0]
        score.update(name="mine", scorer="mine", metrics={metric: {"name": metric, "value": 0.5}})
        samples = [each for name, each in members.items() if name.startswith("samples/")]
        for sample in (*samples, *members["summaries.json"]):
            if sample.get("scores"):
                sample["scores"] = {"mine": {"value": 1}}

    for metric, known in (("accuracy", False), ("mean", None)):
        log = open_run(altered(lambda members, m=metric: rename(members, m)))["capitals"].log
        assert (log.metric, log.less_is_better) == ("mine", known)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, ZSTD])
@pytest.mark.parametrize("claimed", [3 << 30, 100 << 20])
def test_absurd_sizes_are_refused_and_never_allocated(tmp_path, method, claimed):
    path = write_log(tmp_path / "absurd.eval", members_of(capitals(NEW)))
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"header.json"))  # of the list of members
    raw[at + 10 : at + 12] = method.to_bytes(2, "little")
    raw[at + 24 : at + 28] = claimed.to_bytes(4, "little")
    path.write_bytes(raw)
    assert "claims to be" in refusal(capitals(OLD), path)
    raw[at + 20 : at + 24] = (2 << 30).to_bytes(4, "little")
    raw[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(raw)
    assert "header.json is damaged: it claims" in refusal(capitals(OLD), path)


def test_a_member_twice_with_two_contents_is_refused(tmp_path):
    path = write_log(tmp_path / "twice.eval", members_of(capitals(NEW)))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("samples/2_epoch_1.json", "{}")
    message = refusal(capitals(OLD), path)
    assert "the member samples/2_epoch_1.json occurs twice, with different contents" in message


@pytest.mark.parametrize("zipped", [True, False])
def test_bytes_that_are_no_utf8_are_refused_where_nobody_reads_them(tmp_path, zipped):
    """A decoder that skips what is not asked for does not look at it."""
    sample = {"id": 1, "epoch": 1, "input": "q", "target": "a", "scores": {"m": {"value": "C"}}}
    whole = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}
    text = json.dumps({**sample, "events": [{"text": "EVENT"}]})
    path = tmp_path / f"log.{'eval' if zipped else 'json'}"
    for event, counted in (("é".encode(), 1), (b"\xff", None), (b"\xc3", None)):
        data = text.encode().replace(b"EVENT", event)
        if zipped:
            members = {"header.json": json.dumps(whole), "samples/1_epoch_1.json": data}
            write_log(path, members)
        else:
            path.write_bytes(json.dumps(whole)[:-1].encode() + b', "samples": [' + data + b"]}")
        if counted:
            assert compare(path, path).counts.total == counted
        else:
            assert "is not UTF-8. Convert the file" in refusal(path, path)


def test_an_archive_whose_directory_is_before_its_beginning_is_refused(tmp_path):
    data = bytearray(capitals(NEW).read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 16 : end + 20] = (0xFFFFFF00).to_bytes(4, "little")
    path = tmp_path / "log.eval"
    path.write_bytes(bytes(data))
    assert "its place is not within the file. Copy the file again." in refusal(path, path)


@pytest.mark.parametrize("zipped", [True, False])
def test_another_number_of_samples_than_the_results_are_of_is_refused(tmp_path, altered, zipped):
    if zipped:
        path = altered(lambda members: members.pop("samples/7_epoch_1.json") and None)
    else:
        path = tmp_path / "log.json"
        whole = json.loads(gzip.decompress(capitals(RUNS / "inspect/as_json").read_bytes()))
        whole["samples"].pop()
        path.write_text(json.dumps(whole))
    assert "6 samples; its results are of 7. Was it cut or edited?" in refusal(path, path)
    assert compare(path, path, unfinished="keep").counts.total


def test_a_deflated_member_that_is_damaged_or_locked_is_refused(tmp_path):
    path = write_log(tmp_path / "log.eval", members_of(capitals(NEW)))
    whole = path.read_bytes()
    raw = bytearray(whole)
    raw[raw.index(b"header.json") + 40] ^= 0xFF  # of what is packed
    path.write_bytes(raw)
    assert "header.json is damaged" in refusal(capitals(OLD), path)
    raw = bytearray(whole)
    raw[raw.rindex(b"PK\x01\x02", 0, raw.rindex(b"header.json")) + 8] |= 1  # it asks for a password
    path.write_bytes(raw)
    assert "header.json cannot be unpacked" in refusal(capitals(OLD), path)
