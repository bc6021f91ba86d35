"""Rows within a document, ids of several fields, and archives of one file."""

import gzip
import json
import re
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prediction_files import rows_of_model

from compatkit import compare
from compatkit.errors import CompatkitError, DataError
from compatkit.predictions.nested import list_places, to_rows
from compatkit.predictions.predictions import read_ids
from compatkit.predictions.records import Records
from compatkit.readers.prediction_file import open_predictions

OLD, NEW = rows_of_model("old"), rows_of_model("new")
PLAIN = compare(OLD, NEW).counts


def write(path, document, **how):
    path.write_text(json.dumps(document, **how))
    return path


def refusal(old, new, **options):
    with pytest.raises(CompatkitError) as caught:
        compare(old, new, **options)
    return str(caught.value)


def by_id(rows):
    return {row["id"]: {key: row[key] for key in row if key != "id"} for row in rows}


def split(rows):
    return {"columns": list(rows[0]), "data": [list(row.values()) for row in rows]}


@pytest.mark.parametrize("shape", [list, by_id, split])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("path", "wrap"),
    [
        ("results.tests", lambda rows: {"run": 1, "results": {"tests": rows}}),
        ("runs.1", lambda rows: {"runs": [{"id": 1}, rows]}),
        ("a.b", lambda rows: {"a.b": rows, "a": {"b": 1}}),
        (".", lambda rows: rows),
    ],
)
def test_rows_are_read_where_they_stand(tmp_path, shape, indent, path, wrap):
    old, new = (
        write(tmp_path / f"{name}.json", wrap(shape(rows)), indent=indent)
        for name, rows in (("old", OLD), ("new", NEW))
    )
    result = compare(old, new, rows=path)
    assert result.counts == PLAIN
    assert any(f"{old}: rows are read from {path!r}, " in note for note in result.notes)
    assert f"|rows:{path}|" in result.signature


def test_one_document_holds_both_models(tmp_path):
    path = write(tmp_path / "all.json", {"models": {"a": OLD, "b": NEW}})
    result = compare(path, rows=["models.a", "models.b"])
    assert (result.counts, result.old) == (PLAIN, f"{path} [models.a]")
    plain = write(tmp_path / "old.json", OLD)
    assert compare(plain, path, rows=[".", "models.b"]).counts == PLAIN


def test_an_id_may_have_several_samples():
    document = {"q1": [{"prediction": "a"}, {"prediction": "b"}], "q2": [{"prediction": "c"}]}
    assert to_rows(document) == [
        {"id": "q1", "sample": 0, "prediction": "a"},
        {"id": "q1", "sample": 1, "prediction": "b"},
        {"id": "q2", "sample": 0, "prediction": "c"},
    ]


@pytest.mark.parametrize(
    "value", [1, "x", None, [], {}, [1], [{}, 1], {"columns": ["a", "a"], "data": [[1, 2]]}]
)
def test_what_is_no_rows_is_none(value):
    assert to_rows(value) is None


def test_the_places_that_hold_rows_are_proposed(tmp_path):
    document = {"config": {"x": {"y": 1}, "z": {}}, "results": {"tests": OLD}}
    assert list_places(document) == ["results.tests (8)"]
    assert list_places({"r": by_id(OLD)}) == ["r (8)"]
    for indent in (None, 2):
        path = write(tmp_path / "x.json", document, indent=indent)
        assert "results.tests (8)" in refusal(path, path)
        message = refusal(path, path, rows="results.test")
        assert "nothing stands there" in message
        assert "Rows stand at results.tests (8)" in message
        assert "a dict that is no rows" not in message
    assert "a str that is no rows" in refusal(
        *[write(tmp_path / "y.json", {"a": "b", "t": OLD})] * 2, rows="a"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": "a", "reader": "csv"}, "--rows is of JSON documents, and --reader says csv"),
        ({"rows": ["a", "b", "c"]}, "--rows has 3 values, and 2 models are read"),
    ],
)
def test_rows_are_of_documents_and_sides(options, words):
    assert words in refusal(OLD, NEW, **options)


def test_a_key_twice_in_a_document_is_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"q1": {"prediction": "a"}, "q1": {"prediction": "b"}}')
    assert "the key 'q1' occurs twice" in refusal(path, path, rows=".")


COMPOSITE = [{"subject": f"S{n % 3}", "relation": n // 3, **row} for n, row in enumerate(OLD)]


def test_an_id_of_several_fields_is_joined():
    old = [{key: row[key] for key in row if key != "id"} for row in COMPOSITE]
    new = [{**row, "prediction": other["prediction"]} for row, other in zip(old, NEW, strict=True)]
    for path in ("subject,relation", "subject, relation"):
        result = compare(old, new[::-1], fields={"id": path})
        assert result.counts == PLAIN
        assert result.examples[0].id == "S1|0"
        assert any(
            "id is read from the fields 'subject' and 'relation', joined by '|'" in note
            for note in result.notes
        )
    assert 'no field "relatio"' in refusal(old, new, fields={"id": "subject,relatio"})
    gold = [{key: row[key] for key in ("subject", "relation", "reference")} for row in old]
    bare = [[{k: row[k] for k in row if k != "reference"} for row in rows] for rows in (old, new)]
    joined = compare(*bare, references=gold[::-1], fields={"id": "subject,relation"})
    assert joined.counts == PLAIN


def test_a_field_that_is_called_with_a_comma_is_one_field():
    renamed = [[{"a,b": row["id"], "a": 1, "b": 1, **row} for row in rows] for rows in (OLD, NEW)]
    for rows in renamed:
        for row in rows:
            del row["id"]
    result = compare(*renamed, fields={"id": "a,b"})
    assert (result.counts, result.examples[0].id) == (PLAIN, "q2")


@given(st.lists(st.tuples(st.text("ab|\\", max_size=4), st.text("ab|\\", max_size=4)), unique=True))
def test_no_two_ids_become_one(pairs):
    rows = [{"a": one, "b": two} for one, two in pairs]
    ids = read_ids(Records(rows, range(len(rows)), "x"), "a,b")
    assert len(set(ids)) == len(pairs)


@pytest.mark.parametrize(
    ("alias", "role"),
    [
        *((name, "id") for name in ("task_id", "index")),
        *((name, "prediction") for name in ("predict", "predicted", "filtered_resps")),
        *((name, "reference") for name in ("gt", "actual")),
    ],
)
def test_names_seen_in_the_wild_are_taken_and_noted(alias, role):
    sides = [
        [{alias if key == role else key: row[key] for key in row} for row in rows]
        for rows in (OLD, NEW)
    ]
    result = compare(*sides)
    assert result.counts == PLAIN
    words = f"old: {'references' if role == 'reference' else role} is read from the field {alias!r}"
    assert [note.kind for note in result.noted if note.text == words] == ["field"]
    other = {"id": "qid", "prediction": "output", "reference": "gold"}[role]
    twice = [[{**row, other: row[alias]} for row in rows] for rows in sides]
    assert "could each be the" in refusal(*twice)


@pytest.fixture
def archive(tmp_path):
    """Return what writes an archive of some members."""

    def pack(name, members):
        path = tmp_path / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
                for member, data in members.items():
                    packed.writestr(member, data)
            return path
        for member, data in members.items():
            (tmp_path / "member").write_bytes(data)
            with tarfile.open(path, "w:gz" if name.endswith("z") else "w") as packed:
                packed.add(tmp_path / "member", member)
        return path

    return pack


def lines(rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz", ".tgz", ".tar"])
@pytest.mark.parametrize("member", ["new.jsonl", "deep/er/new.jsonl", "new.jsonl.gz", "new.json"])
def test_an_archive_of_one_file_is_read_as_that_file(archive, suffix, member):
    data = gzip.compress(lines(NEW)) if member.endswith(".gz") else lines(NEW)
    path = archive(f"a{suffix}", {member: data})
    result = compare(OLD, path)
    assert (result.counts, result.new) == (PLAIN, f"{path}/{member}")
    assert result.examples[0].new_record["id"] == "q2"


def test_an_archive_of_parquet_is_read(archive):
    import io  # noqa: PLC0415

    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    data = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(NEW), data)
    assert compare(OLD, archive("a.zip", {"new.parquet": data.getvalue()})).counts == PLAIN


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a.jsonl": b"", "b.csv": b""}, "holds 2 files that can be read (a.jsonl, b.csv)"),
        ({"a.png": b"x"}, "holds 0 files that can be read (a.png)"),
        ({"a.jsonl": b""}, "a.zip/a.jsonl: the file holds no rows"),
    ],
)
def test_an_archive_of_none_or_several_is_refused(archive, members, words):
    assert words in refusal(OLD, archive("a.zip", members))


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_a_damaged_archive_is_refused_wherever_it_is_cut(archive, suffix):
    path = archive(f"a{suffix}", {"new.jsonl": lines(NEW) * 40})
    data = path.read_bytes()
    for end in range(4, len(data) - 1, max(1, len(data) // 60)):
        path.write_bytes(data[:end])
        assert str(path) in refusal(OLD, path)


def test_any_bytes_in_an_archive_are_read_or_refused(archive):
    path = archive("a.zip", {"new.jsonl": lines(NEW)})
    data = path.read_bytes()
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        message = str(path)
        try:
            compare(OLD, path, keep_flips=False)
        except CompatkitError as error:
            message = str(error)
        assert str(path) in message


FRAMES = ["pandas.DataFrame", "polars.DataFrame", "pyarrow.Table.from_pylist"]


@pytest.mark.parametrize("kind", FRAMES)
def test_frames_and_tables_are_read_alike(kind):
    module, *names = kind.split(".")
    make = pytest.importorskip(module)
    for name in names:
        make = getattr(make, name)
    rows = [{**row, "meta": {"lang": row["lang"]}, "tags": ["x"]} for row in OLD]
    frame = make(rows)
    assert open_predictions(frame).digest == open_predictions(rows).digest
    result = compare(frame, make(NEW), by="meta.lang")
    assert result.counts == PLAIN
    assert result.slices["meta.lang"].keys() == {"de", "fr"}
    assert result.examples[0].old_record == rows[1]
    gold = make([{"id": row["id"], "gt": row["reference"]} for row in OLD])
    bare = [[{k: row[k] for k in row if k != "reference"} for row in side] for side in (OLD, NEW)]
    assert compare(make(bare[0]), make(bare[1]), references=gold).counts == PLAIN
    long = make([{**row, "model": name} for name, side in (("a", OLD), ("b", NEW)) for row in side])
    assert compare(long, old_where="model=a", new_where="model=b").counts == PLAIN


def test_a_table_with_a_column_twice_is_refused():
    pa = pytest.importorskip("pyarrow")
    twice = pa.table([pa.array([1]), pa.array([2])], names=["id", "id"])
    assert "old: two columns are called 'id'" in refusal(twice, NEW)


def test_a_frame_that_was_not_collected_is_no_rows():
    polars = pytest.importorskip("polars")
    assert "given as a LazyFrame" in refusal(polars.LazyFrame({"id": [1]}), NEW)


def test_convert_joins_and_says_what_was_taken(tmp_path):
    from click.testing import CliRunner  # noqa: PLC0415

    from compatkit.cli import command_line  # noqa: PLC0415

    bare = [{k: row[k] for k in row if k not in {"id", "reference"}} for row in COMPOSITE]
    path = write(tmp_path / "x.json", {"results": bare[:7]})
    gold = [{k: row[k] for k in ("subject", "relation", "reference")} for row in COMPOSITE]
    references = write(tmp_path / "gold.json", gold)
    said = ("--rows", "results", "--id-field", "subject,relation", "--references", references)
    words = ["convert", str(path), *map(str, said), "-o", str(tmp_path / "x.jsonl")]
    result = CliRunner().invoke(command_line, words, catch_exceptions=False)
    assert "note: " in result.output
    assert "joined by 'subject,relation'; 1 of its examples have no answer" in result.output
    rows = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows[:2]] == ["S0|0", "S1|0"]
    assert [row["reference"] for row in rows] == [row["reference"] for row in OLD[:7]]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"data": [["q1", "a", "b"], ["q2", "a"]]}, "its row 2 has 2 cells for 3 columns"),
        ({"data": [["q1", "a", "b"], "q2a"]}, "its row 2 has 0 cells for 3 columns"),
        ({"columns": ["id", "id", "x"]}, "two of its columns are called 'id'"),
        ({"nrows": 3}, "it has 1 rows, and its nrows says 3; was it cut"),
    ],
)
def test_a_table_that_is_none_says_why(tmp_path, changes, fault):
    table = {"columns": ["id", "prediction", "reference"], "data": [["q1", "a", "b"]], **changes}
    path = tmp_path / "run.table.json"
    path.write_text(json.dumps(table))
    with pytest.raises(DataError, match=re.escape(fault)):
        compare(path, path, rows=".")


def test_samples_by_id_are_proposed_as_one_place(tmp_path):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"date": "x", "eval": {k: [{"text": k}] * 2 for k in "abc"}}))
    with pytest.raises(DataError, match=re.escape("--rows says where: eval (3).")):
        compare(path, path, scorer="field:x")


def test_a_field_within_a_list_is_named_by_its_place():
    def rows(answers):
        return [
            {"id": n, "choices": [{"text": text}, {"text": "4"}], "reference": "4"}
            for n, text in enumerate(answers)
        ]

    named = {"fields": {"prediction": "choices.0.text"}}
    assert compare(rows("44"), rows("45"), **named).counts.negative_flips == 1
    with pytest.raises(DataError, match=re.escape('no field "choices.2.text"')):
        compare(rows("44"), rows("45"), fields={"prediction": "choices.2.text"})
