import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.scorers.reasoning import after_reasoning


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>The answer is A.</think>\n\nThe answer is B.", "The answer is B."),
        ("<Thinking>A</THINKING>B", "B"),
        ("<thought>A</thought>B", "B"),
        ("<reasoning>A</reasoning><answer>B</answer>", "<answer>B</answer>"),
        ("<scratchpad>A</scratchpad>B", "B"),
        ("<seed:think>A</seed:think>B", "B"),
        ("[THINK]A[/THINK]B", "B"),
        ("\u25c1think\u25b7A\u25c1/think\u25b7B", "B"),
        ("<|begin_of_thought|>A<|end_of_thought|>B", "B"),
        ("<|START_THINKING|>A<|END_THINKING|>B", "B"),
        ("<|channel|>analysis<|message|>A<|end|><|channel|>final<|message|>B", "B"),
        # A template that opens the reasoning in the prompt.
        ("The answer is A.</think>B", "B"),
        ("<think>A</think>B<think>C</think>", "B"),
        ("<think>A <reasoning>C</reasoning> D</think>B", "B"),
        ("<think>A<think>C</think>D</think>B", "B"),
        ("<think></think>", ""),
    ],
)
def test_what_stands_between_the_marks_is_left_out(text: str, answer: str) -> None:
    assert after_reasoning(text) == (answer, True)


@pytest.mark.parametrize(
    ("text", "answer"),
    [("<think>The answer is A", None), ("\n<think>A", None), ("B <think>A", "B")],
)
def test_reasoning_that_never_ends_holds_no_answer(text: str, answer: str | None) -> None:
    assert after_reasoning(text) == (answer, False)


@given(st.text(alphabet="<>/[]think |AB"))
def test_a_text_without_a_mark_stays_as_it_is(text: str) -> None:
    marks = ("<think>", "</think>", "[think]", "[/think]")
    if not any(mark in text for mark in marks):
        assert after_reasoning(text) == (text, True)
