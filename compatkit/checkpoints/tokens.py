"""Tokens: how texts and conversations become tokens, and where a prompt ends."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from compatkit.errors import DataError

PROBE = "a"


def split_prompt(prompt: str) -> tuple[str, str]:
    """Return a prompt without the spaces at its end, and those: they belong to the next word.

    >>> split_prompt("Answer: ")
    ('Answer:', ' ')
    """
    head = prompt.rstrip() or prompt
    return head, prompt[len(head) :]


def encode(
    tokenizer: Any, text: str, *, special: bool | None = None, ended: bool = False
) -> list[int]:
    """Return the tokens of a text.

    Tokens that a tokenizer appends by itself are left out: an answer that follows them, or an end
    that is learnt twice, is none that a model was trained for.

    Args:
        tokenizer: of transformers.
        text: which may begin with the token of beginning, written by a chat template.
        special: whether special tokens are added; None for as the tokenizer does, but the token
            of beginning never twice.
        ended: keep the tokens at the end, as the encoder of an encoder-decoder expects them.
    """
    options = _add_special(tokenizer, text, special)
    tokens = list(tokenizer.encode(text, **options))
    appended = (
        0 if ended or options.get("add_special_tokens") is False else count_appended(tokenizer)
    )
    return tokens[: len(tokens) - appended]


def place_tokens(tokenizer: Any, text: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Return the tokens of a text, as `encode` does, and the characters that each stands for.

    Args:
        tokenizer: of transformers, a fast one: others do not say where their tokens stand.
        text: likewise.

    Returns:
        The tokens, and begin and end of each in the text; both 0 for one that stands for nothing.
    """
    tokens = encode(tokenizer, text)
    whole = tokenizer(text, return_offsets_mapping=True, **_add_special(tokenizer, text, None))
    places = [(int(begin), int(end)) for begin, end in whole["offset_mapping"]]
    return tokens, places[: len(tokens)]


def _add_special(tokenizer: Any, text: str, special: bool | None) -> dict[str, bool]:
    begin = tokenizer.bos_token
    if special is None and begin and text.startswith(begin):
        special = False
    return {} if special is None else {"add_special_tokens": special}


def count_appended(tokenizer: Any) -> int:
    """Return how many tokens a tokenizer puts behind every text."""
    whole = list(tokenizer.encode(PROBE))
    plain = list(tokenizer.encode(PROBE, add_special_tokens=False))
    added = len(whole) - len(plain)
    return next((added - at for at in range(added + 1) if whole[at : at + len(plain)] == plain), 0)


def render_chat(
    tokenizer: Any,
    turns: Sequence[Mapping[str, Any]],
    where: str,
    *,
    opened: bool,
    arguments: Mapping[str, Any] | None = None,
) -> str:
    """Return a conversation as the tokenizer's template writes it.

    Args:
        tokenizer: of transformers, with a template.
        turns: each with role and content.
        where: what messages call the example.
        opened: end with the beginning of the assistant's turn.
        arguments: further variables of the template.

    Raises:
        DataError: a template that refuses the conversation.
    """
    try:
        text: str = tokenizer.apply_chat_template(
            list(turns), tokenize=False, add_generation_prompt=opened, **(arguments or {})
        )
    except Exception as error:  # what a template does with a conversation is anybody's guess
        roles = ", ".join(str(turn.get("role")) for turn in turns)
        raise DataError(
            f"{where}: the chat template refuses the conversation ({roles}): "
            f"{' '.join(str(error).split())[:200]}. Change the turns, or use another tokenizer."
        ) from error
    return text


def digest_tokenizer(tokenizer: Any) -> str:
    """Return what a tokenizer is known by: words, rules, special tokens and chat template."""
    rules = getattr(tokenizer, "backend_tokenizer", None)
    words = sorted(tokenizer.get_vocab().items()) if rules is None else rules.to_str()
    parts = [words, tokenizer.special_tokens_map, tokenizer.chat_template]
    return "sha256:" + hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()
