import pytest

from compatkit import compare
from compatkit.comparison.compare import compare_candidates
from compatkit.errors import ConfigError, DataError

NOTHING = {"errored": 0, "missing": 0, "edited": 0}


def rows_of(*answers, **further):
    """Rows a, b, c, ...; the reference of each is 'yes'."""
    return [
        {"id": name, "prediction": answer, "reference": "yes", **further}
        for name, answer in zip("abcdefghij", answers, strict=False)
    ]


OLD = rows_of("yes", "yes", "no", "no")


def refusal_of(old, new, error=DataError, **options):
    with pytest.raises(error) as caught:
        compare(old, new, **options)
    return str(caught.value)


def cells(result):
    counts = result.counts
    return (counts.both_right, counts.negative_flips, counts.positive_flips, counts.both_wrong)


def test_rows_are_paired_by_id_and_never_by_position():
    new = rows_of("yes", "no", "yes", "no")
    assert cells(compare(OLD, new)) == (1, 1, 1, 1)
    assert cells(compare(OLD, new[::-1])) == (1, 1, 1, 1)


def test_rows_are_paired_by_position_on_request_alone():
    old = [{"prediction": answer, "reference": "yes"} for answer in ("yes", "no")]
    new = [{"prediction": answer, "reference": "yes"} for answer in ("no", "no")]
    assert 'no field "id"' in refusal_of(old, new)
    result = compare(old, new, by_position=True)
    assert cells(result) == (0, 1, 0, 1)
    assert [example.id for example in result.examples] == ["1"]
    assert "join:position" in result.signature


def test_pairing_by_position_passes_over_the_ids():
    assert cells(compare(OLD, OLD[::-1], by_position=True)) == (0, 2, 2, 0)


def test_pairing_by_position_refuses_files_of_two_lengths():
    assert "new lacks 1 of 4 ids: '4'" in refusal_of(OLD, OLD[:3], by_position=True)


def test_a_candidate_that_lost_its_failing_rows_is_refused():
    old = [{"id": n, "prediction": "x" if n % 2 else "y", "reference": "x"} for n in range(1000)]
    new = [row for row in old if row["id"] not in range(0, 600, 2)]
    message = refusal_of(old, new)
    assert message.startswith("new lacks 300 of 1000 ids: '0', '2', '4', '6', '8', ...")
    assert "In every file: 700 ids" in message
    assert "--missing skip" in message
    assert "--missing wrong" in message


@pytest.mark.parametrize(
    ("missing", "expected", "excluded", "counted_wrong"),
    [("skip", (1, 0, 0, 2), 1, 0), ("wrong", (1, 1, 0, 2), 0, 1)],
)
def test_a_missing_id_is_left_out_or_wrong_on_request(missing, expected, excluded, counted_wrong):
    new = [OLD[0], OLD[2], OLD[3]]
    result = compare(OLD, new, missing=missing)
    assert cells(result) == expected
    assert result.counts.excluded == {**NOTHING, "missing": excluded}
    assert result.counts.counted_wrong == {"errored": 0, "missing": counted_wrong}
    assert f"missing:{missing}" in result.signature


def test_an_id_that_only_the_new_file_has_counts_as_missing_too():
    extra = {"id": "z", "prediction": "yes", "reference": "yes"}
    assert "old lacks 1 of 5 ids: 'z'" in refusal_of(OLD, [*OLD, extra])
    assert cells(compare(OLD, [*OLD, extra], missing="wrong")) == (2, 0, 1, 2)


def test_both_sides_are_named_where_both_lack_ids():
    message = refusal_of(OLD[1:], OLD[:3])
    assert "old lacks 1 of 4 ids: 'a'; new lacks 1 of 4 ids: 'd'" in message


def test_no_common_id_is_no_measurement():
    new = [{**row, "id": row["id"] * 2} for row in OLD]
    message = refusal_of(OLD, new, missing="skip")
    assert "old and new: no example is left to compare: 8 are missing on a side" in message


@pytest.mark.parametrize(("old_id", "new_id"), [(1, "1"), ("1", 1), (1, 1)])
def test_numbers_and_texts_are_one_id(old_id, new_id):
    old = [{"id": old_id, "prediction": "x", "reference": "x"}]
    assert cells(compare(old, [{**old[0], "id": new_id}])) == (1, 0, 0, 0)


def test_a_number_and_its_text_in_one_file_are_the_same_id_twice():
    new = [{**OLD[0], "id": 1}, {**OLD[0], "id": "1"}]
    assert "new:2: the id '1' occurs twice, first in line 1" in refusal_of(OLD, new)


def test_different_writings_of_a_number_are_different_ids():
    assert "lacks 1 of 2 ids: '01'" in refusal_of([{**OLD[0], "id": 1}], [{**OLD[0], "id": "01"}])


@pytest.mark.parametrize("missing", ["error", "skip", "wrong"])
def test_the_same_id_twice_is_refused_whatever_the_policy(missing):
    message = refusal_of(OLD, [*OLD, OLD[1], OLD[0]], missing=missing)
    assert "new:5: the id 'b' occurs twice, first in line 2 (2 rows repeat an id)" in message
    assert '"sample"' in message


def test_the_same_id_twice_is_refused_on_both_sides_alike():
    assert "occurs twice" in refusal_of([*OLD, OLD[0]], [*OLD, OLD[0]])


@pytest.mark.parametrize(
    ("field", "what"), [("reference", "reference"), ("input", "input"), ("question", "input")]
)
def test_an_edited_example_is_refused(field, what):
    old = [{**row, field: "before"} for row in OLD]
    new = [{**row, field: "after" if row["id"] in "bd" else "before"} for row in OLD]
    message = refusal_of(old, new)
    assert f"new:2: the {what} of 'b' is 'after'; in old:2 it is 'before'" in message
    assert "2 rows differ: 'b', 'd'" in message
    assert "--edited skip" in message
    assert ("--input-field none" in message) == (what == "input")


def test_edited_examples_are_left_out_on_request():
    new = [{**OLD[0], "reference": "no"}, *OLD[1:]]
    result = compare(OLD, new, edited="skip")
    assert cells(result) == (1, 0, 0, 2)
    assert result.counts.excluded == {**NOTHING, "edited": 1}


def test_edited_examples_are_held_against_their_own_file_on_request():
    new = [{**OLD[0], "reference": "no"}, *OLD[1:]]
    result = compare(OLD, new, edited="keep")
    assert cells(result) == (1, 1, 0, 2)
    assert any(note.startswith("1 example with another reference") for note in result.notes)
    assert result.counts.excluded == NOTHING


def test_prompts_may_differ_where_the_input_is_not_read():
    old, new = rows_of("yes", input="Q1"), rows_of("yes", input="Q2")
    assert cells(compare(old, new, fields={"input": "none"})) == (1, 0, 0, 0)


def test_inputs_that_one_side_lacks_are_noted():
    result = compare(OLD, [{**row, "input": "Q"} for row in OLD])
    assert "inputs were not compared: 1 of 2 files hold them" in result.notes


def test_samples_of_one_file_whose_references_differ_are_refused():
    new = [
        {"id": "a", "error": "timeout", "sample": 0},
        {"id": "a", "prediction": "yes", "reference": "yes", "sample": 1},
        {"id": "a", "prediction": "yes", "reference": "no", "sample": 2},
    ]
    message = refusal_of(OLD[:1], new)
    assert "new:3: the reference of 'a' is 'no'; in old:1 it is 'yes'" in message
    message = refusal_of(new, OLD[:1])
    assert "old:3: the reference of 'a' is 'no'; in old:2 it is 'yes'" in message


FAILED = [OLD[0], {"id": "b", "error": "timeout"}, *OLD[2:]]


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(
    ("errors", "total", "excluded", "counted_wrong"), [("exclude", 3, 1, 0), ("wrong", 4, 0, 1)]
)
def test_an_errored_row_is_left_out_or_wrong(errors, total, excluded, counted_wrong, swap):
    old, new = (FAILED, OLD) if swap else (OLD, FAILED)
    result = compare(old, new, errors=errors)
    assert result.counts.total == total
    assert result.counts.excluded == {**NOTHING, "errored": excluded}
    assert result.counts.counted_wrong == {"errored": counted_wrong, "missing": 0}
    flips = (0, 1) if swap else (1, 0)
    expected = flips if errors == "wrong" else (0, 0)
    assert (result.counts.negative_flips, result.counts.positive_flips) == expected


def test_an_errored_row_is_refused_on_request():
    message = refusal_of(OLD, FAILED, errors="refuse")
    assert message.startswith("new:2: the row 'b' holds an error (1 such row in the file)")
    assert "--errors exclude" in message


def test_an_answer_beside_an_error_does_not_count():
    new = [{**OLD[0], "error": "cut off"}, *OLD[1:]]
    assert compare(OLD, new).counts.total == 3
    assert compare(OLD, new, errors="wrong").counts.negative_flips == 1


def test_a_file_of_errors_alone_leaves_nothing_to_compare():
    new = [{"id": row["id"], "error": "timeout"} for row in OLD]
    with pytest.raises(DataError, match=r"no example is left to compare: .* 4 errored"):
        compare(OLD, new, fields={"prediction": "prediction"})


def test_each_example_is_left_out_for_one_reason():
    old = rows_of("yes", "yes", "yes", "yes")
    new = [{"id": "a", "error": "x"}, {**old[1], "reference": "?"}, old[2]]
    counts = compare(old, new, missing="skip", edited="skip").counts
    assert counts.total == 1
    assert counts.excluded == {"errored": 1, "missing": 1, "edited": 1}


@pytest.mark.parametrize(
    ("option", "known"),
    [
        ("missing", "error, skip, wrong"),
        ("errors", "exclude, wrong, refuse"),
        ("edited", "error, skip, keep"),
    ],
)
def test_an_unknown_policy_is_refused_with_those_known(option, known):
    message = refusal_of(OLD, OLD, ConfigError, **{option: "ignore"})
    assert message == f"{option} is 'ignore'; one of {known} was expected."


def samples_of(name, *answers):
    return [
        {"id": name, "prediction": answer, "reference": "yes", "sample": number}
        for number, answer in enumerate(answers)
    ]


def test_rows_that_share_an_id_are_samples():
    old = samples_of("a", "yes", "yes", "no", "no")
    new = samples_of("a", "yes", "no", "no", "no")
    result = compare(old, new)
    assert result.counts.total == 1
    assert result.counts.negative_flips == pytest.approx(0.5 * 0.75)
    assert result.expected_negative_flip_rate == pytest.approx(0.375)
    assert result.negative_flip_rate is None


def test_a_list_of_predictions_is_the_same_as_sample_rows():
    listed = [{"id": "a", "prediction": ["yes", "no", "no"], "reference": "yes"}]
    result = compare(listed, samples_of("a", "yes", "no", "no"))
    assert result.counts.negative_flips == pytest.approx(2 / 9)


def test_the_same_sample_twice_is_refused():
    new = [*samples_of("a", "yes", "no"), samples_of("a", "yes")[0]]
    message = refusal_of(samples_of("a", "yes"), new)
    assert "new:3: the id 'a' with the sample '0' occurs twice, first in line 1" in message


def test_a_row_without_a_sample_beside_samples_of_its_example_is_refused():
    new = [*samples_of("a", "yes", "no"), {**OLD[0]}]
    assert "new:3: no sample, while other rows of the file name theirs" in refusal_of(OLD[:1], new)


def test_a_row_that_is_alone_needs_no_sample():
    new = [*samples_of("a", "yes", "no"), {**OLD[1]}]
    assert compare(OLD[:2], new).counts.total == 2


def test_a_list_of_predictions_may_stand_far_from_single_ones():
    """The batch that a row falls into changes nothing."""
    plain = [{"id": n, "prediction": "yes", "reference": "yes"} for n in range(20_001)]
    listed = [{**plain[0], "prediction": ["yes", "no"]}, *plain[1:]]
    assert compare(plain, listed).counts.negative_flips == pytest.approx(0.5)


def test_errored_samples_that_are_left_out_are_noted():
    new = [*samples_of("a", "yes", "no"), {"id": "a", "sample": 2, "error": "timeout"}]
    result = compare(OLD[:1], new)
    assert result.counts.negative_flips == pytest.approx(0.5)
    assert result.counts.excluded == NOTHING
    assert (
        "new: 1 sample with an error or no score left out of examples that have others"
        in result.notes
    )
    wrong = compare(OLD[:1], new, errors="wrong")
    assert wrong.counts.negative_flips == pytest.approx(2 / 3)
    assert wrong.counts.counted_wrong["errored"] == 1
    assert not any("left out" in note for note in wrong.notes)


def test_slices_take_the_value_from_the_side_that_has_it():
    old = [{**row, "lang": lang} for row, lang in zip(OLD, "deed", strict=True)]
    result = compare(old, OLD, by="lang")
    assert {name: part.counts.total for name, part in result.slices["lang"].items()} == {
        "d": 2,
        "e": 2,
    }


def test_slices_by_what_differs_between_the_sides_are_refused():
    old, new = rows_of("yes", model="m1"), rows_of("yes", model="m2")
    message = refusal_of(old, new, by="model")
    assert "new:1: 'model' of 'a' is 'm2', and 'm1' on the other side" in message


def test_slices_by_an_unknown_field_are_refused():
    refused = refusal_of(OLD, OLD, ConfigError, by="lang")
    assert "no field 'lang' to slice by in old or new; the fields are id, " in refused
    old = [{**row, "meta": {"topic": "a"}} for row in OLD]
    refused = refusal_of(old, OLD, ConfigError, by="topic")
    assert refused.endswith("to slice by in old or new; did you mean 'meta.topic'?")


def test_a_value_that_no_row_of_an_example_has_is_a_slice_of_its_own():
    old = [{**OLD[0], "lang": "de"}, {**OLD[1], "lang": None}, OLD[2], OLD[3]]
    assert set(compare(old, old, by="lang").slices["lang"]) == {"de", "(null)", "(none)"}


def test_all_candidates_are_compared_on_the_examples_that_all_have():
    first, second = compare_candidates(OLD, [OLD[:3], OLD[1:]], missing="skip")
    assert first.counts.total == second.counts.total == 2
    assert first.counts.excluded["missing"] == 2


def test_one_example_is_enough():
    assert cells(compare(OLD[:1], OLD[:1])) == (1, 0, 0, 0)


@pytest.mark.parametrize("data", [[], ()])
def test_no_example_is_not(data):
    assert refusal_of(OLD, data) == "new: the file holds no rows. Was it written to the end?"


def test_answers_to_the_empty_reference_are_compared():
    old = [{"id": "a", "prediction": "", "reference": ""}]
    assert cells(compare(old, [{**old[0], "prediction": "x"}])) == (0, 1, 0, 0)
