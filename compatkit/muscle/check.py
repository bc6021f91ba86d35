"""Check: whether two models can be aligned, and what memory training takes; no weights are loaded.

The two must read and write the same tokens. Where they do not, an alignment of spans of text
would have to come between the teachers' answers and the loss; `check_tokenizers` is the place
that would then choose it instead of refusing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compatkit.checkpoints.checkpoint import Checkpoint
from compatkit.errors import DataError
from compatkit.muscle.config import MuscleConfig

__all__ = ["PROBES", "Memory", "check_pair", "check_tokenizers", "estimate_memory"]

PROBES = (
    "The quick brown fox jumps over the lazy dog.",
    "  Two spaces, a\ttab,\nand a line; 3.14159 + 2 = 5.14159",
    "Žluťoučký kůň, 你好, Привет, مرحبا, 🙂",
    "def f(x):\n    return {'a': [x ** 2, None]}\n",
    "",
)
SHOWN = 3
GIB = 1 << 30


def check_pair(old: Checkpoint, new: Checkpoint) -> tuple[int, list[str]]:
    """Refuse two models that cannot be aligned.

    Returns:
        How many words both heads know, and notes on what differs without harm.

    Raises:
        DataError: other tokenizers, or a head that lacks words of its tokenizer.
    """
    check_tokenizers(old, new)
    notes = []
    words = min(old.words, new.words)
    if words < len(new.tokenizer):
        raise DataError(
            f"{old.name} and {new.name}: the heads have {old.words} and {new.words} words, the "
            f"tokenizer {len(new.tokenizer)}. Resize the head of the smaller."
        )
    if old.words != new.words:
        notes.append(
            f"the heads have {old.words:,} and {new.words:,} words; the first {words:,} are "
            "compared"
        )
    if old.tokenizer.chat_template != new.tokenizer.chat_template:
        notes.append("the chat templates differ; conversations are written by the new model's")
    if old.max_length != new.max_length:
        notes.append(f"the models take {old.max_length} and {new.max_length} tokens")
    return words, notes


def check_tokenizers(old: Checkpoint, new: Checkpoint) -> None:
    """Refuse tokenizers that differ in vocabulary, special tokens or encodings.

    Raises:
        DataError: saying which words, tokens or sentences.
    """
    names = f"{old.name} and {new.name}"
    rule = "Both models must read the same tokens; different tokenizers are not aligned yet."
    old_words, new_words = old.tokenizer.get_vocab(), new.tokenizer.get_vocab()
    if old_words != new_words:
        differ = sorted(
            word
            for word in old_words.keys() | new_words.keys()
            if old_words.get(word) != new_words.get(word)
        )
        raise DataError(
            f"{names}: the vocabularies of {len(old_words):,} and {len(new_words):,} words differ "
            f"in {len(differ):,}, such as {differ[:SHOWN]}. {rule}"
        )
    first, second = _special(old.tokenizer), _special(new.tokenizer)
    if first != second:
        differ = sorted(
            key for key in first.keys() | second.keys() if first.get(key) != second.get(key)
        )
        shown = ", ".join(f"{key} {first.get(key)!r} and {second.get(key)!r}" for key in differ)
        raise DataError(f"{names}: the special tokens differ: {shown}. {rule}")
    for probe in PROBES:
        if old.tokenizer.encode(probe) != new.tokenizer.encode(probe):
            raise DataError(f"{names}: encode {probe[:40]!r} into different tokens. {rule}")


def _special(tokenizer: Any) -> Mapping[str, Any]:
    # How rows are padded is our own business, and padding is left out of the loss.
    tokens = dict(tokenizer.special_tokens_map)
    tokens.pop("pad_token", None)
    return tokens


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


def estimate_memory(old: Checkpoint, new: Checkpoint, config: MuscleConfig) -> Memory:
    """Estimate what training takes on one device; the models are built without weights.

    With a cache of the teachers' answers (`cache`) the old model is left out.
    """
    import torch  # noqa: PLC0415

    sizes, linear = [], 0
    for base in (old, new):
        model = _build_empty(base)
        width = _width(config.dtype, base)
        sizes.append(width * sum(weight.numel() for weight in model.parameters()))
        linear = sum(
            module.in_features + module.out_features
            for name, module in model.named_modules()
            if isinstance(module, torch.nn.Linear) and "lm_head" not in name
        )
    adapter = config.lora_rank * linear
    length = config.max_length or new.max_length or 0
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


def _build_empty(base: Checkpoint) -> Any:
    import torch  # noqa: PLC0415
    from transformers import AutoModelForCausalLM  # noqa: PLC0415

    loader: Any = AutoModelForCausalLM
    with torch.device("meta"):
        return loader.from_config(base.config)


def _width(dtype: str, base: Checkpoint) -> int:
    named = str(getattr(base.config, "dtype", None) or "float32") if dtype == "auto" else dtype
    return 4 if named.endswith("float32") else 2
