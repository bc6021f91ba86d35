"""Make the example pair, and a third version: imagined calculators that answer 200 questions.

    python docs/examples/make_example.py

The new calculator is better on the whole and has forgotten some of what the old one knew; the third
has some of that back, and forgot other answers.
Every number is drawn with a fixed seed, so that the files come out the same each time.
"""

import json
import random
from pathlib import Path

FOLDER = Path(__file__).parent
EXAMPLES = 200
TOPICS = {
    # topic: (sign, how often the old one is right, how often the new one then is, and else)
    "sums": ("+", 0.95, 0.99, 0.60),
    "differences": ("-", 0.80, 0.95, 0.60),
    "products": ("*", 0.55, 0.80, 0.55),
}


def make_question(generator: random.Random, topic: str) -> tuple[str, int]:
    """Return a question and its answer."""
    sign = TOPICS[topic][0]
    left, right = generator.randint(12, 99), generator.randint(12, 99)
    answer = {"+": left + right, "-": left - right, "*": left * right}[sign]
    return f"What is {left} {sign} {right}?", answer


def make_answer(generator: random.Random, answer: int, *, right: bool) -> str:
    """Return a sentence with the right number, or one beside it."""
    number = answer if right else answer + generator.choice([-10, -1, 1, 10])
    return generator.choice([f"{number}", f"It is {number}.", f"The answer is {number:,}."])


def make_versions() -> tuple[list[dict[str, object]], ...]:
    """Return the rows of the old, of the new and of the third calculator."""
    generator, later = random.Random(7), random.Random(8)
    old, new, third = [], [], []
    for number in range(1, EXAMPLES + 1):
        topic = generator.choice(sorted(TOPICS))
        question, answer = make_question(generator, topic)
        _, often, still, repaired = TOPICS[topic]
        was_right = generator.random() < often
        is_right = generator.random() < (still if was_right else repaired)
        shared = {"id": f"q{number}", "input": question, "reference": str(answer)}
        for rows, right in ((old, was_right), (new, is_right)):
            prediction = make_answer(generator, answer, right=right)
            rows.append({**shared, "prediction": prediction, "meta": {"topic": topic}})
        again = later.random() < (0.95 if is_right else 0.8 if was_right else 0.3)
        prediction = make_answer(later, answer, right=again)
        third.append({**shared, "prediction": prediction, "meta": {"topic": topic}})
    return old, new, third


def main() -> None:
    """Write the files beside this script."""
    names = ("old.jsonl", "new.jsonl", "third.jsonl")
    for name, rows in zip(names, make_versions(), strict=True):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (FOLDER / name).write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
