"""Policies: every key and value checked, each mistake said with its place."""

from datetime import date
from pathlib import Path

import pytest
from gate_files import POLICY, write_policy

from compatkit.errors import ConfigError
from compatkit.gate.read_policy import find_policy, read_policy

WHOLE = """\
format = 1
name = "release"
level = 0.9
decide = "interval"
inconclusive = "fail"
strict = true
seed = 7
resamples = 500

[tasks.sums]
old = "old/sums.jsonl"
new = "new/sums.jsonl"
scorer = "numeric"
tolerance = 0.01
examples = 200
max_left_out = 0.1
errors = "exclude"
fields = { prediction = "answer" }
budgets = { max_nfr = 0.02 }
advisory = { max_churn = 0.3 }

[tasks.sums.slices."meta.topic"]
budgets = { max_nfr = 0.05 }
inconclusive = "pass"

[tasks.sums.must_not_flip]
ids = ["q1", 7]
tags = { "meta.tag" = ["safety", "legal"], hard = true }

[tasks.texts]
old = "old/texts.jsonl"
new = "new/texts.jsonl"
scorer = "rougeL"
stemmer = true
threshold = 0.3
budgets = { max_mean_regression = 0.2, max_score_drop = 0.0 }

[total]
budgets = { max_accuracy_drop = 0.01 }

[[waivers]]
task = "sums"
id = "q17"
reason = "the reference is wrong"
expires = 2027-01-31
"""


def test_every_key_is_read(tmp_path: Path) -> None:
    policy = read_policy(write_policy(tmp_path, WHOLE))
    sums, texts = policy.tasks
    assert (policy.name, policy.level, policy.decide, policy.strict) == (
        "release",
        0.9,
        "interval",
        True,
    )
    assert (sums.name, sums.old) == ("sums", str(tmp_path / "old/sums.jsonl"))
    assert (sums.examples, sums.max_left_out) == (200, 0.1)
    assert sums.options.scorer.name.startswith("numeric")
    assert (sums.options.errors, texts.options.errors) == ("exclude", "refuse")
    assert (sums.options.plan.seed, sums.options.plan.resamples) == (7, 500)
    assert sums.options.plan.level == 0.9
    assert (sums.limits.blocking, sums.limits.advisory) == ({"max_nfr": 0.02}, {"max_churn": 0.3})
    assert sums.limits.inconclusive == "fail"
    assert sums.slices["meta.topic"].inconclusive == "pass"
    assert sums.must_not_flip.ids == ("q1", "7")
    assert sums.must_not_flip.tags == {"meta.tag": ("safety", "legal"), "hard": ("True",)}
    assert texts.options.threshold == 0.3
    assert policy.total.blocking == {"max_accuracy_drop": 0.01}
    assert policy.waivers[0].expires == date(2027, 1, 31)


@pytest.mark.parametrize(
    ("found", "put", "said"),
    [
        ("format = 1", "format = 2", "format: is 2; this version reads 1."),
        ("format = 1", "formt = 1", "no key 'formt'; did you mean 'format'?"),
        ("level = 0.9", "level = 0.3", "level: is 0.3; more than 0.5"),
        ("level = 0.9", "level = '0.9'", "level: is '0.9'; a number was expected"),
        ("level = 0.9", "level = true", "level: is True; a number was expected"),
        ("level = 0.9", "level = nan", "level: is nan"),
        (
            'decide = "interval"',
            'decide = "wald"',
            "decide: is 'wald'; one of interval, anytime, point",
        ),
        ('inconclusive = "fail"', 'inconclusive = "ok"', "inconclusive: is 'ok'; one of pass"),
        ("strict = true", "strict = 1", "strict: is 1; true or false was expected"),
        ("seed = 7", "seed = -1", "seed: is -1; 0 or a positive whole number"),
        ("resamples = 500", "resamples = 5", "resamples: is 5; 100 or more"),
        ("[tasks.sums]", "[tasks.total]", "a task cannot be called 'total'"),
        ('old = "old/sums.jsonl"', "", "tasks.sums: no 'old'"),
        ('new = "new/sums.jsonl"', "new = 3", "tasks.sums.new: is 3; a text was expected"),
        ('scorer = "numeric"', 'scorer = "nmeric"', "tasks.sums: "),
        ("tolerance = 0.01", "tolerence = 0.01", "did you mean 'tolerance'?"),
        ("tolerance = 0.01", "stemmer = true", "tasks.sums: "),
        ("examples = 200", "examples = 0", "tasks.sums.examples: is 0; 1 or more"),
        ("examples = 200", "examples = true", "tasks.sums.examples: is True; a whole number"),
        ("max_left_out = 0.1", "max_left_out = 1.0", "tasks.sums.max_left_out: is 1"),
        ('errors = "exclude"', 'errors = "ignore"', "tasks.sums.errors: is 'ignore'; one of"),
        ('{ prediction = "answer" }', "{ prediction = 1 }", "tasks.sums.fields: prediction is 1"),
        ('{ prediction = "answer" }', '{ guess = "answer" }', "tasks.sums: "),
        ("max_nfr = 0.02", "max_nrf = 0.02", "no budget 'max_nrf'; did you mean 'max_nfr'?"),
        ("max_nfr = 0.02", "max_nfr = 2", "tasks.sums.budgets: max_nfr is 2; a number from 0 to 1"),
        ("max_nfr = 0.02", "max_nfr = -0.1", "max_nfr is -0.1"),
        ("max_nfr = 0.02", "max_nfr = '2 p.c.'", "max_nfr is '2 p.c.'; a number"),
        ("max_nfr = 0.02", "max_nfr = true", "max_nfr is True"),
        ("max_nfr = 0.02", "max_nfr = nan", "max_nfr is nan"),
        ("max_nfr = 0.02", "max_nfr = 0", "which no number of examples can show"),
        ("max_churn = 0.3", "max_churn = 1.5", "tasks.sums.advisory: max_churn is 1.5"),
        ("budgets = { max_nfr = 0.05 }", "budgets = 0.05", "slices.meta.topic.budgets: is 0.05"),
        ("budgets = { max_nfr = 0.05 }", "max_nfr = 0.05", "slices.meta.topic: no key 'max_nfr'"),
        ('ids = ["q1", 7]', 'id = ["q1", 7]', "must_not_flip: no key 'id'; did you mean 'ids'?"),
        ('ids = ["q1", 7]', "ids = [1.5]", "must_not_flip.ids: holds 1.5; a text was expected"),
        ("hard = true", "hard = []", "must_not_flip.tags.hard: is empty"),
        ('ids = ["q1", 7]', "ids = []", "must_not_flip.ids: is empty"),
        ("budgets = { max_nfr = 0.05 }", "", "slices.meta.topic: holds no budget"),
        ("hard = true", "hard = 1.5", "must_not_flip.tags.hard: holds 1.5"),
        ("max_accuracy_drop = 0.01", "max_accuracy_drop = 2", "total.budgets: max_accuracy_drop"),
        ('id = "q17"', "", "waivers[0]: no 'id'"),
        ('reason = "the reference is wrong"', "", "waivers[0]: no 'reason'"),
        ('reason = "the reference is wrong"', 'reason = " "', "waivers[0].reason: is empty"),
        ("expires = 2027-01-31", "", "waivers[0]: no 'expires'"),
        ("expires = 2027-01-31", 'expires = "soon"', "a date was expected: 2026-12-31"),
        ("expires = 2027-01-31", "expires = 2027-01-31T00:00:00", "a date was expected"),
        ("expires = 2027-01-31", "expires = 2027", "a date was expected"),
        ("[[waivers]]", "[waivers]", "waivers: is {"),
        ("format = 1", "format = = 1", "not TOML"),
        ('decide = "interval"', 'decide = "anytime"\nlooks = 3', "its bounds hold at every look"),
        ("format = 1", f"format = {'[' * 3000}", "nested too deep"),
    ],
)
def test_every_mistake_is_said_with_its_place(
    tmp_path: Path, found: str, put: str, said: str
) -> None:
    assert found in WHOLE
    path = write_policy(tmp_path, WHOLE.replace(found, put, 1))
    with pytest.raises(ConfigError) as caught:
        read_policy(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert str(caught.value)[-1] in ".?"


def test_a_policy_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    text = POLICY.replace("max_nfr = 0.05", "")
    with pytest.raises(ConfigError, match="holds nothing against an update"):
        read_policy(write_policy(tmp_path, text))
    with pytest.raises(ConfigError, match=r"no \[tasks.NAME\]"):
        read_policy(write_policy(tmp_path, "format = 1\n"))


def test_by_point_a_limit_of_nothing_is_a_limit(tmp_path: Path) -> None:
    text = POLICY.replace("format = 1", 'decide = "point"').replace("0.05", "0")
    assert read_policy(write_policy(tmp_path, text)).tasks[0].limits.blocking == {"max_nfr": 0.0}


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "compatkit.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not TOML"):
        read_policy(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_policy(tmp_path / "none.toml")


def test_the_nearest_policy_of_the_repository_is_found(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    with pytest.raises(ConfigError, match="gate --init OLD NEW"):
        find_policy(below)
    path = write_policy(tmp_path)
    assert find_policy(below) == path.resolve()
    project = tmp_path / "a" / "pyproject.toml"
    project.write_text("[tool.other]\n")
    assert find_policy(below) == path.resolve()
    project.write_text("[tool.compatkit.tasks.math]\n" + 'old = "o.jsonl"\nnew = "n.jsonl"\n')
    assert find_policy(below) == project.resolve()
    write_policy(tmp_path / "a")
    with pytest.raises(ConfigError, match="two policies"):
        find_policy(below)


def test_the_search_ends_at_the_repository(tmp_path: Path) -> None:
    write_policy(tmp_path)
    inner = tmp_path / "repository"
    (inner / ".git").mkdir(parents=True)
    with pytest.raises(ConfigError, match="no policy"):
        find_policy(inner)


def test_pyproject_holds_a_policy_too(tmp_path: Path) -> None:
    table = POLICY.replace("[tasks", "[tool.compatkit.tasks").replace("format = 1", "")
    path = tmp_path / "pyproject.toml"
    path.write_text(table)
    assert read_policy(path).tasks[0].limits.blocking == {"max_nfr": 0.05}
    path.write_text("[project]\n")
    with pytest.raises(ConfigError, match="no table"):
        read_policy(path)
