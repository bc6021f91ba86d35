"""Check: whether two models can be aligned, and what memory training takes; no weights are loaded.

Over tokens both models must read and write the same ones: all words of the vocabulary, and of the
added ones those that the examples use. Over choices and spans only likelihoods of texts are
compared, so that each model may read by a tokenizer of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compatkit.checkpoints.checkpoint import Checkpoint
from compatkit.checkpoints.tokens import encode
from compatkit.errors import DataError
from compatkit.muscle.batches import TokenizedExample
from compatkit.muscle.config import APART, MuscleConfig
from compatkit.muscle.models import build_empty

__all__ = ["PROBES", "Alignment", "Memory", "check_examples", "check_pair", "estimate_memory"]

PROBES = (
    "The quick brown fox jumps over the lazy dog.",
    "  Two spaces, a\ttab,\nand a line; 3.14159 + 2 = 5.14159",
    "Žluťoučký kůň, 你好, Привет, مرحبا, 🙂",
    "def f(x):\n    return {'a': [x ** 2, None]}\n",
    "",
)
SHOWN = 3
GIB = 1 << 30
RULE = (
    "Over tokens both models must read the same ones; with --tokens choice, where answers are "
    "given, or --tokens span each reads by its own tokenizer."
)


@dataclass(frozen=True, slots=True)
class Alignment:
    """How two models are compared.

    Attributes:
        words: how many words both heads know; None where each model reads by its own tokenizer.
        notes: what differs without harm.
    """

    words: int | None
    notes: list[str]

    @property
    def apart(self) -> bool:
        """Whether each model reads by its own tokenizer."""
        return self.words is None


def check_pair(old: Checkpoint, new: Checkpoint, tokens: str = "all") -> Alignment:
    """Refuse two models that cannot be aligned.

    Args:
        old: the old model.
        new: the new one.
        tokens: what the loss is over: `all`, `completion`, `choice` or `span`.

    Raises:
        DataError: other tokenizers, unless the loss is over choices or spans, or a head that lacks
            words of its tokenizer.
    """
    names, notes = f"{old.name} and {new.name}", []
    if old.max_length != new.max_length:
        notes.append(f"the models take {old.max_length} and {new.max_length} tokens")
    differ = _compare_tokenizers(old.tokenizer, new.tokenizer)
    if differ is not None and tokens not in APART:
        raise DataError(f"{names}: {differ}. {RULE}")
    slow = [side.name for side in (old, new) if not side.tokenizer.is_fast]
    if differ is not None and tokens == "span" and slow:
        raise DataError(
            f"{slow[0]}: a slow tokenizer, which does not say where in a text its tokens end. Save "
            "it as a fast one (tokenizer.json)."
        )
    if differ is not None:
        return Alignment(None, [f"{differ}; each model reads by its own tokenizer", *notes])
    words, needed = min(old.words, new.words), _count_words(new.tokenizer)
    if words < needed:
        raise DataError(
            f"{names}: the heads have {old.words} and {new.words} words, the tokenizer {needed}. "
            "Resize the head of the smaller."
        )
    if old.words != new.words:
        notes.append(
            f"the heads have {old.words:,} and {new.words:,} words; the first {words:,} are "
            "compared"
        )
    if old.tokenizer.chat_template != new.tokenizer.chat_template:
        notes.append("the chat templates differ; conversations are written by the new model's")
    return Alignment(words, [*_note_added(old.tokenizer, new.tokenizer), *notes])


def check_examples(
    old: Checkpoint, new: Checkpoint, words: int, examples: Sequence[TokenizedExample]
) -> None:
    """Refuse examples with a token that is another one to the old model, the end token among them.

    Raises:
        DataError: the first of them, with file and line.
    """
    old_words, new_words = (
        {number: word for word, number in side.tokenizer.get_vocab().items()} for side in (old, new)
    )
    same = {
        number
        for number, word in new_words.items()
        if old_words.get(number) == word and number < words
    }
    for example in examples:
        strange = set(example.tokens) - same
        if strange:
            number = min(strange)
            word, other = new_words.get(number), old_words.get(number)
            raise DataError(
                f"{example.where}: the token {word!r} is number {number}, which is {other!r} to "
                f"{old.name}. {RULE}"
            )


def _compare_tokenizers(old: Any, new: Any) -> str | None:
    """Say what differs so that the two read other tokens, None where nothing does."""
    differ = sorted(_differing(old, new) - _added(old, new))
    if differ:
        sizes = [len(tokenizer.get_vocab()) for tokenizer in (old, new)]
        return (
            f"the vocabularies of {sizes[0]:,} and {sizes[1]:,} words differ in {len(differ):,}, "
            f"such as {differ[:SHOWN]}"
        )
    for probe in PROBES:
        if encode(old, probe) != encode(new, probe):
            return f"{probe[:40]!r} is encoded into different tokens"
    return None


def _note_added(old: Any, new: Any) -> list[str]:
    notes = []
    differ = sorted(_differing(old, new))
    if differ:
        notes.append(
            f"{len(differ):,} added tokens differ, such as {differ[:SHOWN]}; examples that use one "
            "are refused"
        )
    if old.eos_token != new.eos_token:
        notes.append(
            f"the end tokens are {old.eos_token!r} and {new.eos_token!r}; examples end with the "
            "new model's, which an old adapter of compatkit muscle finetune was not taught"
        )
    return notes


def _differing(old: Any, new: Any) -> set[str]:
    """Return the words that have another number, or are not there, in the other vocabulary."""
    first, second = old.get_vocab(), new.get_vocab()
    words = first.keys() | second.keys()
    return {word for word in words if first.get(word) != second.get(word)}


def _added(*tokenizers: Any) -> set[str]:
    return {word for tokenizer in tokenizers for word in tokenizer.get_added_vocab()}


def _count_words(tokenizer: Any) -> int:
    """Return how many words a head needs, those aside that were added to the vocabulary."""
    added = _added(tokenizer)
    numbers = [number for word, number in tokenizer.get_vocab().items() if word not in added]
    return max(numbers, default=-1) + 1


@dataclass(frozen=True, slots=True)
class Memory:
    """What training takes on one device, in bytes, activations left out.

    Attributes:
        old_base: the weights of the old model.
        new_base: those of the new one, shared by the task and the compatibility adapter.
        adapters: both adapters, the gradients and the states of the optimizer.
        logits: of the student and both teachers for one batch, and the softened copies.
    """

    old_base: int
    new_base: int
    adapters: int
    logits: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.old_base + self.new_base + self.adapters + self.logits

    def rows(self) -> list[tuple[str, str]]:
        """Return a label and gibibytes for each part."""
        parts = (
            ("old model, frozen", self.old_base),
            ("new model, frozen, shared by both adapters", self.new_base),
            ("adapters, gradients, optimizer", self.adapters),
            ("logits of one batch", self.logits),
            ("together, activations left out", self.total),
        )
        return [(label, f"{size / GIB:.2f} GiB") for label, size in parts]


def estimate_memory(old: Checkpoint, new: Checkpoint, config: MuscleConfig, length: int) -> Memory:
    """Estimate what training takes on one device; the models are built without weights.

    With a cache of the teachers' answers (`cache`) the old model is left out.

    Args:
        old: the old model.
        new: the new one.
        config: batches, types and rank.
        length: tokens of the longest sequence.
    """
    import torch  # noqa: PLC0415

    sizes, linear = [], 0
    for base in (old, new):
        model = build_empty(base)
        width = _width(config.dtype, base)
        sizes.append(width * sum(weight.numel() for weight in model.parameters()))
        linear = sum(
            module.in_features + module.out_features
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and "lm_head" not in name
        )
    adapter = config.lora_rank * linear
    tokens = config.batch_size * length
    # Per word: three heads' answers in the weights' type; in fp32 three copies, three softened
    # ones and two gradients.
    logits = tokens * min(old.words, new.words) * (3 * _width(config.dtype, new) + 8 * 4)
    return Memory(
        old_base=0 if config.cache else sizes[0],
        new_base=sizes[1],
        adapters=4 * (2 * adapter + adapter + 2 * adapter),  # both, gradients, two moments
        logits=logits,
    )


def _width(dtype: str, base: Checkpoint) -> int:
    named = str(getattr(base.config, "dtype", None) or "float32") if dtype == "auto" else dtype
    return 4 if named.endswith("float32") else 2
