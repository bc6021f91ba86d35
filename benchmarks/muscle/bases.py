"""Bases from scratch: small Llamas that learn the texts of a world, and their tokenizer."""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch.nn import functional
from worlds import BEGIN, END, FIRST, frame

BATCH, LEARNING_RATE = 64, 3e-3
MIX = 1.0  # of the topics' shares, by Dirichlet: the smaller, the more uneven


@dataclass(frozen=True)
class Size:
    """How large a base is and how long it learns.

    Attributes:
        width: of the hidden states.
        layers: of the model.
        steps: batches of 64 texts.
        seed: of the weights and of the texts.
        family: of the architecture.
        rate: the highest learning rate.
    """

    width: int
    layers: int
    steps: int
    seed: int
    family: str = "llama"
    rate: float = LEARNING_RATE


def choose_device() -> str:
    """Return where models are trained and asked: the GPU where there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def make_tokenizer(words: int) -> Any:
    """Make a tokenizer of whole words, w0 to the last."""
    names = ["<s>", "</s>", "<pad>", "<unk>", *(f"w{n}" for n in range(words))]
    inner = Tokenizer(models.WordLevel({each: n for n, each in enumerate(names)}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", BEGIN)]
    )
    special = dict(zip(("bos", "eos", "pad", "unk"), names, strict=False))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, **{f"{role}_token": name for role, name in special.items()}
    )


def make_model(size: Size, words: int) -> Any:
    """Make a model of random weights."""
    torch.manual_seed(size.seed)
    shape = {
        "vocab_size": words + FIRST,
        "hidden_size": size.width,
        "intermediate_size": 2 * size.width,
        "num_hidden_layers": size.layers,
        "num_attention_heads": 4,
        "max_position_embeddings": 64,
        "bos_token_id": BEGIN,
        "eos_token_id": END,
        "pad_token_id": 2,
        "tie_word_embeddings": False,
    }
    if size.family == "llama":
        return transformers.LlamaForCausalLM(
            transformers.LlamaConfig(**shape, num_key_value_heads=4)
        )
    return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**shape))


def make_base(folder: Path, world: Any, size: Size) -> Path:
    """Train a base on the texts of a world and save it; one that is there is left."""
    if (folder / "config.json").exists():
        return folder
    device = choose_device()
    model = make_model(size, world.size).to(device)
    random = np.random.default_rng(1000 + size.seed)
    mix = random.dirichlet(np.full(world.topics, MIX))
    optimizer = torch.optim.AdamW(model.parameters(), lr=size.rate, weight_decay=0.01)
    for step in range(size.steps):
        rate = (
            size.rate * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / size.steps))
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        texts = frame(BEGIN, FIRST + world.texts(random, BATCH, mix), END)
        tokens = torch.from_numpy(texts).to(device)
        logits = model(tokens).logits[:, :-1]
        loss = functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    part = folder.with_name(f"{folder.name}.part")  # a base is there whole, or not at all
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    make_tokenizer(world.size).save_pretrained(part)
    part.rename(folder)
    return folder
