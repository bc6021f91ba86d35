"""Tiny bases, task adapters and data that the tests of muscle make on the spot."""

import json
import random
from pathlib import Path
from typing import Any

WORDS = [f"w{n}" for n in range(40)]
TEMPLATE = (
    "{% for turn in messages %}{{ turn.role }} {{ turn.content }} </s> {% endfor %}"
    "{% if add_generation_prompt %}assistant {% endif %}"
)


def make_tokenizer(
    words: list[str] | None = None, *, template: str | None = TEMPLATE, form: str = "<s> $A"
) -> Any:
    """Make a tokenizer of whole words, with tokens of beginning, end and padding."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["<s>", "</s>", "<pad>", "<unk>", "user", "assistant", *(words or WORDS)]
    inner = Tokenizer(models.WordLevel({each: n for n, each in enumerate(names)}, "<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.post_processor = processors.TemplateProcessing(
        single=form, special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
    )
    made.chat_template = template
    return made


def make_pieces() -> Any:
    """Make a tokenizer of the same words as two tokens each, w12 as w1 and 2, w5 as w and 5."""
    from tokenizers import Regex, pre_tokenizers

    made = make_tokenizer(["w", "w1", "w2", "w3", *map(str, range(10))])
    made.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(r"\d$"), "isolated")]
    )
    return made


def make_base(
    folder: Path,
    seed: int,
    *,
    words: list[str] | None = None,
    extra: int = 0,
    tokenizer: Any = None,
) -> Path:
    """Save a Llama of random weights, large enough that its answers differ from chance."""
    import torch
    import transformers

    tokenizer = tokenizer or make_tokenizer(words)
    torch.manual_seed(seed)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer) + extra,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=32,
        initializer_range=0.4,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_rows(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Make examples whose answer repeats the first word of the prompt."""
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        prompt = draw.choices(WORDS, k=draw.randint(2, 7))
        rows.append({"prompt": " ".join(prompt), "completion": f"{prompt[0]} {prompt[0]}"})
    return rows


def make_choice_rows(count: int) -> list[dict[str, Any]]:
    """Make examples of two to four choices."""
    return [
        {
            "prompt": f"{WORDS[n]} {WORDS[n + 1]}",
            "choices": [f"{WORDS[n + k]} {WORDS[2 * k]}" for k in range(2 + n % 3)],
            "answer": n % 2,
        }
        for n in range(count)
    ]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write examples as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
