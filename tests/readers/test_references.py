"""References in a file of their own, joined to each side."""

import csv
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from prediction_files import ANSWERS, REFERENCES, rows_of_model, write_rows

from compatkit import check, compare
from compatkit.cli import command_line
from compatkit.errors import CompatkitError, ConfigError, DataError

GOLD = [
    {"qid": f"q{n}", "question": f"Question {n}?", "label": text, "topic": "de" if n % 3 else "fr"}
    for n, text in enumerate(REFERENCES, 1)
]


def answers(model, **renamed):
    rows = [{"id": row["id"], "prediction": row["prediction"]} for row in rows_of_model(model)]
    return [{renamed.get(key, key): value for key, value in row.items()} for row in rows]


OLD, NEW = answers("old"), answers("new")
PLAIN = compare(rows_of_model("old"), rows_of_model("new"), by="lang")


def write_csv(path, rows):
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.fixture
def files(tmp_path):
    return [
        write_csv(tmp_path / "old.csv", answers("old", prediction="pred")),
        write_csv(tmp_path / "new.csv", answers("new", id="example_id")[::-1]),
        write_csv(tmp_path / "gold.csv", GOLD),
    ]


def run(*words):
    result = CliRunner().invoke(command_line, [str(word) for word in words], standalone_mode=False)
    if isinstance(result.exception, CompatkitError):
        return 2, str(result.exception)
    assert result.exception is None, result.exception
    return result.return_value or result.exit_code, result.output


def refusal(old, new, **options):
    with pytest.raises(CompatkitError) as caught:
        compare(old, new, **options)
    return str(caught.value)


def test_references_are_joined_by_id_in_any_order(files):
    old, new, gold = files
    result = compare(old, new, references=gold, by="topic")
    assert result.counts == PLAIN.counts
    assert list(result.slices["topic"]) == list(PLAIN.slices["lang"])
    assert [flip.references for flip in result.examples] == [
        flip.references for flip in PLAIN.examples
    ]
    assert [flip.input for flip in result.examples] == [flip.input for flip in PLAIN.examples]
    assert (
        f"{old}: references are read from {gold}, the field 'label', joined by 'id' and 'qid'"
        in (result.notes)
    )
    assert "|references:" in result.signature


@pytest.mark.parametrize(
    "references",
    [
        GOLD,
        {row["qid"]: row["label"] for row in GOLD},
        {row["qid"]: [row["label"], "another"] for row in GOLD},
        [[{"id": row["qid"], "reference": row["label"]} for row in GOLD], GOLD],
    ],
    ids=["rows", "mapping", "mapping-to-lists", "two"],
)
def test_references_in_memory(references):
    assert compare(OLD, NEW, references=references).counts == PLAIN.counts


def test_a_frame_holds_references():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(GOLD)
    assert compare(OLD, NEW, references=frame).counts == PLAIN.counts
    assert check(OLD, NEW, references=frame, max_nfr=0.5, decide="point").passed


def test_the_command_line_a_policy_and_convert_say_it(files, monkeypatch, tmp_path):
    old, new, gold = (path.name for path in files)
    monkeypatch.chdir(tmp_path)
    said = ("--references", gold)
    code, text = run("score", old, new, *said, "--json", "--flips", "flips.jsonl")
    assert json.loads(text)["results"][0]["counts"]["negative_flips"] == 2
    flips = [json.loads(line) for line in (tmp_path / "flips.jsonl").read_text().splitlines()]
    assert flips[0]["old_record"]["topic"] in {"de", "fr"}
    assert run("gate", old, new, *said, "--max-nfr", "0.1", "--decide", "point")[0] == 1
    assert run("gate", "--init", old, new, *said)[0] == 0
    assert f'references = ["{gold}"]' in (tmp_path / "compatkit.toml").read_text()
    assert run("gate")[0] in {0, 3}
    code, text = run("score", old, new, *said, "-o", gold.replace("gold", "x"), "--flips", gold)
    assert (code, "would be written over" in text) == (2, True)
    for path in (old, new):
        name = path.replace(".csv", ".jsonl")
        assert run("convert", path, *said, "-o", name)[0] == 0
    assert compare("old.jsonl", "new.jsonl").counts == PLAIN.counts


def test_an_id_of_one_file_alone_is_a_missing_example():
    assert "old lacks 1 of 8 ids: 'q8'" in refusal(OLD[:7], NEW, references=GOLD)
    both = refusal(OLD[:7], NEW[:7], references=GOLD)
    assert "old lacks 1 of 8 ids: 'q8'; new lacks 1 of 8 ids: 'q8'" in both
    assert "write them alike" not in both
    skipped = compare(OLD[:7], NEW[:7], references=GOLD, missing="skip")
    assert (skipped.counts.total, skipped.counts.excluded["missing"]) == (7, 1)
    wrong = compare(OLD[:7], NEW[:7], references=GOLD, missing="wrong")
    assert (wrong.counts.total, wrong.counts.counted_wrong["missing"]) == (8, 2)
    assert wrong.counts.both_wrong == PLAIN.counts.both_wrong  # q8 is wrong on both sides anyway


@pytest.mark.parametrize("missing", ["error", "wrong"])
def test_an_answer_without_a_reference_is_refused(missing):
    message = refusal(OLD, NEW, references=GOLD[:6], missing=missing)
    assert "old: 2 of 8 rows have an id that references does not hold: 'q7', 'q8'" in message
    skipped = compare(OLD, NEW, references=GOLD[:6], missing="skip")
    assert skipped.counts.total == 6
    assert any("2 rows without a reference are left out" in note for note in skipped.notes)


def test_references_of_their_own_are_never_overruled():
    own = rows_of_model("old")
    message = refusal(own, NEW, references=GOLD)
    assert "old: holds references of its own, in the field 'reference'" in message
    assert "--old-field references=none" in message
    turned = [{**row, "reference": "x"} for row in own]
    result = compare(turned, NEW, references=GOLD, old_fields={"references": "none"})
    assert result.counts == PLAIN.counts
    with pytest.raises(ConfigError, match="--reference-field none beside --references"):
        compare(own, NEW, references=GOLD, fields={"references": "none"})


def test_a_field_of_labels_may_be_the_answers():
    sides = [answers(model, prediction="label") for model in ("old", "new")]
    assert "say --prediction-field label" in refusal(*sides, references=GOLD)
    assert compare(*sides, references=GOLD, fields={"prediction": "label"}).counts == PLAIN.counts


def test_what_could_be_an_answer_is_not_taken_from_the_references():
    """A data set with a field `output`: the right answer, or a demonstration."""
    gold = [{**row, "output": row["label"], "score": 1, "error": "x"} for row in GOLD]
    assert compare(OLD, NEW, references=gold).counts == PLAIN.counts
    assert 'no field "prediction"' in refusal([{"id": "q1"}], NEW, references=gold)


def test_rows_without_ids_are_joined_by_their_number():
    old, new = ([{"prediction": row["prediction"]} for row in rows] for rows in (OLD, NEW))
    result = compare(old, new, references=GOLD)
    assert result.counts == PLAIN.counts
    assert [flip.id for flip in result.examples] == [flip.id for flip in PLAIN.examples]
    assert any("joined by the number of the row, since not both" in note for note in result.notes)
    plain = [{"label": row["label"]} for row in GOLD]
    assert compare(old, new, references=plain).counts == PLAIN.counts
    assert compare(OLD, new, references=GOLD).counts == PLAIN.counts
    for missing in ("error", "skip", "wrong"):
        assert "hold 7 and 8 rows" in refusal(old[:7], new, references=GOLD, missing=missing)


def test_ids_without_those_of_the_references_keep_rows_together():
    """By their number they get other references where one side lies in another order."""
    plain = [{"label": row["label"]} for row in GOLD]
    assert compare(OLD, NEW, references=plain).counts == PLAIN.counts
    assert "the reference of" in refusal(OLD, NEW[::-1], references=plain)


def test_by_position_is_joined_by_position():
    result = compare(OLD, NEW, references=GOLD[::-1], by_position=True, keep_flips=False)
    assert result.counts != PLAIN.counts
    assert any("joined by the number of the row, as asked for" in note for note in result.notes)


@pytest.mark.parametrize(
    ("gold", "words"),
    [
        ([{"id": "q1", "answer": "x"}], 'no field "reference"; the fields are id, answer'),
        ([*GOLD, GOLD[0]], "the id 'q1' occurs twice"),
        ([{**GOLD[0], "label": None}, *GOLD[1:]], "references:1: no reference, and each answer"),
        ([GOLD, GOLD[:4]], "hold 8 and 4 rows"),
        (
            [GOLD, [{**row, "qid": f"x{row['qid']}"} for row in GOLD]],
            "references of other examples",
        ),
        ([{"idx": 1, "qid": 1, "label": "x"}], "'qid' and 'idx' could each be the id"),
    ],
)
def test_what_cannot_be_joined_is_refused(gold, words):
    assert words in refusal(OLD, NEW, references=gold)


def test_named_fields_hold_where_they_are(files):
    old, new, _ = files
    renamed = [{"n": row["qid"], "truth": row["label"]} for row in GOLD]
    fields = {"id": "n", "references": "truth"}
    sides = {"old_fields": {"id": "id"}, "new_fields": {"id": "example_id"}}
    assert compare(old, new, references=renamed, fields=fields, **sides).counts == PLAIN.counts


def test_one_file_of_both_models_has_its_references_elsewhere():
    wide = [{"id": one["id"], "a": one["prediction"], "b": two["prediction"]} for one, two in zip(
        OLD, NEW, strict=True
    )]  # fmt: skip
    fields = {"old_fields": {"prediction": "a"}, "new_fields": {"prediction": "b"}}
    assert compare(wide, references=GOLD, **fields).counts == PLAIN.counts
    long = [{**row, "model": name} for name, rows in (("a", OLD), ("b", NEW)) for row in rows]
    where = {"old_where": "model=a", "new_where": "model=b"}
    assert compare(long, references=GOLD, **where).counts == PLAIN.counts


def test_flips_are_read_again_with_their_references(tmp_path):
    """Of a file of lines the wanted ones alone are read again, with the references of each."""
    rows = [{"model": "b", "prediction": "x"}, *({"model": "a", **row} for row in OLD)]
    for row in rows:
        row.pop("id", None)
    old = write_rows(tmp_path / "old.jsonl", rows)
    new = write_rows(tmp_path / "new.jsonl", [{"prediction": row["prediction"]} for row in NEW])
    result = compare(old, new, references=GOLD, old_where="model=a")
    expected = [(flip.id, flip.references, flip.old_prediction) for flip in PLAIN.examples]
    assert [(flip.id, flip.references, flip.old_prediction) for flip in result.examples] == expected


def test_a_log_that_holds_its_references_is_refused(tmp_path):
    from harness_runs import RUNS, only  # noqa: PLC0415

    log = only(RUNS / "lm_eval/v1", "samples_tiny_text_*")
    assert "holds references of its own" in refusal(log, log, references=GOLD)


def test_a_data_set_of_squad_is_a_file_of_references(tmp_path):
    asked = [
        {"id": row["qid"], "question": "?", "answers": [{"text": row["label"]}]} for row in GOLD
    ]
    data = {
        "version": "1.1",
        "data": [{"title": "t", "paragraphs": [{"context": "", "qas": asked}]}],
    }
    path = tmp_path / "dev-v1.1.json"
    path.write_text(json.dumps(data))
    assert compare(OLD, NEW, references=path).counts == PLAIN.counts


@given(st.permutations(range(8)), st.permutations(range(8)))
def test_counts_do_not_depend_on_the_order(first, second):
    old, gold = [OLD[n] for n in first], [GOLD[n] for n in second]
    counts = compare(old, NEW, references=gold, keep_flips=False).counts
    assert counts == PLAIN.counts
    right = [
        [text == reference for text, reference in zip(ANSWERS[model], REFERENCES, strict=True)]
        for model in ("old", "new")
    ]
    assert counts.negative_flips == sum(a and not b for a, b in zip(*right, strict=True))


def test_several_processes_join_alike(tmp_path, monkeypatch):
    from compatkit.pairing import engine  # noqa: PLC0415

    monkeypatch.setattr(engine, "LARGE", 1)
    old, new = write_rows(tmp_path / "o.jsonl", OLD), write_rows(tmp_path / "n.jsonl", NEW)
    gold = write_rows(tmp_path / "g.jsonl", GOLD)
    assert compare(old, new, references=gold).counts == PLAIN.counts


def test_nothing_is_read_where_nothing_is_said():
    with pytest.raises(DataError, match="no reference in the field"):
        compare(OLD, NEW, references=[])
