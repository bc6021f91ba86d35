"""evaluate's metrics as scorers; the scripts are written here, since the Hub is far away."""

import json

import evaluate
import pytest
from click.testing import CliRunner
from rows_of import rows_of

import compatkit
from compatkit.cli import command_line
from compatkit.errors import ConfigError, DataError
from compatkit.scorers.make import make_scorer

SCRIPT = """
import datasets
import evaluate

class {name}(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        one = datasets.Features({{"predictions": text, "references": text}})
        many = datasets.Features({{"predictions": text, "references": datasets.Sequence(text)}})
        return evaluate.MetricInfo(description="", citation="", features={features})

    def _compute(self, predictions, references, **options):
{body}
"""
METRICS = {
    # A number that means something for one pair; several references one by one.
    "same_start": (
        "one",
        """
        right = [p[:1] == r[:1] for p, r in zip(predictions, references)]
        return {"same_start": sum(right) / len(right)}""",
    ),
    # Lists per example, with a third entry that is none.
    "lengths": (
        "one",
        """
        scale = options.get("scale", 10)
        pairs = list(zip(predictions, references))
        return {
            "shorter": [min(len(p), len(r)) / scale for p, r in pairs],
            "longer": [max(len(p), len(r)) / scale for p, r in pairs],
            "hashcode": "x",
        }""",
    ),
    # Takes lists of references, and texts too.
    "accepted": (
        "[many, one]",
        """
        print("noise of a metric")
        return {"share": [r.count(p) / len(r) for p, r in zip(predictions, references)]}""",
    ),
    # A value per class, as many as there may be examples.
    "per_class": (
        "one",
        """
        classes = sorted({*predictions, *references})
        return {"f1": [predictions.count(each) / len(predictions) for each in classes]}""",
    ),
    "below_zero": ("one", "        return {'loss': -float(len(predictions[0]))}"),
    "nothing": ("one", "        return {'text': 'none'}"),
    "failing": ("one", "        raise ValueError('the model is not there')"),
    "list_result": ("one", "        return [1.0]"),
    "shapeless": ("one", "        return {'f1': [0.5] if len(predictions) == 1 else [0.5] * 7}"),
}


@pytest.fixture
def folder(tmp_path):
    for name, (features, body) in METRICS.items():
        (tmp_path / name).mkdir()
        made = "".join(word.title() for word in name.split("_"))
        (tmp_path / name / f"{name}.py").write_text(
            SCRIPT.format(name=made, features=features, body=body), encoding="utf-8"
        )
    return tmp_path


def score(metric, predictions, references, **options):
    scorer = compatkit.evaluate_metric(str(metric), **options)
    return scorer.score(rows_of(predictions, references)).scores.tolist()


def test_a_number_per_pair_and_the_best_of_several_references(folder) -> None:
    references = [["apple"], ["bread", "cake"], ["egg"], ["fig"]]
    scores = score(folder / "same_start", ["any", "corn", None, "x"], references)
    assert scores == [1.0, 1.0, 0.0, 0.0]


def test_a_list_per_example_by_its_key_with_options(folder) -> None:
    pair = (["ab", "abcd"], [["abc"], ["a"]])
    assert score(folder / "lengths", *pair, key="shorter") == [0.2, 0.1]
    assert score(folder / "lengths", *pair, key="longer", scale=100) == [0.03, 0.04]


def test_lists_of_references_where_the_metric_takes_them(folder) -> None:
    references = [["a"], ["b", "x", "y", "z"], ["q", "c"]]
    assert score(folder / "accepted", ["a", "b", "c"], references) == [1.0, 0.25, 0.5]


def test_scores_below_zero_stay_below_zero(folder) -> None:
    assert score(folder / "below_zero", ["ab", None, "abc"], [["x"]] * 3) == [-2.0, 0.0, -3.0]


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        ("lengths", {}, "gives shorter, longer as numbers per example. Say which one: key=NAME"),
        ("lengths", {"key": "hashcode"}, "shorter, longer as numbers per example and not 'hash"),
        ("nothing", {}, "gives nothing as numbers per example"),
    ],
)
def test_a_key_that_is_not_clear_is_refused(folder, metric, options, message) -> None:
    with pytest.raises(ConfigError, match=message):
        score(folder / metric, ["a", "b"], [["a"], ["b"]], **options)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("failing", r"rows.jsonl:1: the scorer evaluate:.*failing failed.*the model is not there"),
        ("list_result", "gave a list; a mapping was expected"),
        ("shapeless", r"'f1' has shape \(7,\) for 2 examples"),
    ],
)
def test_a_metric_that_fails_is_a_sentence(folder, metric, message) -> None:
    with pytest.raises(DataError, match=message):
        score(folder / metric, ["a", "b"], [["a"], ["b"]])


def test_a_value_per_class_is_not_taken_for_one_per_example(folder) -> None:
    # Alone the first example has one class with the share 1; beside the other two with a half.
    with pytest.raises(DataError, match=r"is 1 for the first example alone and 0.5 besi"):
        score(folder / "per_class", ["a", "b"], [["a"], ["b"]])


def test_a_metric_that_cannot_be_loaded(folder) -> None:
    with pytest.raises(ConfigError, match=r"metric bertscore cannot be loaded: .*Error"):
        compatkit.evaluate_metric("bertscore")
    with pytest.raises(ConfigError, match="nowhere cannot be loaded"):
        compatkit.evaluate_metric(str(folder / "nowhere"))
    with pytest.raises(ConfigError, match="takes old_predictions, predictions, references; a"):
        compatkit.evaluate_metric(compatkit.evaluate_module("negative_flip_rate"))


@pytest.mark.parametrize("name", ["evaluate:", "evaluate:?key=f1"])
def test_a_name_is_needed(name) -> None:
    with pytest.raises(ConfigError, match="needs a name"):
        make_scorer(name)


def test_options_of_the_command_line_are_json_or_texts(folder) -> None:
    scorer = make_scorer(f"evaluate:{folder / 'lengths'}?key=longer&scale=100&lang=en&flag=true")
    signed = {name: value for name, value in scorer.options.items() if name != "metric"}
    given = {"key": "longer", "scale": 100, "lang": "en", "flag": True}
    assert signed == {**given, "reasoning": "strip"}
    assert len(scorer.options["metric"]) == 12
    assert scorer.score(rows_of(["abc"], ["a"])).scores.tolist() == [0.03]
    with pytest.raises(ConfigError, match="key=f1&lang=en was expected"):
        make_scorer(f"evaluate:{folder / 'lengths'}?key")


def test_compare_and_the_command_line_agree(folder, tmp_path) -> None:
    references = ["abcd", "abcdefgh", "ab"]
    columns = {"old": ["abcd", "abcdefg", "ab"], "new": ["a", "abcdefgh", None]}
    for name, column in columns.items():
        rows = [
            {"id": row, "prediction": text, "reference": reference}
            for row, (text, reference) in enumerate(zip(column, references, strict=True))
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    files = [str(tmp_path / f"{name}.jsonl") for name in columns]
    scorer = compatkit.evaluate_metric(str(folder / "lengths"), key="shorter", scale=8)
    found = compatkit.compare(*files, scorer=scorer, threshold=0.25)
    assert (found.counts.negative_flips, found.counts.positive_flips) == (2, 0)
    assert found.score_new == pytest.approx((1 / 8 + 1 + 0) / 3)
    assert found.churn == 1.0  # the answer is the raw text
    name = f"evaluate:{folder / 'lengths'}?key=shorter&scale=8"
    options = ["--scorer", name, "--threshold", "0.25", "--json"]
    result = CliRunner().invoke(command_line, ["score", *files, *options])
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)["results"][0]
    assert printed["counts"]["negative_flips"] == 2
    assert printed["metrics"]["score_new"]["value"] == found.score_new
    assert printed["signature"] == found.signature


def test_a_loaded_metric_and_what_it_prints(folder, capsys) -> None:
    metric = evaluate.load(str(folder / "accepted"), keep_in_memory=True)
    scorer = compatkit.evaluate_metric(metric)
    assert scorer.name == "evaluate:accepted"
    assert scorer.score(rows_of(["a"], ["a"])).scores.tolist() == [1.0]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "noise of a metric" in captured.err
