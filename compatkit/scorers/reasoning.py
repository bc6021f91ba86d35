"""Reasoning: what a model wrote before its answer, between marks that its template sets.

Source: the templates of the models, and the parsers of vLLM (`vllm.reasoning`): DeepSeek-R1, Qwen3,
GLM, Granite and OLMo (`<think>`), Seed-OSS (`<seed:think>`), Mistral (`[THINK]`), Kimi (think
between triangles), Command A (`<|START_THINKING|>`), gpt-oss (`<|channel|>analysis`); the other
tags are what prompts and training recipes ask for.
"""

import re
from collections.abc import Sequence

TAGS = ("think", "thinking", "thought", "thoughts", "reasoning", "scratchpad", "seed:think")
PAIRS = (
    *((f"<{tag}>", f"</{tag}>") for tag in TAGS),
    ("[think]", "[/think]"),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|start_thinking|>", "<|end_thinking|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
)
OPENS = dict(PAIRS)
MARK = "(?i:" + "|".join(re.escape(mark) for pair in PAIRS for mark in pair) + ")"


def rows_with_marks(texts: Sequence[str | None]) -> list[int]:
    """Return the rows whose texts hold a letter that a mark begins with: most have none.

    >>> rows_with_marks(["B", None, "<think>A</think> B", "1 < 2"])
    [2, 3]
    """
    return [
        row
        for row, text in enumerate(texts)
        if text is not None and ("<" in text or "[" in text or "\u25c1" in text)
    ]


def after_reasoning(text: str) -> tuple[str | None, bool]:
    r"""Return a text without the reasoning in it, and whether all of it ends.

    Reasoning lies between an opening mark and the next closing one of its kind; where a closing
    mark has no opening one, as of a template that opens it in the prompt, it is all that
    stands before. Reasoning that never ends goes on to the end of the text; where nothing stands
    before it there is no answer, which is None. A text without a mark stays the same object.

    >>> after_reasoning("<think>A or B? The answer is A.</think>\n\nB")
    ('B', True)
    >>> after_reasoning("<think>A or B? The answer is A")
    (None, False)
    """
    kept: list[str] = []
    start = 0
    closing = ""
    for match in re.finditer(MARK, text):
        mark = match[0].lower()
        if not closing and mark in OPENS:
            kept.append(text[start : match.start()])
            start, closing = match.end(), OPENS[mark]
        elif not closing:
            kept, start = [], match.end()
        elif mark == closing:
            start, closing = match.end(), ""
    if not kept and not start:
        return text, True
    if closing:
        answer = "".join(kept).strip()
        return answer or None, False
    return "".join((*kept, text[start:])).strip(), True
