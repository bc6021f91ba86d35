"""Training examples: three forms, what counts of them, what is refused."""

from pathlib import Path
from typing import Any

import pytest
from muscle.tiny_bases import make_rows, make_tokenizer, write_rows

from compatkit.errors import DataError
from compatkit.muscle.batches import Collator, TokenizedExample
from compatkit.muscle.config import MuscleConfig
from compatkit.muscle.data import read_examples, split_examples


def read(tmp_path: Path, rows: list[dict[str, Any]], limit: int | None = None, **values: Any):
    tokenizer = values.pop("tokenizer", None) or make_tokenizer()
    path = write_rows(tmp_path / "data.jsonl", rows)
    return read_examples(str(path), tokenizer, MuscleConfig(**values), limit)


def test_prompt_and_completion(tmp_path: Path) -> None:
    (example,) = read(tmp_path, [{"prompt": "w0 w1", "completion": "w2"}]).rows
    assert example.tokens == (0, 6, 7, 8, 1)  # <s> w0 w1 w2 </s>
    assert example.answer == 3
    assert example.where.endswith("data.jsonl:1")


def test_other_fields_and_a_delimiter(tmp_path: Path) -> None:
    rows = [{"q": "w0", "a": "w2"}]
    (example,) = read(tmp_path, rows, prompt_field="q", completion_field="a", delimiter=" w9 ").rows
    assert example.tokens == (0, 6, 15, 8, 1)
    assert example.answer == 2


def test_a_text_is_learnt_whole(tmp_path: Path) -> None:
    (example,) = read(tmp_path, [{"text": "w0 w1"}]).rows
    assert example.tokens == (0, 6, 7, 1)
    assert example.answer == 0


def test_a_conversation_goes_through_the_template(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "w0"}, {"role": "assistant", "content": "w1"}]
    (example,) = read(tmp_path, [{"messages": turns}]).rows
    assert example.tokens == (0, 4, 6, 1, 5, 7, 1)  # user w0 </s> assistant w1 </s>
    assert example.answer == 5


@pytest.mark.parametrize("form", ["<s> $A </s>", "$A </s>", "$A"])
def test_the_end_is_learnt_once_whatever_the_tokenizer_appends(tmp_path: Path, form: str) -> None:
    begin = (0,) if form.startswith("<s>") else ()
    rows: list[dict[str, Any]] = [
        {"prompt": "w0", "completion": "w1"},
        {"text": "w0 w1"},
        {"prompt": "w0", "choices": ["w1", "w2"], "answer": 0},
    ]
    pair, text, choice = read(tmp_path, rows, tokenizer=make_tokenizer(form=form)).rows
    for example in (pair, text, choice):
        assert example.tokens == (*begin, 6, 7, 1)
    assert [part.tokens[-1] for part in choice.choices] == [7, 8], "which tell the choices apart"
    assert pair.answer == len(begin) + 1


def test_a_conversational_prompt_and_completion(tmp_path: Path) -> None:
    """The other form of conversations, as TRL has it."""
    user, answer = ({"role": r, "content": c} for r, c in (("user", "w0"), ("assistant", "w1")))
    rows = [{"messages": [user, answer]}, {"prompt": [user], "completion": [answer]}]
    plain, other = read(tmp_path, rows).rows
    assert (other.tokens, other.answer) == (plain.tokens, plain.answer)
    for completion in ("w1", [], [user]):
        with pytest.raises(DataError, match=r"a list of {role, content} was expected"):
            read(tmp_path, [{"prompt": [user], "completion": completion}])


def test_a_template_that_refuses_is_a_sentence(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "w0"}, {"role": "assistant", "content": "w1"}]
    strict = make_tokenizer(template="{{ raise_exception('roles must alternate') }}")
    with pytest.raises(DataError, match=r"data\.jsonl:1: the chat template refuses"):
        read(tmp_path, [{"messages": turns}], tokenizer=strict)


def test_batches_are_padded_on_the_right_and_padding_does_not_count() -> None:
    rows = [TokenizedExample((0, 6, 7, 8), 2, ""), TokenizedExample((0, 9), 1, "")]
    batch = Collator(2)(rows)
    assert batch["input_ids"].tolist() == [[0, 6, 7, 8], [0, 9, 2, 2]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert batch["labels"].tolist() == [[0, 6, 7, 8], [0, 9, -100, -100]]
    batch = Collator(2, "completion")(rows)
    assert batch["labels"].tolist() == [[-100, -100, 7, 8], [-100, 9, -100, -100]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "w0"}, "no field 'prompt' with 'completion'"),
        ({"prompt": "w0", "completion": ""}, "completion is ''; a text was expected"),
        ({"prompt": "w0", "completion": None}, "completion is None"),
        ({"text": "   "}, "text is '   '"),
        ({"messages": []}, "a list of {role, content} was expected"),
        ({"messages": [{"role": "user", "content": "w0"}] * 2}, "the last of the role assistant"),
    ],
)
def test_what_is_no_example_is_refused_with_its_line(
    tmp_path: Path, row: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=r"data\.jsonl:2: ") as caught:
        read(tmp_path, [{"text": "w0 w1"}, row])
    assert said in str(caught.value)


def test_a_conversation_without_a_template_is_refused(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "w0"}, {"role": "assistant", "content": "w1"}]
    with pytest.raises(DataError, match="no chat template"):
        read(tmp_path, [{"messages": turns}], tokenizer=make_tokenizer(template=None))


def test_an_example_that_is_too_long_is_refused_cut_or_left_out(tmp_path: Path) -> None:
    rows = [{"text": "w0"}, {"text": "w0 w1 w2 w3"}]
    with pytest.raises(
        DataError, match=r"data\.jsonl:2: 6 tokens; the longest example that fits has 4"
    ):
        read(tmp_path, rows, 4)
    found = read(tmp_path, rows, 4, too_long="cut")
    assert found.cut == 1
    assert found.rows[1].tokens == (0, 6, 7, 8)
    found = read(tmp_path, rows, 4, too_long="skip")
    assert (found.skipped, len(found.rows)) == (1, 1)
    with pytest.raises(DataError, match="all 2 examples are longer"):
        read(tmp_path, rows, 2, too_long="skip")


def test_cutting_never_leaves_a_prompt_alone(tmp_path: Path) -> None:
    rows = [{"text": "w0"}, {"prompt": "w0 w1 w2", "completion": "w3"}]
    found = read(tmp_path, rows, 4, too_long="cut")
    assert (found.cut, found.skipped, len(found.rows)) == (0, 1, 1)


def test_the_split_is_the_seed_s_and_loses_nothing(tmp_path: Path) -> None:
    rows = read(tmp_path, make_rows(10)).rows
    train, validation = split_examples(rows, 0.2, 0)
    assert (len(train), len(validation)) == (8, 2)
    assert {each.where for each in (*train, *validation)} == {each.where for each in rows}
    assert split_examples(rows, 0.2, 0) == (train, validation)
    assert split_examples(rows, 0.2, 1) != (train, validation)
    with pytest.raises(DataError, match="two at least"):
        split_examples(rows[:1], 0.2, 0)


def test_a_folder_of_examples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder; a file of examples was expected"):
        read_examples(str(tmp_path), make_tokenizer(), MuscleConfig(), None)
