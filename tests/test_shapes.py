"""The shapes of public files, rebuilt small: each is scored by the command that the page shows.

The answers are made up, and the same in every shape, so that every command must count what a plain
script counts. What a shape cannot tell, such as an id, is not compared.
"""

import csv
import io
import json
import re
import shlex
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import ipc

from compatkit.cli import command_line

PAGE = Path(__file__).parents[1] / "docs" / "formats.md"
SHARD = "data-00000-of-00001.arrow"  # as `datasets` calls the one file of a small data set
ROW = re.compile(r"^\| (?P<have>.*) \| `(?P<type>compatkit score .*)` \|$", re.MULTILINE)

IDS = [f"{number:024x}" for number in range(1, 10)]
REFERENCES = ["Paris", "Rome", "4", "blue", "the cat sat", "yes", "no", "9", "x, y"]
ANSWERS = {
    "old": ["Paris", "Rome", "4", "red", "the cat sat", "yes", "no", "8", "x, y"],
    "new": ["Paris", "Milan", "4", "blue", "the cat sat", "no", "no", "9", "y, x"],
}
OLD, NEW = ANSWERS["old"], ANSWERS["new"]


def count_plainly():
    """Count in the way of a script that knows nothing of compatkit."""
    counts = {"both_right": 0, "negative_flips": 0, "positive_flips": 0, "both_wrong": 0}
    for old, new, reference in zip(OLD, NEW, REFERENCES, strict=True):
        if old == reference:
            counts["both_right" if new == reference else "negative_flips"] += 1
        else:
            counts["positive_flips" if new == reference else "both_wrong"] += 1
    return counts


def table(rows, delimiter=","):
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def lines(rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def rows_of(model, **names):
    """Return a model's rows, under the names of a shape; None leaves one out."""
    names = {"id": "id", "prediction": "prediction", "reference": "reference", **names}
    values = {"id": IDS, "prediction": ANSWERS[model], "reference": REFERENCES}
    used = {name: values[role] for role, name in names.items() if name is not None}
    return [dict(zip(used, cells, strict=True)) for cells in zip(*used.values(), strict=True)]


def split(rows):
    columns = list(rows[0])
    return {"columns": columns, "data": [[row[name] for name in columns] for row in rows]}


def tags_of(text):
    return ["O", f"B-{text.replace(' ', '_')}", "O"]


def shapes_of(model):
    """Return the text of each file that holds one model's answers."""
    plain = rows_of(model)
    answers = rows_of(model, reference=None)
    nested = [
        {"key": row["id"], "out": {"text": row["prediction"]}, "gold": {"text": row["reference"]}}
        for row in plain
    ]
    facts = [
        {"subject": f"S{n // 3}|", "relation": f"R{n % 3}", **row}
        for n, row in enumerate(rows_of(model, id=None))
    ]
    cases = rows_of(model, id="name", prediction="actualOutput", reference="expectedOutput")
    return {
        f"{model}.jsonl": lines(plain),
        f"named_{model}.jsonl": lines(nested),
        f"answers_{model}.csv": table(rows_of(model, prediction="output", reference=None)),
        f"submission_{model}.csv": table(rows_of(model, prediction="label", reference=None)),
        f"{model}.hyp": "".join(f"{text}\r\n" for text in ANSWERS[model]),
        f"{model}.txt": "\n".join(ANSWERS[model]),
        f"squad_{model}.json": json.dumps(dict(zip(IDS, ANSWERS[model], strict=True))),
        f"deepeval_{model}.json": json.dumps({"testCases": cases, "testPassed": 3}, indent=2),
        f"mlflow_{model}.json": json.dumps(
            split(
                [
                    {**row, "correctness/v1/score": 5 if row["outputs"] == row["targets"] else 2}
                    for row in rows_of(
                        model, id="inputs", prediction="outputs", reference="targets"
                    )
                ]
            )
        ),
        f"wandb_{model}.table.json": json.dumps(
            {
                **split(plain),
                "_type": "table",
                "ncols": 3,
                "nrows": len(plain),
                "column_types": {"wb_type": "typedDict", "params": {"type_map": {}}},
                "log_mode": "IMMUTABLE",
            }
        ),
        # A tag of one entity for each example: it is right, of another type, or not there.
        f"tags_{model}.jsonl": lines(
            [
                {
                    **row,
                    "prediction": tags_of(row["prediction"]),
                    "reference": tags_of(row["reference"]),
                }
                for row in plain
            ]
        ),
        f"samples_{model}.jsonl": lines(
            [
                {**row, "sample": number, "prediction": text}
                for row in plain
                for number, text in enumerate([row["prediction"], "?"])
            ]
        ),
        f"tasks_{model}/questions.csv": table(answers),
        f"{model}.hypo": "".join(f"{text}\n" for text in ANSWERS[model]),
        **public_shapes_of(model),
        f"split_{model}.json": json.dumps({**split(plain), "index": list(range(len(plain)))}),
        f"ids_{model}.json": json.dumps(
            {"results": {row["id"]: row for row in rows_of(model)}, "model": model}
        ),
        f"map_{model}.json": json.dumps({row["id"]: row["prediction"] for row in answers}),
        f"facts_{model}.tsv": table(facts, "\t"),
        f"generated_{model}.jsonl": lines(
            rows_of(model, id="prompt", prediction="predict", reference="label")
        ),
    }


def public_shapes_of(model):
    """Return the text of files as leaderboards and services write them."""
    plain = rows_of(model)
    right = [row["prediction"] == row["reference"] for row in plain]
    return {
        f"batch_{model}.jsonl": lines(
            [
                {
                    "custom_id": row["id"],
                    "response": {
                        "status_code": 200,
                        "body": {"choices": [{"message": {"content": row["prediction"]}}]},
                    },
                    "error": None,
                }
                for row in plain
            ]
        ),
        f"qa_{model}.json": json.dumps(rows_of(model, id="question", reference="answer")),
        f"annotations_{model}.json": json.dumps(
            [
                {
                    "instruction": row["id"],
                    "output_1": "?",
                    "output_2": row["prediction"],
                    "generator_2": model,
                    "preference": 1.9 if well else 1.1,
                }
                for row, well in zip(plain, right, strict=True)
            ]
            + [{"instruction": "unjudged", "output_2": "?", "preference": None}]
        ),
        f"arena_{model}.jsonl": lines(
            [
                {
                    "question_id": row["id"],
                    "model": model,
                    "games": [
                        {"judgment": f"So: [[{'B>A' if well else 'A>>B'}]]"},
                        {"judgment": "[[A=B]]"},
                    ],
                }
                for row, well in zip(plain, right, strict=True)
            ]
        ),
        f"bigcodebench_{model}_eval_results.json": json.dumps(
            {
                "date": "2026-01-01 10:00",
                "eval": {
                    row["id"]: [
                        {
                            "task_id": row["id"],
                            "solution": row["prediction"],
                            "status": "pass" if well else "fail",
                        }
                    ]
                    for row, well in zip(plain, right, strict=True)
                },
            }
        ),
        f"nbest_{model}.json": json.dumps(
            {
                row["id"]: [
                    {"text": row["prediction"], "probability": 0.9},
                    {"text": "?", "probability": 0.1},
                ]
                for row in plain
            }
        ),
    }


def judgments(turns):
    """Return the rows of three models that a judge scored, and one that it did not."""
    rows = []
    for name, model in (("claude", "old"), ("turbo", "new"), ("third", "old")):
        for number, row in enumerate(rows_of(model)):
            well = row["prediction"] == row["reference"]
            of_turn = {"question_id": 81 + number // 2, "turn": 1 + number % 2}
            score = (9 if well else 3) if turns else int(well)
            key = of_turn if turns else {"question_id": row["id"], "turn": 1}
            rows.append({**key, "model": name, "score": score, "judgment": "...", "tstamp": 1.0})
        if turns:
            rows.append({"question_id": 80, "turn": 1, "model": name, "score": -1, "judgment": ""})
    return lines(rows)


def shared_files():
    """Return the text of each file that both models share."""
    right = {
        model: [text == reference for text, reference in zip(texts, REFERENCES, strict=True)]
        for model, texts in ANSWERS.items()
    }
    wide = [
        {
            "id": key,
            "claude_pred": OLD[n],
            "turbo_pred": NEW[n],
            "third_pred": "?",
            "claude_ok": int(right["old"][n]),
            "turbo_ok": int(right["new"][n]),
            "reference": REFERENCES[n],
        }
        for n, key in enumerate(IDS)
    ]
    long = [
        {"model": name, **row}
        for name, model in (("claude", "old"), ("turbo", "new"))
        for row in rows_of(model)
    ]
    long += [{"model": "third", **row, "prediction": "?"} for row in rows_of("old")]
    gold = rows_of("old", prediction=None, id="qid", reference="label")
    asked = [
        {"id": row["qid"], "question": "?", "answers": [{"text": row["label"]}]} for row in gold
    ]
    squad = {"version": "1.1", "data": [{"title": "t", "paragraphs": [{"qas": asked}]}]}
    data = rows_of("old", prediction=None, id=None, reference="summary")
    return {
        "wide.csv": table(wide),
        "long.csv": table(long),
        "dataset.csv": table([{**row, "topic": "x"} for row in gold]),
        "solution.csv": table(rows_of("old", prediction=None, reference="label")),
        "ref0.txt": "".join(f"{text}\n" for text in REFERENCES),
        "ref1.txt": "".join(f"{text}\n" if n % 2 else "\n" for n, text in enumerate(REFERENCES)),
        "dataset.jsonl": lines([{**row, "document": "..."} for row in data]),
        "dev-v1.1.json": json.dumps(squad),
        "tasks_gold/questions.jsonl": lines(rows_of("old", prediction=None)),
        "test.target": "".join(f"{text}\n" for text in REFERENCES),
        "judgments.jsonl": judgments(turns=True),
        "ground_truth.jsonl": judgments(turns=False),
        "map_gold.json": json.dumps(dict(zip(IDS, REFERENCES, strict=True))),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("shapes")
    for name, text in {**shapes_of("old"), **shapes_of("new"), **shared_files()}.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_bytes(text.encode())
    for model in ANSWERS:
        (path / f"saved_{model}").mkdir()
        saved = pa.Table.from_pylist(rows_of(model))
        with ipc.new_stream(path / f"saved_{model}/{SHARD}", saved.schema) as writer:
            writer.write_table(saved)
    with zipfile.ZipFile(path / "old.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path / "old.jsonl", "run/predictions.jsonl")
        archive.writestr("__MACOSX/run/._predictions.jsonl", b"\0\5\x16\7")
        archive.writestr("run/README.md", "made by a run")
    with tarfile.open(path / "new.tar.gz", "w:gz") as archive:
        archive.add(path / "new.jsonl", "predictions.jsonl")
    return path


COMMANDS = ROW.findall(PAGE.read_text(encoding="utf-8"))


def test_the_first_page_has_a_row_of_each_shape():
    assert len(COMMANDS) >= 18
    first = PAGE.read_text(encoding="utf-8").partition("\n## ")[2]
    assert first.startswith("What you have, what to type\n")


@pytest.mark.parametrize(("have", "command"), COMMANDS, ids=[have for have, _ in COMMANDS])
def test_a_shape_is_scored_as_it_is(have, command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    words = shlex.split(command)[1:]
    result = CliRunner().invoke(command_line, [*words, "--json"], standalone_mode=False)
    assert result.exception is None, f"{have}: {result.exception}"
    comparison = json.loads(result.output)["results"][0]
    counts = {name: comparison["counts"][name] for name in count_plainly()}
    assert counts == count_plainly()
    assert comparison["counts"]["total"] == len(REFERENCES)
    broken = [flip for flip in comparison["flips"] if flip["kind"] == "negative"]
    if not {"entities", "verdict"} & {*words} and not any("field:" in word for word in words):
        wanted = [n for n, text in enumerate(REFERENCES) if OLD[n] == text != NEW[n]]
        assert [flip["new_prediction"] for flip in broken] == [NEW[n] for n in wanted]
        assert [flip["references"][0] for flip in broken] == [REFERENCES[n] for n in wanted]


def test_every_file_of_the_fixture_is_used_by_the_page(folder):
    words = {word for _, command in COMMANDS for word in shlex.split(command)}
    used = words | {word.partition("/")[0] for word in words}
    assert {path.name for path in folder.iterdir()} - {"new.zip"} <= used
