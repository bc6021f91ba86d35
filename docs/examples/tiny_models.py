"""Make what the tutorials on models work with: two tiny Llamas and their questions.

Run `python docs/examples/tiny_models.py FOLDER`. A question shows four words and asks for a colour:
each word speaks for some colours more than for others, and the colour with the largest sum is
right. The new model is wider than the old one and learnt from other questions; a fifth of the
labels of both is drawn by chance, as labels that people give are not all right. Those of the test
are.
"""

import argparse
import json
import random
from pathlib import Path
from typing import Any

COLOURS = ("red", "green", "blue", "grey")
WORDS = tuple(f"word{number}" for number in range(40))
QUESTIONS = 1000
WRONG = 0.2
TASK = """\
kind = "choice"
prompt = "{{ prompt }}"
choices = "choices"
reference = "answer"

[scorer]
name = "choice"
"""
RECIPE = """\
old_base = "tiny/v1"
new_base = "tiny/v2"
new_adapter = "none"
data = "tiny/train.jsonl"
tokens = "choice"
epochs = 4
batch_size = 32
gradient_accumulation = 1
learning_rate = 0.003
lora_rank = 16
lora_alpha = 32
"""


def make_questions(path: Path, count: int, seed: int, wrong: float = 0) -> list[dict[str, Any]]:
    """Write questions with their choices and the index of the right one, as JSON Lines."""
    votes = random.Random(0)
    table = {word: [votes.gauss(0, 1) for _ in COLOURS] for word in WORDS}
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        words = draw.sample(WORDS, 4)
        sums = [sum(table[word][place] for word in words) for place in range(len(COLOURS))]
        answer = sums.index(max(sums))
        if draw.random() < wrong:
            answer = draw.randrange(len(COLOURS))
        prompt = " ".join(words) + " is"
        rows.append({"id": f"q{number}", "prompt": prompt, "choices": COLOURS, "answer": answer})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return rows


def train_model(folder: Path, rows: list[dict[str, Any]], seed: int, width: int) -> None:
    """Train a Llama of two layers on questions, and save it with its tokenizer."""
    import torch  # noqa: PLC0415
    from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: PLC0415
    from transformers import (  # noqa: PLC0415
        LlamaConfig,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
    )

    names = ["<s>", "</s>", "<unk>", "is", *COLOURS, *WORDS]
    words = Tokenizer(models.WordLevel({name: n for n, name in enumerate(names)}, "<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    ends = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>", "unk_token": "<unk>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, **ends)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(names),
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=32,
        )
    )
    prompts = tokenizer([row["prompt"] for row in rows], return_tensors="pt")["input_ids"]
    answers = torch.tensor([names.index(COLOURS[row["answer"]]) for row in rows])
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
    for _ in range(200):
        batch = torch.randint(len(rows), (128,))
        logits = model(prompts[batch]).logits[:, -1]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, answers[batch]).backward()
        optimizer.step()
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)


def main() -> None:
    """Write questions, models, a task and a recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    earlier = make_questions(folder / "earlier.jsonl", QUESTIONS, seed=1, wrong=WRONG)
    later = make_questions(folder / "train.jsonl", QUESTIONS, seed=2, wrong=WRONG)
    make_questions(folder / "test.jsonl", QUESTIONS, seed=3)
    (folder / "colours.toml").write_text(TASK, encoding="utf-8")
    (folder / "recipe.toml").write_text(RECIPE.replace("tiny/", f"{folder}/"), encoding="utf-8")
    train_model(folder / "v1", earlier, seed=1, width=32)
    train_model(folder / "v2", later, seed=2, width=48)
    print(*sorted(path.name for path in folder.iterdir()))


if __name__ == "__main__":
    main()
