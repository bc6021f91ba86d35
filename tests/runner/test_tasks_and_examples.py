"""Tasks, templates and examples: what a row becomes, and what is refused, with its line."""

import shutil
import sys
from importlib import import_module, resources
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from runner.tiny_models import write_jsonl

from compatkit import runner
from compatkit.errors import ConfigError, DataError
from compatkit.runner import task
from compatkit.runner.answers import choose
from compatkit.runner.examples import Data, Example, digest_prompts, read_examples
from compatkit.runner.settings import make_settings
from compatkit.runner.task import TASKS, load_task, parse_task, plain_task
from compatkit.scorers.make import make_scorer

MINE = b"""
kind = "generate"
prompt = "{{ q }}?"
reference = "answers"
id = "meta.key"
stop = ["!"]
[scorer]
name = "token_f1"
"""


@pytest.mark.parametrize("name", TASKS)
def test_every_task_of_the_package_is_whole(name: str) -> None:
    task = load_task(name)
    assert task.name == name
    assert len(task.digest) == 64
    options = {key: value for key, value in task.scorer.items() if key != "name"}
    assert make_scorer(task.scorer["name"], **options).name == task.scorer["name"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"kind = ", "not TOML"),
        (b"\xff", "not TOML"),
        (b'kind = "generate"', "no prompt; a task needs"),
        (b'kind = "rank"\nprompt = "a"', "kind is 'rank'"),
        (b'kind = "choice"\nprompt = "a"', "kind choice needs choices"),
        (b'kind = "generate"\nprompt = "a"\nchoices = "b"', "has no choices"),
        (b'kind = "generate"\nprompt = 3', "prompt is 3; a template was expected"),
        (b'kind = "generate"\nprompt = "a"\nshots = 3', "no key 'shots' in a task"),
        (b'kind = "generate"\nprompt = "a"\nstop = [""]', "a list of texts was expected"),
        (b'kind = "generate"\nprompt = "a"\nmax_new_tokens = 0', "must be above 0"),
        (b'kind = "generate"\nprompt = "a"\n[scorer]\nstemmer = true', "scorer has no name"),
    ],
)
def test_what_is_no_task_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_task(text, "mine.toml")


def test_a_task_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match=f"there are {', '.join(TASKS)}, and a file"):
        load_task("no_such_task")
    with pytest.raises(DataError, match=r"no\.toml: cannot be read: No such file"):
        load_task("no.toml")


TRIVIA = """
# Questions of trivia. Fields of a row: question, answers.
kind = "generate"
prompt = "Q: {{ question }}\\nA:"
reference = "answers"
stop = ["\\n"]
max_new_tokens = 8
[scorer]
name = "token_f1"
"""


@pytest.fixture
def one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Add a task as one does, by its file, and return the module that lists the tasks anew."""
    folder = Path(shutil.copytree(str(task.FOLDER), tmp_path / "tasks"))
    (folder / "trivia.toml").write_text(TRIVIA, encoding="utf-8")
    (folder / "trivia.toml~").write_text("what an editor leaves behind", encoding="utf-8")
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(runner, "task", task)
    monkeypatch.delitem(sys.modules, task.__name__)
    return import_module(task.__name__)


def test_one_more_task_is_a_file(one_more: ModuleType, tmp_path: Path) -> None:
    assert list(one_more.TASKS) == [*TASKS, "trivia"]
    trivia = one_more.load_task("trivia")
    rows = [{"question": "Who?", "answers": ["he", "she"]}]
    path = write_jsonl(tmp_path / "data.jsonl", rows)
    (example,) = read_examples(trivia, Data(str(path))).rows
    assert (example.prompt, example.references) == ("Q: Who?\nA:", ("he", "she"))
    assert make_settings(trivia).max_new_tokens == 8
    with pytest.raises(ConfigError, match="piqa, samsum, trivia, and a file"):
        one_more.load_task("quiz")


def examples_of(tmp_path: Path, rows: list[dict[str, Any]], text: bytes = MINE, **more: Any) -> Any:
    path = write_jsonl(tmp_path / "data.jsonl", rows)
    return read_examples(parse_task(text, "mine.toml"), Data(str(path)), **more).rows


def test_a_row_becomes_an_example(tmp_path: Path) -> None:
    rows = [{"q": "Who", "answers": ["he", 7, None], "meta": {"key": "a", "lang": "de"}}]
    [example] = examples_of(tmp_path, rows, keep=["meta.lang"])
    assert example.id == "a"
    assert example.prompt == "Who?"
    assert example.references == ("he", "7")
    assert example.kept == {"meta.lang": "de"}
    assert example.where.endswith("data.jsonl:1")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"answers": "a", "meta": {"key": 1}}, r":2: prompt: 'q' is undefined. The fields of the"),
        ({"q": "a", "meta": {"key": 1}}, r":2: reference: 'answers' is undefined"),
        ({"q": "a", "answers": {"b": 1}, "meta": {"key": 1}}, "a text or a list was expected"),
        ({"q": "a", "answers": "b", "meta": {"key": True}}, "the id is True"),
        ({"q": "a", "answers": "b", "meta": {"key": "first"}}, "the id 'first' stands in"),
        ({"q": "a", "answers": "b", "meta": 3}, ":2: id: "),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_line(
    tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    first = {"q": "a", "answers": "b", "meta": {"key": "first"}}
    with pytest.raises(DataError, match=said):
        examples_of(tmp_path, [first, row])


def test_a_template_cannot_leave_its_sandbox(tmp_path: Path) -> None:
    text = MINE.replace(b"{{ q }}", b"{{ q.__class__.__mro__[1].__subclasses__() }}")
    with pytest.raises(DataError, match="unsafe"):
        examples_of(tmp_path, [{"q": "a", "answers": "b", "meta": {"key": 1}}], text)


def test_messages_of_templates_end_in_one_full_stop(tmp_path: Path) -> None:
    row = {"q": "a", "answers": "b", "meta": {"key": 1}}
    for own in (b"{{ q.__class__.__mro__ }}", b"{% if q %}", b"{% nothing %}"):
        with pytest.raises(DataError) as raised:
            examples_of(tmp_path, [row], MINE.replace(b"{{ q }}", own))
        assert ".." not in str(raised.value).partition(": ")[2]
        assert str(raised.value).endswith(".")


CHOICE = b'kind = "choice"\nprompt = "{{ q }}"\nchoices = "ends"\nreference = "label"\n'


@pytest.mark.parametrize(
    ("label", "right"), [(1, 1), ("1", 1), ("b c", 1), ("", None), (None, None)]
)
def test_the_right_choice_is_an_index_or_its_text(
    tmp_path: Path, label: Any, right: int | None
) -> None:
    [example] = examples_of(tmp_path, [{"q": "x", "ends": ["a", "b c"], "label": label}], CHOICE)
    assert example.right == right
    assert example.references == (() if right is None else ("B",))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"ends": ["a"], "label": 0}, "two texts or more were expected"),
        ({"ends": "ab", "label": 0}, "two texts or more were expected"),
        ({"ends": ["a", ""], "label": 0}, "the choice is ''"),
        ({"ends": ["a", "b"], "label": 2}, "0 to 1, its letter, A to B, or its text was"),
        ({"ends": ["a", "b"], "label": "-1"}, "0 to 1, its letter, A to B, or its text was"),
        ({"ends": ["a", "b"], "label": True}, "0 to 1, its letter, A to B, or its text was"),
    ],
)
def test_choices_that_cannot_be_are_refused(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        examples_of(tmp_path, [{"q": "x", **row}], CHOICE)


def test_without_a_task_the_fields_are_named(tmp_path: Path) -> None:
    rows = [
        {"text": "Hi", "gold": "yes", "n": {"m": 5}},
        {"text": "Ho", "gold": None, "n": {"m": 6}},
    ]
    path = write_jsonl(tmp_path / "data.jsonl", rows)
    read = read_examples(plain_task("text", "gold", "n.m"), Data(str(path))).rows
    assert [(each.id, each.prompt, each.references) for each in read] == [
        ("5", "Hi", ("yes",)),
        ("6", "Ho", ()),
    ]
    read = read_examples(plain_task("text", ""), Data(str(path))).rows
    assert [each.id for each in read] == ["1", "2"]
    with pytest.raises(
        DataError, match=r'jsonl:1: no field "prompt"; the fields are text, gold, n'
    ):
        read_examples(plain_task("prompt", "gold"), Data(str(path)))


def test_shots_are_the_first_rows_that_are_not_the_example(tmp_path: Path) -> None:
    rows = [{"q": f"q{n}", "answers": f"a{n}", "meta": {"key": n}} for n in range(4)]
    path = str(write_jsonl(tmp_path / "shots.jsonl", rows))
    read = examples_of(tmp_path, rows, shots=2, shots_data=path)
    assert read[0].shots == (("q1?", "a1"), ("q2?", "a2"))
    assert read[3].shots == (("q0?", "a0"), ("q1?", "a1"))
    with pytest.raises(ConfigError, match="has 4 rows"):
        examples_of(tmp_path, rows, shots=5, shots_data=path)
    with pytest.raises(ConfigError, match="without the example itself 3 rows"):
        examples_of(tmp_path, rows, shots=4, shots_data=path)
    with pytest.raises(ConfigError, match="needs --shots-data"):
        examples_of(tmp_path, rows, shots=1)
    with pytest.raises(ConfigError, match="without --shots"):
        examples_of(tmp_path, rows, shots_data=path)


def test_the_hash_of_prompts_knows_every_part() -> None:
    plain = Example("a", "p", choices=("x", "y"), shots=(("q", "a"),), right=0)
    others = [
        Example("b", "p", choices=("x", "y"), shots=(("q", "a"),)),
        Example("a", "p2", choices=("x", "y"), shots=(("q", "a"),)),
        Example("a", "p", choices=("x", "z"), shots=(("q", "a"),)),
        Example("a", "p", choices=("x", "y"), shots=(("q", "b"),)),
    ]
    assert len({digest_prompts([each]) for each in (plain, *others)}) == 5
    assert digest_prompts([plain]) == digest_prompts(
        [Example(**{name: getattr(plain, name) for name in ("id", "prompt", "choices", "shots")})]
    )


def test_of_equal_choices_the_first_is_taken() -> None:
    example = Example("a", "p", choices=("ab", "cd", "efgh"))
    row = choose(example, [-4.0, -4.0, -8.0])
    assert (row["prediction"], row["prediction_normalized"]) == ("A", "A")
    assert "acc" not in row


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"samples": 3}, "at temperature 0 would be one answer"),
        ({"max_new_tokens": 0}, "--max-new-tokens is 0"),
        ({"temperature": -1.0}, "--temperature is -1"),
        ({"temperature": float("nan")}, "--temperature is nan"),
        ({"top_p": 0.0}, "--top-p is 0"),
        ({"batch_size": 0}, "--batch-size is 0"),
        ({"dtype": "int3"}, "--dtype is int3; auto, float32"),
        ({"too_long": "cut"}, "--too-long is cut"),
        ({"max_length": 1}, "--max-length is 1"),
    ],
)
def test_settings_out_of_range_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make_settings(load_task("gsm8k"), **values)


@pytest.mark.parametrize("values", [{"max_new_tokens": 5}, {"stop": ["a"]}, {"temperature": 1.0}])
def test_a_choice_writes_nothing(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"chooses and writes nothing|is not sampled"):
        make_settings(load_task("piqa"), **values)


def test_a_file_of_nothing_and_shots_without_an_answer_are_refused(tmp_path: Path) -> None:
    row = {"q": "a", "answers": "b", "meta": {"key": 1}}
    with pytest.raises(DataError, match=r"no rows. Was the file written to the end"):
        examples_of(tmp_path, [row], limit=0)
    shown = write_jsonl(tmp_path / "shots.jsonl", [{"q": "c", "answers": [], "meta": {"key": 2}}])
    with pytest.raises(DataError, match="no reference, which --shots would show as the answer"):
        examples_of(tmp_path, [row], shots=1, shots_data=str(shown))


def test_a_data_set_is_read_by_its_name_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    rows = [{"q": "a", "answers": "b", "meta": {"key": 1}}]
    asked: list[Any] = []

    def load(*names: Any, **options: Any) -> Any:
        asked.append((names, options))
        return datasets.Dataset.from_list(rows)

    monkeypatch.setattr(datasets, "load_dataset", load)
    data = Data(dataset="owner/quiz", subset="en", split="test", revision="v1")
    read = read_examples(parse_task(MINE, "mine.toml"), data)
    assert asked == [(("owner/quiz", "en"), {"split": "test", "revision": "v1"})]
    assert [example.where for example in read.rows] == ["owner/quiz:en:test:v1:1"]
    assert (read.source["file"], read.source["dataset"]) == (None, "owner/quiz:en:test:v1")
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: 1 / 0)
    with pytest.raises(DataError, match="owner/quiz:en:test:v1: the data set cannot be loaded"):
        read_examples(parse_task(MINE, "mine.toml"), data)
