"""Encoding: prompts as tokens, cut or refused where they leave no room."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from compatkit.checkpoints.tokens import encode, render_chat, split_prompt
from compatkit.errors import ConfigError
from compatkit.runner.examples import Example
from compatkit.runner.settings import Settings
from compatkit.runner.task import Task

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Encoded:
    """One example as tokens.

    Attributes:
        number: the example's place in the data, from 0.
        text: the prompt as the model reads it.
        prompt: its tokens.
        choices: the tokens of each continuation; empty for a generated answer.
        cut: how many tokens were cut from the left.
    """

    number: int
    text: str
    prompt: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...] = ()
    cut: int = 0

    @property
    def length(self) -> int:
        """The longest sequence that goes through the model."""
        return len(self.prompt) + max(map(len, self.choices), default=0)

    @property
    def work(self) -> int:
        """How many tokens go through the model, the filler of shorter choices among them."""
        return len(self.prompt) + len(self.choices) * max(map(len, self.choices), default=0)


@dataclass(frozen=True, slots=True)
class Encoder:
    """Makes tokens of examples.

    Attributes:
        tokenizer: of transformers.
        task: kind, delimiter and separator.
        settings: chat template, room for the answer, what too long a prompt is.
        max_length: tokens of the context; None where there is no limit.
        encoder_decoder: whether prompt and answer go through two halves of the model.
    """

    tokenizer: Any
    task: Task
    settings: Settings
    max_length: int | None
    encoder_decoder: bool

    def encode(self, examples: Sequence[Example]) -> list[Encoded]:
        """Encode all examples.

        Raises:
            ConfigError: prompts that leave no room, unless they may be cut; all are counted.
        """
        encoded = [self._encode(number, example) for number, example in enumerate(examples)]
        cut = [prompt for prompt in encoded if prompt.cut]
        if cut and self.settings.too_long == "refuse":
            shown = ", ".join(examples[prompt.number].id for prompt in cut[:SHOWN])
            more = ", ..." if len(cut) > SHOWN else ""
            room = (
                ""
                if self.task.kind == "choice"
                else (f" with {self.settings.max_new_tokens} tokens of room for the answer")
            )
            raise ConfigError(
                f"{len(cut):,} of {len(encoded):,} prompts do not fit into the context of "
                f"{self.max_length} tokens{room}: {shown}{more}; the longest by "
                f"{max(prompt.cut for prompt in cut):,} tokens. Pass --too-long cut-left to cut "
                "them from the left, or fewer --shots, or a smaller --max-new-tokens."
            )
        return encoded

    def render(self, example: Example) -> str:
        """Return the prompt as the model reads it, with its shots and its conversation."""
        if not self.settings.chat_template:
            task = self.task
            shots = (f"{q}{task.delimiter}{a}{task.separator}" for q, a in example.shots)
            return "".join(shots) + example.prompt
        turns = [
            {"role": role, "content": text}
            for shot in example.shots
            for role, text in zip(("user", "assistant"), shot, strict=True)
        ]
        turns.append({"role": "user", "content": example.prompt})
        given = self.settings.template_args
        return render_chat(self.tokenizer, turns, example.where, opened=True, arguments=given)

    def _encode(self, number: int, example: Example) -> Encoded:
        text = self.render(example)
        if not example.choices:
            room = 0 if self.encoder_decoder else self.settings.max_new_tokens
            asked = encode(self.tokenizer, text, ended=self.encoder_decoder)
            tokens, cut = self._fit(tuple(asked), room, example)
            return Encoded(number, text, tokens, cut=cut)
        delimiter = "" if self.settings.chat_template else self.task.delimiter
        prompt, choices = self._split(text, [delimiter + choice for choice in example.choices])
        for choice, tokens in zip(example.choices, choices, strict=True):
            if not tokens:
                raise ConfigError(
                    f"{example.where}: the choice {choice!r} has no token of its own."
                )
        # The last token of a choice is only ever predicted, so it needs no place.
        room = 0 if self.encoder_decoder else max(map(len, choices)) - 1
        tokens, cut = self._fit(prompt, room, example)
        return Encoded(number, text, tokens, tuple(choices), cut)

    def _split(
        self, prompt: str, continuations: Iterable[str]
    ) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
        """Encode a prompt and what may follow it, as one text where one half reads both.

        What follows is what the whole has more than the prompt without the spaces at its end:
        the rule of lm-evaluation-harness, to whose log-likelihoods the runner is held.
        """
        head, tail = split_prompt(prompt)
        tokens = tuple(encode(self.tokenizer, head, ended=self.encoder_decoder))
        if self.encoder_decoder:
            texts = (tail + text for text in continuations)
            return tokens, [tuple(encode(self.tokenizer, text, special=False)) for text in texts]
        whole = (tuple(encode(self.tokenizer, prompt + text)) for text in continuations)
        return tokens, [encoded[len(tokens) :] for encoded in whole]

    def _fit(
        self, tokens: tuple[int, ...], room: int, example: Example
    ) -> tuple[tuple[int, ...], int]:
        if self.max_length is None:
            return tokens, 0
        most = self.max_length - room
        if most < 1:
            raise ConfigError(
                f"{example.where}: the answer alone takes {room} tokens or more, and the context "
                f"has {self.max_length}. Pass a smaller --max-new-tokens."
            )
        return tokens[-most:], max(0, len(tokens) - most)
