"""Answers: the rows of a prediction file, from what a model says to a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compatkit.predictions.choices import name_choice
from compatkit.runner.choose import score_choices
from compatkit.runner.encoding import Encoded
from compatkit.runner.examples import Example
from compatkit.runner.plan import Batch
from compatkit.runner.prefix import Prefix
from compatkit.runner.settings import Settings
from compatkit.runner.write import write_answers

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answerer:
    """A model that is ready, and what it takes to ask it.

    Attributes:
        model: of transformers, on its device.
        tokenizer: of transformers.
        settings: how it is run.
        examples: all of the run.
        padding: the token that fills shorter rows.
        encoder_decoder: whether prompt and answer go through two halves of the model.
        prefix: what all prompts of generated answers begin with.
    """

    model: Any
    tokenizer: Any
    settings: Settings
    examples: Sequence[Example]
    padding: int
    encoder_decoder: bool
    prefix: Prefix

    def answer(self, batch: Batch) -> list[Row]:
        """Return the rows of a batch."""
        if self.examples[batch[0].example.number].choices:
            return self._choose(batch)
        written = write_answers(
            self.model,
            self.tokenizer,
            batch,
            self.settings,
            padding=self.padding,
            keep_prompt=not self.encoder_decoder,
            prefix=self.prefix,
        )
        rows = []
        for item, answer in zip(batch, written, strict=True):
            example = self.examples[item.example.number]
            sample = {"sample": item.sample} if self.settings.samples > 1 else {}
            fields = {**sample, "prediction": answer.text, "finished": answer.finished}
            if answer.thinking is not None:
                closed = answer.text is not None
                fields |= {"thinking": answer.thinking, "thinking_closed": closed}
            rows.append(make_row(example, item.example, fields))
        return rows

    def _choose(self, batch: Batch) -> list[Row]:
        log_likelihoods = score_choices(
            self.model,
            batch,
            padding=self.padding,
            encoder_decoder=self.encoder_decoder,
            sharing=self.settings.prefix_sharing,
        )
        examples = [self.examples[item.example.number] for item in batch]
        return [
            make_row(example, item.example, choose(example, scores))
            for example, item, scores in zip(examples, batch, log_likelihoods, strict=True)
        ]


def make_row(example: Example, encoded: Encoded, answer: Mapping[str, Any]) -> Row:
    """Return a row of the prediction file: the answer with the example around it."""
    row: Row = {"id": example.id, **answer}
    if example.references:
        several = len(example.references) > 1
        row["reference"] = list(example.references) if several else example.references[0]
    row["input"] = example.prompt
    if example.choices:
        row["choices"] = list(example.choices)
    if encoded.cut:
        row["cut_tokens"] = encoded.cut
    return {**row, **{name: value for name, value in example.kept.items() if name not in row}}


def choose(example: Example, scores: Sequence[float]) -> Row:
    """Return the fields of a choice, plain and normalised by length.

    The plain choice has the highest log-likelihood, the normalised one the highest per
    character of the choice: `acc` and `acc_norm` of lm-evaluation-harness. Of equal ones the
    first is taken.

    >>> example = Example("q1", "It", choices=("runs", "sleeps long"), right=1)
    >>> row = choose(example, [-6.0, -7.5])
    >>> row["prediction"], row["prediction_normalized"], row["acc"], row["acc_norm"]
    ('A', 'B', 0, 1)
    """
    numbers = range(len(scores))
    plain = max(numbers, key=lambda number: scores[number])
    normal = max(numbers, key=lambda number: scores[number] / len(example.choices[number]))
    row: Row = {
        "prediction": name_choice(plain, example.choices),
        "prediction_normalized": name_choice(normal, example.choices),
        "log_likelihoods": list(scores),
    }
    if example.right is not None:
        row |= {"acc": int(plain == example.right), "acc_norm": int(normal == example.right)}
    return row
