"""Tokens: how a prompt and what follows it become one text, and where the boundary lies."""

from typing import Any


def split_prompt(prompt: str) -> tuple[str, str]:
    """Return a prompt without the spaces at its end, and those: they belong to the next word.

    >>> split_prompt("Answer: ")
    ('Answer:', ' ')
    """
    head = prompt.rstrip() or prompt
    return head, prompt[len(head) :]


def encode(tokenizer: Any, text: str, *, special: bool | None = None) -> list[int]:
    """Return the tokens of a text.

    Args:
        tokenizer: of transformers.
        text: which may begin with the token of beginning, written by a chat template.
        special: whether special tokens are added; None for as the tokenizer does, but the token
            of beginning never twice.
    """
    begin = tokenizer.bos_token
    if special is None and begin and text.startswith(begin):
        special = False
    options = {} if special is None else {"add_special_tokens": special}
    return list(tokenizer.encode(text, **options))
