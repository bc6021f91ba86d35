"""Batches: examples as tokens, and which of these a batch counts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["IGNORED", "Collator", "TokenizedExample"]

IGNORED = -100  # the label of a token that is not counted, as transformers has it


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
        spans: one past the last token of each span, of which the first begins at `answer`; empty
            where each token is one.
        old: the sequences as the old model reads them, where its tokenizer is another.
    """

    tokens: tuple[int, ...]
    answer: int
    where: str
    choices: tuple["TokenizedExample", ...] = ()
    right: int = 0
    spans: tuple[int, ...] = ()
    old: tuple["TokenizedExample", ...] = ()

    @property
    def key(self) -> str:
        """Hash of the tokens, by which a cache knows the example."""
        return hashlib.sha256(repr(self.tokens).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Collator:
    """Makes a batch of examples: tokens padded on the right, labels that say what counts.

    Attributes:
        pad: the token that fills the shorter rows; it is masked, so any one does.
        tokens: `all`, `completion`, `choice` or `span`.
    """

    pad: int
    tokens: str = "all"

    def sequences(self, example: TokenizedExample) -> Sequence[TokenizedExample]:
        """Return the sequences that models are asked for an example."""
        return example.choices if self.tokens == "choice" else (example,)

    def old_sequences(self, example: TokenizedExample) -> Sequence[TokenizedExample]:
        """Return those that the old model is asked."""
        return example.old or self.sequences(example)

    def __call__(self, examples: Sequence[TokenizedExample]) -> dict[str, Any]:
        """Return input_ids, attention_mask and labels, each (batch, length), and the keys.

        Where the loss is over choices there is a row for each of them, and `choice_example` and
        `choice_place`, each (rows,), and `choice_right`, (examples,), say which is which. Where it
        is over spans, `span` says the span of each counted token, and `span_sequence` the row of
        each span. Where the old model reads by a tokenizer of its own, `old` holds its rows in the
        same order, and spans of the same numbers.
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
        if self.tokens == "span":
            sizes = [len(_span_sizes(example)) for example in examples]
            batch["span_sequence"] = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
        if any(example.old for example in examples):
            batch["old"] = self._pad([row for example in examples for row in example.old])
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
        batch = {"input_ids": ids, "attention_mask": attention, "labels": labels, "keys": keys}
        if self.tokens == "span":
            sizes = torch.tensor([size for row in rows for size in _span_sizes(row)])
            batch["span"] = torch.arange(len(sizes)).repeat_interleave(sizes)
        return batch


def _span_sizes(row: TokenizedExample) -> list[int]:
    """Return how many tokens each span has; the first token of a text is predicted by nothing."""
    first = max(row.answer, 1)
    ends = row.spans or range(first + 1, len(row.tokens) + 1)
    return [end - begin for begin, end in zip((first, *ends), ends, strict=False)]
