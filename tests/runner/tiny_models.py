"""Tiny checkpoints that the tests make: random weights, a tokenizer trained on the spot."""

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# On a machine with a GPU: COMPATKIT_TEST_DEVICE=cuda.
DEVICE = os.environ.get("COMPATKIT_TEST_DEVICE", "cpu")
WORDS = [
    "the",
    "a",
    "cat",
    "dog",
    "man",
    "woman",
    "runs",
    "walks",
    "eats",
    "sees",
    "house",
    "tree",
    "water",
    "bread",
    "Question",
    "Answer",
    "Dialogue",
    "Summary",
    "how",
    "many",
    "apples",
    "does",
    "she",
    "have",
    "left",
    "after",
    "lunch",
    "is",
    "are",
    "was",
    "in",
    "on",
    "under",
    "over",
    "with",
    "and",
    "then",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
    "10",
    "12",
    "15",
    "20",
    "she",
    "buys",
    "he",
    "sells",
    "they",
    "share",
    "each",
    "gives",
    "boxes",
    "of",
    "pens",
]
WIDTH, HEADS, LAYERS, LENGTH = 32, 2, 2, 256


def make_sentences(count: int, seed: int = 0) -> list[str]:
    """Return sentences of these words, of 4 to 40 words."""
    import random

    draw = random.Random(seed)
    return [" ".join(draw.choices(WORDS, k=draw.randint(4, 40))) for _ in range(count)]


def train_tokenizer(folder: Path, *, begins: bool, ends: bool = False, pads: bool = True) -> Any:
    """Train a byte-level BPE tokenizer and save it.

    Args:
        folder: where to.
        begins: texts are encoded with a token of beginning, as Llama's are.
        ends: texts are encoded with a token of end, as T5's are.
        pads: there is a token of padding, which GPT-2's lacks.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<s>", "</s>", *(["<pad>"] if pads else [])]
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    inner.train_from_iterator(make_sentences(200), trainer)
    form = f"{'<s> ' if begins else ''}$A{' </s>' if ends else ''}"
    numbers = [(token, inner.token_to_id(token)) for token in ("<s>", "</s>")]
    inner.post_processor = processors.TemplateProcessing(single=form, special_tokens=numbers)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<s>" if begins else None,
        eos_token="</s>",  # noqa: S106
        pad_token="<pad>" if pads else None,
        model_max_length=LENGTH,
    )
    tokenizer.chat_template = (
        "{% for turn in messages %}<|{{ turn.role }}|>{{ turn.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def make_llama(folder: Path, seed: int = 0) -> Path:
    """Save a Llama of two layers."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = train_tokenizer(folder, begins=True)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=LENGTH,
        initializer_range=0.3,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return _save(LlamaForCausalLM, config, folder, seed)


def make_gpt2(folder: Path, seed: int = 0) -> Path:
    """Save a GPT-2 of two layers, whose tokenizer has no token of padding."""
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = train_tokenizer(folder, begins=False, pads=False)
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        n_positions=LENGTH,
        initializer_range=0.3,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return _save(GPT2LMHeadModel, config, folder, seed)


def make_t5(folder: Path, seed: int = 0) -> Path:
    """Save a T5 of two layers a side."""
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = train_tokenizer(folder, begins=False, ends=True)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=WIDTH,
        d_kv=WIDTH // HEADS,
        d_ff=2 * WIDTH,
        num_layers=LAYERS,
        num_heads=HEADS,
        initializer_factor=1.5,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    return _save(T5ForConditionalGeneration, config, folder, seed)


MAKERS = {"llama": make_llama, "gpt2": make_gpt2, "t5": make_t5}


def make_adapter(model: Path, folder: Path, seed: int = 7) -> Path:
    """Save a LoRA adapter for a checkpoint, with weights that change its answers."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    config = LoraConfig(
        r=2, lora_alpha=8, target_modules=["q_proj", "v_proj"], init_lora_weights=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # what peft calls in transformers
        get_peft_model(AutoModelForCausalLM.from_pretrained(model), config).save_pretrained(folder)
    return folder


def _save(kind: Any, config: Any, folder: Path, seed: int) -> Path:
    import torch

    torch.manual_seed(seed)
    kind(config).save_pretrained(folder)
    return folder


def choice_rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return rows of PIQA's fields."""
    import random

    draw = random.Random(seed)
    sentences = make_sentences(3 * count, seed)
    return [
        {
            "goal": " ".join(sentences[3 * n].split()[: draw.randint(3, 30)]),
            "sol1": sentences[3 * n + 1],
            "sol2": sentences[3 * n + 2],
            "label": draw.randint(0, 1),
        }
        for n in range(count)
    ]


def ending_rows(count: int, seed: int = 2) -> list[dict[str, Any]]:
    """Return rows of HellaSwag's fields, with WikiHow's brackets in some."""
    import random

    draw = random.Random(seed)
    sentences = make_sentences(6 * count, seed)
    return [
        {
            "ind": n,
            "activity_label": "Walking  dogs",
            "ctx_a": f"{sentences[6 * n]} [title] how [step] many",
            "ctx_b": sentences[6 * n + 1][: draw.randint(0, 40)],
            "endings": [f"{text}  [substeps] and." for text in sentences[6 * n + 2 : 6 * n + 6]],
            "label": str(draw.randint(0, 3)),
        }
        for n in range(count)
    ]


def problem_rows(count: int, seed: int = 3) -> list[dict[str, Any]]:
    """Return rows of GSM8K's fields."""
    return [
        {"question": f"{text}?", "answer": f"{text} so\n#### {len(text)}"}
        for text in make_sentences(count, seed)
    ]


def dialogue_rows(count: int, seed: int = 4) -> list[dict[str, Any]]:
    """Return rows of SAMSum's fields."""
    texts = make_sentences(2 * count, seed)
    return [
        {"id": f"d{n}", "dialogue": f"A: {texts[2 * n]}\r\nB: yes", "summary": texts[2 * n + 1]}
        for n in range(count)
    ]


def write_jsonl(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as JSON Lines."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="ascii")
    return path


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read rows of JSON Lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
