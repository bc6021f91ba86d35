"""Scores of Inspect: their names, which way they point, and how often they are half right."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from compatkit.readers.logs.inspect_types import Header, ScoreValue, Summary

A_LIST = "its value is a list, so that no sample is right or wrong by it"
PARTIAL = ("P", 0.5)
# What Inspect itself takes for a number where a score is a text: correct, incorrect, partial and no
# answer in capitals, and words.
VALUES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


class ScoresSeen(Struct):
    """The scores that the samples of a log have.

    Attributes:
        names: of scores that are a value, and `NAME.PART` of those with several parts.
        lists: of scores that are lists.
        letters: of scores that say in letters what is correct.
        partial: how many samples are half right, by name.
        samples: how many samples have a score, by name.
    """

    names: dict[str, None] = field(default_factory=dict)
    lists: dict[str, None] = field(default_factory=dict)
    letters: set[str] = field(default_factory=set)
    partial: dict[str, int] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, samples: "Iterable[Summary]") -> "ScoresSeen":
        """Look at the scores of all samples."""
        seen = cls()
        for sample in samples:
            for name, value in _values(sample.scores or {}):
                if isinstance(value, list):
                    seen.lists[name] = None
                    continue
                seen.names[name] = None
                seen.samples[name] = seen.samples.get(name, 0) + 1
                if isinstance(value, str) and value in VALUES:
                    seen.letters.add(name)
                if value in PARTIAL:
                    seen.partial[name] = seen.partial.get(name, 0) + 1
        return seen

    def order(self, results: Any) -> list[str]:
        """Return the names, the harness's first one first."""
        order = [result.get("name") for result in _list_results(results)]
        plain = {name: find_score(order, name)[0] for name in self.names}
        return sorted(
            (name for name in self.names if name not in self.lists),
            key=lambda name: order.index(plain[name]) if plain[name] in order else len(order),
        )

    def describe(self) -> dict[str, str]:
        """Say of each metric how many samples are half right."""
        return {
            name: f"{count:,} of {self.samples[name]:,} samples have partial credit (0.5) by "
            f"{name}: from a threshold of 0.5 down they count as right, above it as wrong"
            for name, count in self.partial.items()
        }


def number_of(value: Any) -> Any:
    """Return the number of a letter or a word, any other value as it is."""
    if not isinstance(value, str):
        return value
    return VALUES.get(value, WORDS.get(value.strip().lower(), value))


def _values(scores: "Mapping[str, ScoreValue]") -> Iterator[tuple[str, Any]]:
    for name, score in scores.items():
        if isinstance(score.value, dict):
            yield from ((f"{name}.{part}", value) for part, value in score.value.items())
        else:
            yield name, score.value


def find_score(names: Iterable[str | None], metric: str) -> tuple[str, str]:
    """Return the score that a metric is of, and its part; the part is empty for a whole score."""
    scores = set(names)
    name, _, part = metric.rpartition(".")
    return (metric, "") if metric in scores or name not in scores else (name, part)


def accuracies(header: "Header") -> set[str]:
    """Return the scores of which the run states an accuracy: more of them is better."""
    scores = set()
    scorers = header.eval.get("scorers")
    for result in [*_list_results(header.results), *(scorers if isinstance(scorers, list) else [])]:
        metrics = result.get("metrics") if isinstance(result, dict) else None
        listed = metrics.values() if isinstance(metrics, dict) else metrics or []
        stated = [metric.get("name") for metric in listed if isinstance(metric, dict)]
        if any(str(name).rpartition("/")[2] == "accuracy" for name in stated):
            name, scorer = result.get("name"), result.get("scorer")
            scores |= {str(name), f"{scorer}.{name}"}
    return scores


def _list_results(results: Any) -> list[dict[str, Any]]:
    listed = results.get("scores") if isinstance(results, dict) else None
    return [result for result in listed or [] if isinstance(result, dict)]
