"""Three worlds whose texts are made from a seed: a base learns one, an adapter a task in it.

Every world has words of its own, numbered from `FIRST` on (below are the special tokens). It
draws texts for a base to learn from, and examples of a task: a prompt, the answer, and for the
choice task four endings of which the first is right. In each the right answer is drawn at random
from what the prompt leaves open, as in natural data: no model is always right, and where two
answers are about as likely, models differ by chance.

The texts of a base come in a mix of topics of its own, as the data of an update does: what one
base has read much of another has hardly seen. The task asks all topics alike.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST = 4  # <s>, </s>, <pad>, <unk>
BEGIN, END = 0, 1
ENDINGS = 4

Ints = NDArray[np.int64]
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """Examples of a task, as numbers of words.

    Attributes:
        prompts: shape (examples, length).
        answers: shape (examples, length).
        endings: shape (examples, 4, length) for the choice task, the right one first.
    """

    prompts: Ints
    answers: Ints
    endings: Ints | None = None


def pick(chances: NDArray[np.float64], random: np.random.Generator) -> Ints:
    """Draw one index per row of chances."""
    below = random.random((len(chances), 1)) > chances.cumsum(1)
    found: Ints = np.minimum(below.sum(1), chances.shape[1] - 1)
    return found


def frame(*columns: Any) -> Ints:
    """Put columns side by side."""
    size = max(len(each) for each in columns if not np.isscalar(each))
    parts = [np.full((size, 1), each) if np.isscalar(each) else each for each in columns]
    return np.concatenate([p[:, None] if p.ndim == 1 else p for p in parts], 1).astype(np.int64)


class ChoiceWorld:
    """Which of four endings goes on with the text, by log-likelihood: HellaSwag in miniature.

    A text has a topic, and each word depends on the topic and on the word before. The right
    ending is of the topic that follows the text's.
    """

    kind, scorer = "choice", "exact_match"
    topics, words, before, after = 12, 60, 10, 6

    def __init__(self, seed: int = 7) -> None:
        """Draw the world."""
        random = np.random.default_rng(seed)
        own = random.dirichlet(np.full(self.words, 0.2), self.topics)
        successors = random.dirichlet(np.full(self.words, 0.1), self.words)
        self.start = own
        self.step = 0.55 * own[:, None, :] + 0.45 * successors[None]
        self.follows = random.permutation(self.topics)
        self.size = self.words + 2

    def _walk(self, random: np.random.Generator, topic: Ints, length: int) -> Ints:
        words = [pick(self.start[topic], random)]
        for _ in range(length - 1):
            words.append(pick(self.step[topic, words[-1]], random))
        return np.stack(words, 1)

    def texts(self, random: np.random.Generator, count: int, mix: Shares) -> Ints:
        """Draw texts: half are followed by an ending of their own topic, half by the next's."""
        topic = random.choice(self.topics, count, p=mix)
        told = random.random(count) < 0.5
        ending = self._walk(random, np.where(told, self.follows[topic], topic), self.after)
        mark = np.where(told, self.words, self.words + 1)
        return frame(self._walk(random, topic, self.before), mark, ending)

    def examples(self, random: np.random.Generator, count: int) -> Examples:
        """Draw examples of the task."""
        topic = random.integers(0, self.topics, count)
        prompts = frame(self._walk(random, topic, self.before), self.words)
        right = self.follows[topic]
        others = [right + random.integers(1, self.topics, count) for _ in range(ENDINGS - 1)]
        endings = [self._walk(random, each % self.topics, self.after) for each in (right, *others)]
        return Examples(prompts, endings[0], np.stack(endings, 1))


class SumWorld:
    """A sum of two numbers, of which one is told by a vague word: exact match of the answer.

    How much a vague word means depends on the thing that is counted, and is drawn anew each
    time: the likeliest amount is the best answer.
    """

    kind, scorer = "generate", "exact_match"
    digits, vague, topics, most = 10, 8, 10, 5
    new_tokens = 1

    def __init__(self, seed: int = 3) -> None:
        """Draw the world."""
        random = np.random.default_rng(seed)
        self.amount = random.dirichlet(np.full(self.most, 0.4), (self.topics, self.vague))
        self.largest = self.digits - 1 + self.most
        # Words: the numbers, the vague words, the things, and four marks.
        self.vague_at = self.largest + 1
        self.thing_at = self.vague_at + self.vague
        self.mark = self.thing_at + self.topics
        self.size = self.mark + 4

    def _draw(self, random: np.random.Generator, thing: Ints, told: Any) -> Examples:
        count = len(thing)
        first, word = (random.integers(0, n, count) for n in (self.digits, self.vague))
        amount = 1 + pick(self.amount[thing, word], random)
        told = np.broadcast_to(told, count)
        gets = np.where(told, self.mark, self.mark + 1)
        makes = np.where(told, self.mark + 2, self.mark + 3)
        prompts = frame(self.thing_at + thing, first, gets, self.vague_at + word, makes)
        return Examples(prompts, frame(first + amount))

    def texts(self, random: np.random.Generator, count: int, mix: Shares) -> Ints:
        """Draw sums, a quarter of them in the words of the task."""
        thing = random.choice(self.topics, count, p=mix)
        found = self._draw(random, thing, random.random(count) < 0.25)
        return frame(found.prompts, found.answers)

    def examples(self, random: np.random.Generator, count: int) -> Examples:
        """Draw examples of the task."""
        return self._draw(random, random.integers(0, self.topics, count), True)


class SummaryWorld:
    """The topics of a text and their words, the leading ones first: ROUGE-1 of a summary."""

    kind, scorer = "generate", "rouge1"
    topics, each, length, told = 10, 6, 18, 3
    new_tokens = 7

    def __init__(self, seed: int = 5) -> None:
        """Draw the world."""
        random = np.random.default_rng(seed)
        self.own = random.dirichlet(np.full(self.topics * self.each, 0.15), self.topics)
        # A summary names a topic by one of two names, and this is how often by the first.
        self.called = random.uniform(0.25, 0.75, self.topics)
        self.names = self.topics * self.each
        self.mark = self.names + 2 * self.topics
        self.size = self.mark + 2

    def _draw(self, random: np.random.Generator, count: int, mix: Shares) -> tuple[Ints, Ints]:
        shares = random.dirichlet(0.35 * self.topics * mix + 1e-3, count)
        topics = np.stack([pick(shares, random) for _ in range(self.length)], 1)
        words = np.stack([pick(self.own[topics[:, i]], random) for i in range(self.length)], 1)
        counts = (topics[:, :, None] == np.arange(self.topics)).sum(1) + random.random(shares.shape)
        leading = (-counts).argsort(1)[:, : self.told]
        parts = []
        for place in range(self.told):
            topic = leading[:, place]
            second = random.random(count) > self.called[topic]
            parts.append(self.names + 2 * topic + second)
            inside = (topics[:, :, None] == topic[:, None, None])[:, :, 0]
            # One of its words in the text; the topic's likeliest where it has none.
            chance = inside + 1e-9
            chosen = words[np.arange(count), pick(chance / chance.sum(1, keepdims=True), random)]
            parts.append(np.where(inside.any(1), chosen, self.own[topic].argmax(1)))
        return words, np.stack(parts, 1)

    def texts(self, random: np.random.Generator, count: int, mix: Shares) -> Ints:
        """Draw texts with their summaries, in an order that the task does not have."""
        words, summary = self._draw(random, count, mix)
        return frame(words, self.mark, summary)

    def examples(self, random: np.random.Generator, count: int) -> Examples:
        """Draw examples of the task, whose summaries name all topics first."""
        words, summary = self._draw(random, count, np.full(self.topics, 1 / self.topics))
        return Examples(frame(words, self.mark + 1), summary[:, [0, 2, 4, 1, 3, 5]])


WORLDS: dict[str, Any] = {"choice": ChoiceWorld, "sum": SumWorld, "summary": SummaryWorld}
