"""Data: training examples as tokens, which of them count, and batches of them."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compatkit.checkpoints.tokens import encode, render_chat, split_prompt
from compatkit.errors import DataError
from compatkit.muscle.config import MuscleConfig
from compatkit.predictions.choices import find_right
from compatkit.readers.prediction_file import PredictionFile, open_predictions

__all__ = ["Collator", "Examples", "TokenizedExample", "read_examples", "split_examples"]

IGNORED = -100
LEAST = 2  # a token to predict, and one to predict it from


@dataclass(frozen=True, slots=True)
class TokenizedExample:
    """One training example.

    Attributes:
        tokens: of the whole example.
        answer: index of the first token of the answer; 0 where the whole is learnt.
        where: file and line.
        choices: each with the prompt, where there are some to choose from; the right one's tokens
            are the example's own.
        right: which of them is right; `IGNORED` where that is not known.
        old_choices: the choices as the old model reads them, where its tokenizer is another.
    """

    tokens: tuple[int, ...]
    answer: int
    where: str
    choices: tuple["TokenizedExample", ...] = ()
    right: int = 0
    old_choices: tuple["TokenizedExample", ...] = ()

    @property
    def key(self) -> str:
        """Hash of the tokens, by which a cache knows the example."""
        return hashlib.sha256(repr(self.tokens).encode()).hexdigest()[:32]


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
        old_tokenizer: that of an old model which reads choices by its own.
        labelled: whether the right choice must be known; else it is not read.

    Raises:
        DataError: with file and line: an example that is empty, of no known form, or too long.
    """
    file = open_examples(path)
    encoder = _Encoder(tokenizer, config, old_tokenizer, labelled)
    rows, cut, skipped = [], 0, 0
    for record, where in read_rows(file, path):
        example = encoder.encode(record, where)
        choices = (*example.choices, *example.old_choices)
        asked = choices if config.tokens == "choice" else (example,)
        size = max(len(sequence.tokens) for sequence in asked)
        if max_length is not None and size > max_length:
            if config.too_long == "refuse":
                ways = "skip" if config.tokens == "choice" else "skip or cut"
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
        DataError: no such file, or a folder.
    """
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
        if form == "choices":
            return self._choices(row, where)
        if form == "messages":
            tokens, answer = self._conversation(row[self.config.messages_field], where)
        elif form == "turns":
            prompt, answered = row[self.config.prompt_field], row[self.config.completion_field]
            turns = [*prompt, *answered] if isinstance(answered, list) else answered
            tokens, answer = self._conversation(turns, where)
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
        return TokenizedExample((*tokens, *self._end()), answer, where, choices, right, old)

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

    def _join(self, tokenizer: Any, prompt: str, answer: str) -> tuple[list[int], int]:
        """Encode prompt and answer as one text; the answer begins at the first token of its own.

        The runner counts the prompt's tokens instead, as lm-evaluation-harness does. Where a token
        spans the boundary, what is learnt must hold it: it is the answer's first.
        """
        head, tail = split_prompt(prompt)
        delimiter = "" if tail else self.config.delimiter
        whole = encode(tokenizer, prompt + delimiter + answer)
        return whole, _shared(encode(tokenizer, head), whole)

    def _conversation(self, messages: Any, where: str) -> tuple[list[int], int]:
        """Encode by the model's template; the answer is what the last message adds."""
        if not self.tokenizer.chat_template:
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
            encode(self.tokenizer, render_chat(self.tokenizer, turns, where, opened=opened))
            for turns, opened in ((messages[:-1], True), (messages, False))
        )
        return whole, _shared(head, whole)

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


def _shared(head: Sequence[int], whole: Sequence[int]) -> int:
    """Return how many tokens two encodings share from the left."""
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


@dataclass(frozen=True, slots=True)
class Collator:
    """Makes a batch of examples: tokens padded on the right, labels that say what counts.

    Attributes:
        pad: the token that fills the shorter rows; it is masked, so any one does.
        tokens: `all`, `completion`, or `choice`.
    """

    pad: int
    tokens: str = "all"

    def sequences(self, example: TokenizedExample) -> Sequence[TokenizedExample]:
        """Return the sequences that models are asked for an example."""
        return example.choices if self.tokens == "choice" else (example,)

    def old_sequences(self, example: TokenizedExample) -> Sequence[TokenizedExample]:
        """Return those that the old model is asked."""
        return example.old_choices or self.sequences(example)

    def __call__(self, examples: Sequence[TokenizedExample]) -> dict[str, Any]:
        """Return input_ids, attention_mask and labels, each (batch, length), and the keys.

        Where the loss is over choices there is a row for each of them, and `choice_example` and
        `choice_place`, each (rows,), and `choice_right`, (examples,), say which is which. Where
        the old model reads by a tokenizer of its own, `old` holds its rows in the same order.
        """
        import torch  # noqa: PLC0415

        batch = self._pad([row for example in examples for row in self.sequences(example)])
        if self.tokens == "choice":
            sizes = [len(example.choices) for example in examples]
            batch |= {
                "choice_example": torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes)),
                "choice_place": torch.cat([torch.arange(size) for size in sizes]),
                "choice_right": torch.tensor([example.right for example in examples]),
            }
        if any(example.old_choices for example in examples):
            batch["old"] = self._pad([row for example in examples for row in example.old_choices])
        return batch

    def _pad(self, rows: Sequence[TokenizedExample]) -> dict[str, Any]:
        import torch  # noqa: PLC0415

        shape = (len(rows), max(len(row.tokens) for row in rows))
        ids = torch.full(shape, self.pad)
        labels = torch.full(shape, IGNORED)
        attention = torch.zeros(shape, dtype=torch.long)
        for number, row in enumerate(rows):
            size = len(row.tokens)
            ids[number, :size] = torch.tensor(row.tokens)
            attention[number, :size] = 1
            start = 0 if self.tokens == "all" else row.answer
            labels[number, start:size] = ids[number, start:size]
        keys = [row.key for row in rows]
        return {"input_ids": ids, "attention_mask": attention, "labels": labels, "keys": keys}
