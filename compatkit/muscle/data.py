"""Data: training examples of a file as tokens, whichever form they have."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compatkit.checkpoints.tokens import encode, render_chat, split_prompt
from compatkit.errors import DataError
from compatkit.muscle.batches import IGNORED, TokenizedExample
from compatkit.muscle.boundaries import align_text
from compatkit.muscle.config import MuscleConfig
from compatkit.predictions.choices import find_right
from compatkit.readers.address import refuse_address
from compatkit.readers.prediction_file import PredictionFile, open_predictions

__all__ = ["Examples", "read_examples", "split_examples"]

LEAST = 2  # a token to predict, and one to predict it from


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of a file.

    Attributes:
        rows: as tokens.
        digest: SHA-256 of the file.
        cut: how many were cut to the longest length.
        skipped: how many were left out for theirs.
    """

    rows: Sequence[TokenizedExample]
    digest: str
    cut: int = 0
    skipped: int = 0


def read_examples(
    path: str,
    tokenizer: Any,
    config: MuscleConfig,
    max_length: int | None,
    *,
    old_tokenizer: Any = None,
    labelled: bool = True,
) -> Examples:
    """Read training examples: prompt and completion or choices, a text, or a conversation.

    Args:
        path: a file of a kind that `compatkit.readers.source.FILES` names.
        tokenizer: of transformers.
        config: the fields, and what too long an example is.
        max_length: tokens of the longest example that fits; None for no limit.
        old_tokenizer: that of an old model which reads choices or texts by its own.
        labelled: whether the right choice must be known; else it is not read.

    Raises:
        DataError: with file and line: an example that is empty, of no known form, or too long.
    """
    file = open_examples(path)
    encoder = _Encoder(tokenizer, config, old_tokenizer, labelled)
    rows, cut, skipped = [], 0, 0
    for record, where in read_rows(file, path):
        example = encoder.encode(record, where)
        own = example.choices if config.tokens == "choice" else (example,)
        asked = (*own, *example.old)
        size = max(len(sequence.tokens) for sequence in asked)
        if max_length is not None and size > max_length:
            if config.too_long == "refuse":
                ways = "skip" if config.compares_texts else "skip or cut"
                raise DataError(
                    f"{where}: {size} tokens; the longest example that fits has "
                    f"{max_length}. Pass --too-long {ways}, or another --max-length."
                )
            if config.too_long == "skip" or example.answer >= max_length:
                skipped += 1
                continue
            cut += 1
            example = TokenizedExample(example.tokens[:max_length], example.answer, where)
        rows.append(example)
    if not rows:
        raise DataError(f"{path}: all {skipped} examples are longer than {max_length} tokens.")
    return Examples(rows, file.digest, cut, skipped)


def open_examples(path: str) -> PredictionFile:
    """Open a file of examples.

    Raises:
        ConfigError: an address.
        DataError: no such file, or a folder.
    """
    refuse_address(path)
    if Path(path).is_dir():
        raise DataError(f"{path}: is a folder; a file of examples was expected.")
    return open_predictions(path)


def read_rows(file: PredictionFile, path: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield each row of a file, with file and line."""
    for batch in file.batches():
        for row, line in zip(batch.rows, batch.lines, strict=True):
            yield row, f"{path}:{line}"


def find_form(row: Mapping[str, Any], config: MuscleConfig, where: str) -> str:
    """Return which form an example has: `choices`, `messages`, `turns`, `pair` or `text`.

    Raises:
        DataError: none of them, or no choices where the loss is over the choice.
    """
    pair = config.prompt_field in row and config.completion_field in row
    turns = pair and isinstance(row[config.prompt_field], list)
    asked = config.prompt_field in row and config.choices_field in row
    if asked and (config.tokens == "choice" or not pair):
        return "choices"
    if config.tokens == "choice":
        raise DataError(
            f"{where}: no field {config.choices_field!r} beside {config.prompt_field!r}, and "
            f"the loss is over the choice; the fields are {', '.join(map(str, row))}. Pass "
            "--choices-field, or other --tokens."
        )
    if config.messages_field in row:
        return "messages"
    if turns:
        return "turns"
    if pair:
        return "pair"
    if config.text_field in row:
        return "text"
    raise DataError(
        f"{where}: no field {config.prompt_field!r} with {config.completion_field!r} or "
        f"{config.choices_field!r}, no {config.text_field!r} or {config.messages_field!r}; the "
        f"fields are {', '.join(map(str, row))}. Pass --prompt-field and --completion-field."
    )


@dataclass(frozen=True, slots=True)
class _Encoder:
    """Makes tokens of a row, whichever form it has."""

    tokenizer: Any
    config: MuscleConfig
    old_tokenizer: Any = None
    labelled: bool = True

    def encode(self, row: Mapping[str, Any], where: str) -> TokenizedExample:
        form = find_form(row, self.config, where)
        if self.config.tokens == "span" and self.old_tokenizer is not None:
            return self._spans(form, row, where)
        if form == "choices":
            return self._choices(row, where)
        if form == "messages":
            tokens, answer = self._conversation(row[self.config.messages_field], where)
        elif form == "turns":
            tokens, answer = self._conversation(self._turns(row), where)
        elif form == "pair":
            tokens, answer = self._pair(row, where)
        else:
            text = _text(row, self.config.text_field, where)
            tokens, answer = [*encode(self.tokenizer, text), *self._end()], 0
        return self._made(tokens, answer, where)

    def _made(self, tokens: list[int], answer: int, where: str) -> TokenizedExample:
        if len(tokens) < LEAST or answer >= len(tokens):
            raise DataError(
                f"{where}: the example is empty: {len(tokens)} tokens, of which "
                f"{len(tokens) - answer} are the answer's. Leave the row out."
            )
        return TokenizedExample(tuple(tokens), answer, where)

    def _choices(self, row: Mapping[str, Any], where: str) -> TokenizedExample:
        """Encode each choice; the right one, with the token of end, is what else is learnt."""
        config = self.config
        prompt = _text(row, config.prompt_field, where)
        texts = read_choices(row, config.choices_field, where)
        right = find_answer(row, texts, config.answer_field, where) if self.labelled else IGNORED
        pairs = [self._join(self.tokenizer, prompt, text) for text in texts]
        choices = self._distinct(pairs, where)
        old: tuple[TokenizedExample, ...] = ()
        if self.old_tokenizer is not None:
            old_pairs = [self._join(self.old_tokenizer, prompt, text) for text in texts]
            old = self._distinct(old_pairs, where)
        tokens, answer = pairs[max(right, 0)]
        return TokenizedExample(
            (*tokens, *self._end()), answer, where, choices=choices, right=right, old=old
        )

    def _distinct(
        self, pairs: Sequence[tuple[list[int], int]], where: str
    ) -> tuple[TokenizedExample, ...]:
        choices = tuple(self._made(*pair, where) for pair in pairs)
        if len({choice.tokens for choice in choices}) < len(choices):
            raise DataError(
                f"{where}: two of the choices are the same tokens to the model. Leave the row out."
            )
        return choices

    def _pair(self, row: Mapping[str, Any], where: str) -> tuple[list[int], int]:
        prompt = _text(row, self.config.prompt_field, where)
        completion = _text(row, self.config.completion_field, where)
        tokens, answer = self._join(self.tokenizer, prompt, completion)
        return [*tokens, *self._end()], answer

    def _spans(self, form: str, row: Mapping[str, Any], where: str) -> TokenizedExample:
        """Encode a text for both models, and cut it where both have a token end."""
        config, ended = self.config, form not in {"messages", "turns"}
        if not ended:
            messages = row[config.messages_field] if form == "messages" else self._turns(row)
            text, begin = self._render(messages, where)
        elif form == "text":
            text, begin = _text(row, config.text_field, where), 0
        else:
            if form == "choices":
                texts = read_choices(row, config.choices_field, where)
                answer = texts[find_answer(row, texts, config.answer_field, where)]
            else:
                answer = _text(row, config.completion_field, where)
            head, text = self._whole(_text(row, config.prompt_field, where), answer)
            begin = len(head)
        return align_text(
            self.old_tokenizer, self.tokenizer, text, begin=begin, ended=ended, where=where
        )

    def _turns(self, row: Mapping[str, Any]) -> Any:
        prompt, answered = row[self.config.prompt_field], row[self.config.completion_field]
        return [*prompt, *answered] if isinstance(answered, list) else answered

    def _whole(self, prompt: str, answer: str) -> tuple[str, str]:
        """Return a prompt without the spaces at its end, and prompt and answer as one text."""
        head, tail = split_prompt(prompt)
        return head, prompt + ("" if tail else self.config.delimiter) + answer

    def _join(self, tokenizer: Any, prompt: str, answer: str) -> tuple[list[int], int]:
        """Encode prompt and answer as one text; the answer begins at the first token of its own.

        The runner counts the prompt's tokens instead, as lm-evaluation-harness does. Where a token
        spans the boundary, what is learnt must hold it: it is the answer's first.
        """
        head, text = self._whole(prompt, answer)
        whole = encode(tokenizer, text)
        return whole, _shared(encode(tokenizer, head), whole)

    def _conversation(self, messages: Any, where: str) -> tuple[list[int], int]:
        """Encode by the model's template; the answer is what the last message adds."""
        texts = self._written(self.tokenizer, messages, where)
        head, whole = (encode(self.tokenizer, text) for text in texts)
        return whole, _shared(head, whole)

    def _render(self, messages: Any, where: str) -> tuple[str, int]:
        """Return a conversation as both models' templates write it, and where the answer begins."""
        head, whole = self._written(self.tokenizer, messages, where)
        if whole != self._written(self.old_tokenizer, messages, where)[1]:
            raise DataError(
                f"{where}: the two models' chat templates write the conversation as other texts, "
                "which have no spans in common. Give prompt and completion instead."
            )
        return whole, _shared(head, whole)

    def _written(self, tokenizer: Any, messages: Any, where: str) -> tuple[str, str]:
        """Return a conversation before its last message, and whole, by a model's template."""
        if not tokenizer.chat_template:
            raise DataError(
                f"{where}: a conversation, and the tokenizer has no chat template. Give prompt "
                "and completion instead."
            )
        fits = isinstance(messages, list) and all(
            isinstance(message, Mapping) and isinstance(message.get("content"), str)
            for message in messages
        )
        if not fits or len(messages) < LEAST or messages[-1].get("role") != "assistant":
            raise DataError(
                f"{where}: {self.config.messages_field} is {_short(messages)}; a list of "
                "{role, content} was expected, the last of the role assistant."
            )
        head, whole = (
            render_chat(tokenizer, turns, where, opened=opened)
            for turns, opened in ((messages[:-1], True), (messages, False))
        )
        return head, whole

    def _end(self) -> list[int]:
        end = self.tokenizer.eos_token_id
        return [] if end is None else [int(end)]


def read_choices(row: Mapping[str, Any], choices: str, where: str) -> list[str]:
    """Return the choices of a row.

    Raises:
        DataError: fewer than two texts, or two that are alike.
    """
    texts = row[choices]
    if (
        not isinstance(texts, list)
        or len(texts) < LEAST
        or not all(isinstance(text, str) and text.strip() for text in texts)
    ):
        lists = " CSV and TSV know none: write JSON Lines." if isinstance(texts, str) else ""
        raise DataError(
            f"{where}: {choices} is {_short(texts)}; a list of texts was expected.{lists}"
        )
    if len(set(texts)) < len(texts):
        raise DataError(f"{where}: two of the choices are alike. Leave the row out.")
    return list(texts)


def find_answer(row: Mapping[str, Any], texts: Sequence[str], answer: str, where: str) -> int:
    """Return which of the choices of a row is right.

    Raises:
        DataError: an answer that is none of them, or none at all.
    """
    right = row.get(answer)
    try:
        index = find_right(right, texts, where)
    except DataError as error:
        raise DataError(f"{error} Pass --answer-field.") from None
    if index is None:
        raise DataError(
            f"{where}: {answer} is {_short(right)}; which choice is right was expected. Pass "
            "--answer-field."
        )
    return index


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row[name]
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: {name} is {_short(value)}; a text was expected.")
    return value


def _short(value: Any) -> str:
    return repr(value)[:60]


def _shared(head: Sequence[Any], whole: Sequence[Any]) -> int:
    """Return how many tokens, or characters, two texts share from the left."""
    for index, (left, right) in enumerate(zip(head, whole, strict=False)):
        if left != right:
            return index
    return min(len(head), len(whole))


def split_examples(
    rows: Sequence[TokenizedExample], share: float, seed: int
) -> tuple[list[TokenizedExample], list[TokenizedExample]]:
    """Split examples at random into those that train and those that validate, one at least each.

    Raises:
        DataError: a single example.
    """
    if len(rows) < LEAST:
        raise DataError("one example; training and validation need two at least.")
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)  # noqa: S311
    held = min(max(round(share * len(rows)), 1), len(rows) - 1)
    return [rows[i] for i in sorted(order[held:])], [rows[i] for i in sorted(order[:held])]
