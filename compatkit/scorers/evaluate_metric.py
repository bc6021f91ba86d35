"""A metric of Hugging Face `evaluate` as a scorer."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import numpy as np

from compatkit.arrays import FloatArray
from compatkit.errors import ConfigError, DataError
from compatkit.extras import require_extra
from compatkit.record import replace
from compatkit.scorers.own import make_own
from compatkit.scorers.scorer import Scorer

CLOSE = (
    1e-3  # a batch is padded to its longest text, which moves the last digits of a model's score
)


def evaluate_metric(metric: Any, *, key: str | None = None, **options: Any) -> Scorer:
    """Make a scorer of a metric that `evaluate.load` finds.

    The metric gives a value per example (`bertscore`: the list `f1`; `rouge` with
    `use_aggregator=False`), or a number that means something for one example (`exact_match`),
    for which it is called once per example. Where it takes one reference only, the best of
    several counts. A null prediction scores 0. The answer that churn compares is the
    prediction as it stands.

    Args:
        metric: a name, a path, or a loaded metric.
        key: which value of the metric's result; left out, the one that has the metric's name,
            or the only one.
        options: given to the metric's `compute`, such as `lang="en"`.

    Raises:
        ConfigError: the metric cannot be loaded, or takes something else than predictions and
            references.
        MissingExtraError: `evaluate` is not installed.
    """
    loaded = _load(metric) if isinstance(metric, str) else metric
    name = f"evaluate:{metric if isinstance(metric, str) else loaded.name}"
    scorer = make_own(name, _columns_scorer(name, loaded, key, options))
    parts = {"metric": str(getattr(loaded, "_hash", None))[:12], **({"key": key} if key else {})}
    return replace(scorer, options={**parts, **options})


def load_evaluate_metric(name: str) -> Scorer:
    """Make the scorer that `evaluate:NAME_OR_PATH?key=f1&lang=en` names.

    The options behind the question mark are values of JSON, or else texts.

    Raises:
        ConfigError: no name, or an option that has no value.
    """
    metric, _, query = name.partition(":")[2].partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise ConfigError(
            f"the scorer {name} has the options {query!r}; key=f1&lang=en was expected behind the "
            "question mark."
        ) from None
    if not metric:
        raise ConfigError("the scorer evaluate needs a name, as in --scorer evaluate:exact_match.")
    options = {option: _value(text) for option, text in pairs}
    key = options.pop("key", None)
    return evaluate_metric(metric, key=None if key is None else str(key), **options)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _load(name: str) -> Any:
    require_extra("evaluate")
    import evaluate  # noqa: PLC0415

    try:
        return evaluate.load(name, keep_in_memory=True)
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"the evaluate metric {name} cannot be loaded: {type(error).__name__}: {error} "
            "A name is looked for on the Hugging Face Hub, a path in this machine's folders."
        ) from error


def _columns_scorer(
    name: str, metric: Any, key: str | None, options: Mapping[str, Any]
) -> Callable[..., FloatArray]:
    """Return the function of two columns that `make_own` takes."""
    several = _takes_lists(name, metric)
    values = _Values(name, metric, key, options)

    def score(predictions: Sequence[str | None], references: Sequence[list[str]]) -> FloatArray:
        index: dict[tuple[str, str | tuple[str, ...]], int] = {}
        row_of: list[int] = []
        pair_of: list[int] = []
        for row, (prediction, accepted) in enumerate(zip(predictions, references, strict=True)):
            if prediction is None or not accepted:
                continue
            for reference in [tuple(accepted)] if several else accepted:
                row_of.append(row)
                pair_of.append(index.setdefault((prediction, reference), len(index)))
        scores = np.full(len(predictions), -np.inf)
        if index:
            texts, accepted_texts = zip(*index, strict=True)
            wanted = [list(accepted) if several else accepted for accepted in accepted_texts]
            np.maximum.at(scores, row_of, values.of(list(texts), wanted)[pair_of])
        answered = np.zeros(len(predictions), np.bool_)
        answered[row_of] = True
        scores[~answered] = 0.0
        return scores

    return score


def _takes_lists(name: str, metric: Any) -> bool:
    """Tell whether a metric takes a list of references per example."""
    several = metric.features if isinstance(metric.features, list) else [metric.features]
    for features in several:
        if set(features) != {"predictions", "references"}:
            raise ConfigError(
                f"the metric {name} takes {', '.join(features)}; a scorer's metric takes "
                "predictions and references."
            )
    return any(type(features["references"]).__name__ != "Value" for features in several)


class _Values:
    """The values per example of a metric, whichever way it gives them."""

    def __init__(self, name: str, metric: Any, key: str | None, options: Mapping[str, Any]) -> None:
        self.name = name
        self.metric = metric
        self.key = key
        self.options = options

    def of(self, predictions: list[str], references: list[Any]) -> FloatArray:
        """Return one value per example."""
        first = self._compute(predictions[:1], references[:1])
        key = self._choose_key(first)
        if np.ndim(first[key]) == 0:
            rest = (
                self._compute([text], [accepted])[key]
                for text, accepted in zip(predictions[1:], references[1:], strict=True)
            )
            return np.array([first[key], *rest], np.float64)
        values = np.array(self._compute(predictions, references)[key], np.float64)
        alone = np.array(first[key], np.float64)
        if values.shape != (len(predictions),):
            raise DataError(
                f"{self.name}: {key!r} has shape {values.shape} for {len(predictions)} examples; "
                "a value per example was expected."
            )
        if not np.allclose(values[:1], alone, rtol=CLOSE, atol=CLOSE, equal_nan=True):
            raise DataError(
                f"{self.name}: {key!r} is {alone[0]:g} for the first example alone and "
                f"{values[0]:g} beside others; a value that depends on its example was expected."
            )
        return values

    def _compute(self, predictions: list[str], references: list[Any]) -> Mapping[str, Any]:
        result = self.metric.compute(predictions=predictions, references=references, **self.options)
        if not isinstance(result, Mapping):
            raise DataError(f"{self.name} gave a {type(result).__name__}; a mapping was expected.")
        return result

    def _choose_key(self, result: Mapping[str, Any]) -> str:
        fitting = [key for key, value in result.items() if _is_value(value)]
        if self.key is not None:
            if self.key in fitting:
                return self.key
        elif self.metric.name in fitting:
            return str(self.metric.name)
        elif len(fitting) == 1:
            return fitting[0]
        asked = "" if self.key is None else f" and not {self.key!r}"
        raise ConfigError(
            f"{self.name} gives {', '.join(fitting) or 'nothing'} as numbers per example{asked}. "
            "Say which one: key=NAME, or evaluate:METRIC?key=NAME on the command line."
        )


def _is_value(value: Any) -> bool:
    """Tell a number, or a column with one number."""
    try:
        array = np.asarray(value)
    except ValueError:
        return False
    return array.shape in {(), (1,)} and array.dtype.kind in "biuf"
