"""Choose: the log-likelihood of each continuation of a question.

The question goes through the model once, and its continuations share what the model kept of
it; where a model cannot share, each goes through with the question before it.
"""

from collections.abc import Sequence
from inspect import signature
from typing import Any

from compatkit.runner.plan import Batch

Tokens = Sequence[int]


def score_choices(
    model: Any, batch: Batch, *, padding: int, encoder_decoder: bool, sharing: bool
) -> list[list[float]]:
    """Return for each question the log-likelihood of each of its choices.

    It is the sum over the tokens of log p(token | all before it), in natural logarithms, and
    taken in 32-bit floats whatever the model's own are.

    Args:
        model: of transformers.
        batch: questions with their choices.
        padding: the token that fills shorter rows.
        encoder_decoder: whether question and choice go through two halves of the model.
        sharing: run each question once for all its choices.
    """
    import torch  # noqa: PLC0415

    owners = [row for row, item in enumerate(batch) for _ in item.example.choices]
    prompts = [item.example.prompt for item in batch]
    choices = [choice for item in batch for choice in item.example.choices]
    with torch.inference_mode():
        if encoder_decoder:
            sums = _score_decoder(model, prompts, choices, owners, padding, sharing=sharing)
        else:
            shared = _score_shared(model, prompts, choices, owners, padding) if sharing else None
            sums = shared or _score_whole(model, prompts, choices, owners, padding)
    scores = iter(sums)
    return [[next(scores) for _ in item.example.choices] for item in batch]


def pad(rows: Sequence[Tokens], filler: int, *, left: bool, device: Any) -> tuple[Any, Any]:
    """Make a tensor of rows of tokens, and the mask that tells them from the filler."""
    import torch  # noqa: PLC0415

    width = max(map(len, rows))
    gaps = [width - len(row) for row in rows]
    tokens, masks = [], []
    for row, gap in zip(rows, gaps, strict=True):
        empty = [filler] * gap
        tokens.append([*empty, *row] if left else [*row, *empty])
        masks.append([0] * gap + [1] * len(row) if left else [1] * len(row) + [0] * gap)
    return torch.tensor(tokens, device=device), torch.tensor(masks, device=device)


def _score_shared(
    model: Any,
    prompts: Sequence[Tokens],
    choices: Sequence[Tokens],
    owners: list[int],
    padding: int,
) -> list[float] | None:
    """Score with the cache of the prompts; None where the model's cache cannot be shared."""
    import torch  # noqa: PLC0415

    if not knows_places(model):
        return None
    tokens, mask = pad(prompts, padding, left=True, device=model.device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    out = model(
        input_ids=tokens,
        attention_mask=mask,
        position_ids=positions,
        use_cache=True,
        logits_to_keep=1,
    )
    cache = out.past_key_values
    if not _can_share(cache):
        return None
    rows = torch.tensor(owners, device=model.device)
    firsts = torch.tensor([choice[0] for choice in choices], device=model.device)
    sums = _log_likelihoods(out.logits[rows, -1:], firsts[:, None])[:, 0]
    if max(map(len, choices)) > 1:
        before, _ = pad(
            [choice[:-1] for choice in choices], padding, left=False, device=rows.device
        )
        after, real = pad(
            [choice[1:] for choice in choices], padding, left=False, device=rows.device
        )
        cache.batch_select_indices(rows)
        lengths = mask.sum(-1)[rows]
        logits = model(
            input_ids=before,
            attention_mask=torch.cat([mask[rows], torch.ones_like(before)], dim=-1),
            position_ids=lengths[:, None] + torch.arange(before.shape[1], device=rows.device),
            past_key_values=cache,
            use_cache=True,
        ).logits
        sums = sums + (_log_likelihoods(logits, after) * real).sum(-1)
    scores: list[float] = sums.tolist()
    return scores


def _score_whole(
    model: Any,
    prompts: Sequence[Tokens],
    choices: Sequence[Tokens],
    owners: list[int],
    padding: int,
) -> list[float]:
    """Score with every question before every of its choices, as lm-evaluation-harness does."""
    whole = [[*prompts[owner], *choice] for owner, choice in zip(owners, choices, strict=True)]
    before, _ = pad([row[:-1] for row in whole], padding, left=False, device=model.device)
    logits = model(input_ids=before, use_cache=False).logits
    sums = []
    for row, tokens, choice in zip(logits, whole, choices, strict=True):
        answer = row[len(tokens) - 1 - len(choice) : len(tokens) - 1]
        wanted = before.new_tensor(choice)
        sums.append(float(_log_likelihoods(answer[None], wanted[None]).sum()))
    return sums


def _score_decoder(
    model: Any,
    prompts: Sequence[Tokens],
    choices: Sequence[Tokens],
    owners: list[int],
    padding: int,
    *,
    sharing: bool,
) -> list[float]:
    """Score with the prompts in the encoder and the choices in the decoder."""
    import torch  # noqa: PLC0415
    from transformers.modeling_outputs import BaseModelOutput  # noqa: PLC0415

    rows = torch.tensor(owners, device=model.device)
    read = prompts if sharing else [prompts[owner] for owner in owners]
    tokens, mask = pad(read, padding, left=False, device=model.device)
    encoded = model.get_encoder()(input_ids=tokens, attention_mask=mask).last_hidden_state
    if sharing:
        encoded, mask = encoded[rows], mask[rows]
    wanted, real = pad(choices, padding, left=False, device=model.device)
    logits = model(
        encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
        attention_mask=mask,
        labels=wanted.masked_fill(real == 0, -100),
    ).logits
    scores: list[float] = (_log_likelihoods(logits, wanted) * real).sum(-1).tolist()
    return scores


def _log_likelihoods(logits: Any, tokens: Any) -> Any:
    """Return log p of each token, shape (rows, tokens), of logits (rows, tokens, vocabulary)."""
    logits = logits.float()
    chosen = logits.gather(-1, tokens[..., None])[..., 0]
    return chosen - logits.logsumexp(-1)


def knows_places(model: Any) -> bool:
    """Tell whether a model can be told where in the text its tokens stand."""
    plain = model.get_base_model() if hasattr(model, "get_base_model") else model
    parameters = signature(plain.forward).parameters
    return {"position_ids", "logits_to_keep", "past_key_values"} <= set(parameters)


def _can_share(cache: Any) -> bool:
    """Tell whether a cache is keys and values alone, which rows can be taken out of."""
    from transformers.cache_utils import (  # noqa: PLC0415
        DynamicCache,
        DynamicLayer,
        DynamicSlidingWindowLayer,
    )

    plain = (DynamicLayer, DynamicSlidingWindowLayer)
    return isinstance(cache, DynamicCache) and all(type(layer) in plain for layer in cache.layers)


def keeps_all_keys(cache: Any) -> bool:
    """Tell whether a cache holds the keys and values of every token, none of which slides out."""
    from transformers.cache_utils import DynamicCache, DynamicLayer  # noqa: PLC0415

    return isinstance(cache, DynamicCache) and all(
        type(layer) is DynamicLayer for layer in cache.layers
    )
