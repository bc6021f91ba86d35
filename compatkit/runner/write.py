"""Write: answers that a model generates, token by token."""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compatkit.runner.choose import pad
from compatkit.runner.plan import Batch
from compatkit.runner.prefix import Prefix
from compatkit.runner.settings import Settings


@dataclass(frozen=True, slots=True)
class Written:
    """A generated answer.

    Attributes:
        text: without prompt, thinking, special tokens and what stopped it; None where the thinking
            did not end.
        finished: False where the answer met the largest number of tokens.
        thinking: what stands before the answer; None where no end of thinking is asked for.
    """

    text: str | None
    finished: bool
    thinking: str | None = None


def write_answers(
    model: Any,
    tokenizer: Any,
    batch: Batch,
    settings: Settings,
    *,
    padding: int,
    keep_prompt: bool,
    prefix: Prefix,
) -> list[Written]:
    """Generate an answer to each prompt with transformers' own `generate`.

    Args:
        model: of transformers.
        tokenizer: of transformers.
        batch: the prompts.
        settings: lengths, stops and sampling.
        padding: the token that fills shorter rows.
        keep_prompt: whether the model returns the prompt before the answer, as decoders do.
        prefix: what all prompts begin with.
    """
    import torch  # noqa: PLC0415

    tokens, mask, shared = _lay_out(model, batch, padding, prefix)
    start = tokens.shape[1] if keep_prompt else 1
    stops = find_stops(tokenizer, settings.stop)
    options: dict[str, Any] = {"do_sample": False}
    if settings.temperature > 0:
        torch.manual_seed(seed_batch(settings.seed, batch))
        options = {
            "do_sample": True,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "top_k": 0,
        }
    if settings.no_repeat_ngram_size:
        options["no_repeat_ngram_size"] = settings.no_repeat_ngram_size
    if stops:
        options["stopping_criteria"] = _stopping(tokenizer, stops, start, settings.think_end)
    with torch.inference_mode():
        out = model.generate(
            input_ids=tokens,
            attention_mask=mask,
            max_new_tokens=settings.max_new_tokens,
            **shared,
            **options,
        )
    ends = _end_tokens(model)
    rows: list[list[int]] = out[:, start:].tolist()
    return [_read(tokenizer, row, stops, ends, settings) for row in rows]


def _lay_out(
    model: Any, batch: Batch, padding: int, prefix: Prefix
) -> tuple[Any, Any, dict[str, Any]]:
    """Return the tokens of a batch, their mask, and what the model kept of the prefix already.

    The filler stands before what a prompt has of its own.
    """
    import torch  # noqa: PLC0415

    cache = prefix.cache_for(model, len(batch))
    own = [item.example.prompt[len(prefix.tokens) :] for item in batch]
    tokens, mask = pad(own, padding, left=True, device=model.device)
    if cache is None:
        return tokens, mask, {}
    head = tokens.new_tensor(prefix.tokens).expand(len(batch), -1)
    whole = torch.cat([head, tokens], dim=1), torch.cat([torch.ones_like(head), mask], dim=1)
    return *whole, {"past_key_values": cache}


def find_stops(tokenizer: Any, stops: Sequence[str]) -> tuple[str, ...]:
    """Return the texts at which an answer ends: those asked for, and the end token's own."""
    end = tokenizer.eos_token
    return tuple(dict.fromkeys((*stops, *([end] if end else []))))


def cut_at_stops(text: str, stops: Sequence[str]) -> str:
    r"""Return what stands before the first stop.

    >>> cut_at_stops("18 eggs\n\nQuestion: how", ["Question:", "\n\n"])
    '18 eggs'
    """
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=None)]


def seed_batch(seed: int, batch: Batch) -> int:
    """Return the seed of a batch: the same wherever and whenever the batch is run."""
    members = [(item.example.number, item.sample) for item in batch]
    return int.from_bytes(hashlib.sha256(repr((seed, members)).encode()).digest()[:8]) >> 1


def _read(
    tokenizer: Any, row: list[int], stops: Sequence[str], ends: frozenset[int], settings: Settings
) -> Written:
    end = next((place for place, token in enumerate(row) if token in ends), len(row))
    ended, start, thinking, rest = end < settings.max_new_tokens, 0, None, ""
    if settings.think_end is not None:
        closed = find_thinking_end(tokenizer, row[:end], settings.think_end)
        start = end if closed is None else closed
        thinking = tokenizer.decode(row[:start], skip_special_tokens=False)
        # A token may hold the end of the thinking and the beginning of the answer.
        thinking, _, rest = thinking.partition(settings.think_end)
        if closed is None:
            return Written(None, ended, thinking)
    text = rest + tokenizer.decode(row[start:end], skip_special_tokens=True)
    cut = cut_at_stops(text, stops)
    return Written(cut, len(cut) < len(text) or ended, thinking)


def find_thinking_end(tokenizer: Any, row: Sequence[int], think_end: str) -> int | None:
    """Return how many tokens there are up to the end of the thinking; None where it has none.

    The text may be a token of its own, which answers are decoded without.
    """

    def closed(count: int) -> bool:
        return think_end in tokenizer.decode(row[:count], skip_special_tokens=False)

    if not closed(len(row)):
        return None
    return bisect_left(range(len(row) + 1), True, key=closed)


def _end_tokens(model: Any) -> frozenset[int]:
    ends = model.generation_config.eos_token_id
    return frozenset(() if ends is None else [ends] if isinstance(ends, int) else ends)


def _stopping(tokenizer: Any, stops: Sequence[str], start: int, think_end: str | None) -> Any:
    """Return what ends a row of the batch once one of the stops stands in its answer.

    Only the answer is read, never the prompt nor the thinking, and of it the last tokens: a stop
    has no more tokens than bytes.
    """
    import torch  # noqa: PLC0415
    from transformers import StoppingCriteriaList  # noqa: PLC0415

    reach = max(len(stop.encode()) for stop in stops) + 2
    done: list[bool] = []
    starts: list[Any] = []  # of the answers; None while a row thinks

    def stop_at_texts(input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG001
        done.extend([False] * (len(input_ids) - len(done)))
        starts.extend([start if think_end is None else None] * (len(input_ids) - len(starts)))
        open_rows = [row for row, ended in enumerate(done) if not ended]
        for row in open_rows:
            if think_end is not None and starts[row] is None:
                least = max(start, input_ids.shape[1] - len(think_end.encode()) - 2)
                tail = input_ids[row, least:].tolist()
                if think_end in tokenizer.decode(tail, skip_special_tokens=False):
                    starts[row] = input_ids.shape[1]
        answering = [(row, since) for row in open_rows if (since := starts[row]) is not None]
        tails = [
            input_ids[row, max(since, input_ids.shape[1] - reach) :].tolist()
            for row, since in answering
        ]
        texts = tokenizer.batch_decode(tails, skip_special_tokens=True)
        for place, (row, _) in enumerate(answering):
            done[row] = any(stop in texts[place] for stop in stops)
        return torch.tensor(done, device=input_ids.device)

    return StoppingCriteriaList([stop_at_texts])
