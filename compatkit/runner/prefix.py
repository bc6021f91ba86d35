"""Prefix: what all prompts of a run begin with, which goes through the model once.

With shots it is most of a prompt. An answer is generated from a copy of what the model kept of
it; where a model keeps more than keys and values, each prompt goes through whole.
"""

import copy
from collections.abc import Sequence
from typing import Any

from compatkit.runner.choose import keeps_all_keys, knows_places
from compatkit.runner.encoding import Encoded

LEAST = 16  # tokens below which to copy costs as much as to compute
# Those that read the mask as it is, with filler behind the prefix.
ATTENTION = frozenset({"eager", "sdpa"})


class Prefix:
    """The tokens that all prompts of a run begin with, and what the model keeps of them.

    Attributes:
        tokens: at least one less than the shortest prompt has; empty where nothing is shared.
    """

    def __init__(self, tokens: Sequence[int] = ()) -> None:
        """Take the tokens; the model is asked once a batch needs it."""
        self.tokens = tuple(tokens)
        self._kept: Any = None

    def cache_for(self, model: Any, rows: int) -> Any | None:
        """Return the keys and values of the prefix for each row of a batch; None for nothing."""
        if not self.tokens:
            return None
        if self._kept is None:
            self._kept = _read(model, self.tokens)
            if self._kept is None:
                self.tokens = ()
                return None
        cache = copy.deepcopy(self._kept)
        cache.batch_repeat_interleave(rows)
        return cache


def find_prefix(examples: Sequence[Encoded]) -> tuple[int, ...]:
    """Return the tokens that all prompts begin with, where they are worth to be shared.

    They depend on the examples alone, so that a run which was cut goes on with the same numbers.
    """
    if len(examples) < 2:  # noqa: PLR2004
        return ()
    first, last = (end(example.prompt for example in examples) for end in (min, max))
    least = min(len(example.prompt) for example in examples) - 1
    pairs = enumerate(zip(first[:least], last, strict=False))
    shared = next((place for place, (one, other) in pairs if one != other), least)
    return first[:shared] if shared >= LEAST else ()


def _read(model: Any, tokens: Sequence[int]) -> Any | None:
    """Return what a model keeps of a text, None where that cannot stand before another."""
    import torch  # noqa: PLC0415

    adapter = getattr(model, "active_peft_config", None)
    unlike = adapter is not None and adapter.is_prompt_learning
    if unlike or not knows_places(model) or model.config._attn_implementation not in ATTENTION:  # noqa: SLF001
        return None
    ids = torch.tensor([tokens], device=model.device)
    with torch.inference_mode():
        cache = model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
    return cache if keeps_all_keys(cache) else None
