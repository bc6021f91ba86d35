"""Flip module: what the modules have in common, a thin subclass of `evaluate.Metric`."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import datasets
import evaluate
import pyarrow as pa

from compatkit.errors import ConfigError, DataError
from compatkit.evaluate_modules import MODULES
from compatkit.evaluate_modules.citations import CITATIONS
from compatkit.evaluate_modules.columns import (
    COLUMNS,
    NEW,
    OLD,
    REFERENCES,
    check_lengths,
    to_column,
)
from compatkit.evaluate_modules.measure_columns import MEASURE_OPTIONS, Result, measure_columns
from compatkit.predictions.fields import MISSING

Rows = dict[str, list[Any]]

# What evaluate's own constructor takes; `seed` is an option of compute too.
EVALUATE_ARGUMENTS = (
    *("keep_in_memory", "cache_dir", "num_process", "process_id", "seed", "experiment_id"),
    *("hash", "max_concurrent_cache_files", "timeout"),
)
INPUTS = """
Args:
    old_predictions: the old model's answers, one per example: texts, labels, whole numbers; None
        is no answer. Where they are always the same: `evaluate.load(..., old_predictions=...)`.
    predictions: the new model's answers.
    references: the accepted answer of each example, or a list of several. Without references
        the predictions are scores, numbers or booleans, right from `threshold` on.
    intervals: True adds NAME_low and NAME_high, the limits of each metric's interval.
    counts: True adds how many examples there are of which kind.
    tests: True adds p-values.
    signature: True adds the line that says what the numbers depend on.
    options: {options}, and the options of the
        scorer; see `compatkit.comparison.options.make_options`.

Returns:
    {names}; None where undefined.
"""


class FlipModule(evaluate.Metric, ABC):  # type: ignore[misc]
    """A module that compares two models' predictions.

    Rows are held in memory as they were given: nothing is written to evaluate's cache, so that
    modules do not wait for each other's locks. In a distributed run (`num_process` above 1) the
    processes hand their rows over through that cache when they compute.

    Args:
        config_name: of no consequence.
        old_predictions: the old model's predictions on the whole evaluation set, where they are
            the same for every `compute`.
        options: what `evaluate.Metric` takes, and defaults of the options of `compute`.
    """

    def __init__(
        self, config_name: str | None = None, *, old_predictions: Any = None, **options: Any
    ) -> None:
        """Take evaluate's arguments and the defaults of `compute`."""
        self._held = None if old_predictions is None else to_column(OLD, old_predictions)
        self._stored: Rows = {}
        self._defaults = {
            key: value
            for key, value in options.items()
            if key not in EVALUATE_ARGUMENTS or key == "seed"
        }
        super().__init__(config_name, **{k: options[k] for k in EVALUATE_ARGUMENTS if k in options})

    @property
    @abstractmethod
    def module(self) -> str:
        """The module's name in `MODULES`."""

    def _info(self) -> evaluate.MetricInfo:
        entry = MODULES[self.module]
        text = datasets.Value("string")
        features = {OLD: text, NEW: text, REFERENCES: datasets.Sequence(text)}
        if self._held is not None:
            del features[OLD]
        options = ", ".join(filter(None, (entry.scorer_option, *MEASURE_OPTIONS)))
        names = ", ".join((*entry.metrics, *entry.counts))
        return evaluate.MetricInfo(
            description=entry.description,
            citation="\n".join(CITATIONS[source] for source in entry.sources),
            inputs_description=INPUTS.format(options=options, names=names),
            features=datasets.Features(features),
            license="Apache-2.0",
        )

    def _build_data_dir(self) -> str:
        """Name the folder of evaluate's cache; make it only where processes meet in it."""
        if self.num_process == 1:
            return str(self._data_dir_root)
        try:
            return str(super()._build_data_dir())
        except OSError as error:
            raise ConfigError(
                f"evaluate's cache, where {self.num_process} processes meet, cannot be written: "
                f"{error}. Set HF_HOME or cache_dir to a folder that can."
            ) from error

    def download_and_prepare(self, *_: Any, **__: Any) -> None:
        """Do nothing: there is nothing to download."""

    def __len__(self) -> int:
        """Return the number of examples that were added and not yet computed."""
        return len(self._stored.get(NEW, ()))

    def add(
        self,
        *,
        prediction: Any = MISSING,
        reference: Any = None,
        old_prediction: Any = MISSING,
        **columns: Any,
    ) -> None:
        """Add one example: `old_prediction`, `prediction` and `reference`.

        evaluate's own plural names are taken too.
        """
        if prediction is not MISSING:
            columns.setdefault(NEW, prediction)
        if old_prediction is not MISSING:
            columns.setdefault(OLD, old_prediction)
        columns.setdefault(REFERENCES, reference)
        self.add_batch(**{name: [value] for name, value in columns.items()})

    def add_batch(self, *, predictions: Any = None, references: Any = None, **columns: Any) -> None:
        """Add several examples, a column of each: lists, arrays or tensors of one length."""
        given = {NEW: predictions, REFERENCES: references, **columns}
        for name, column in self._to_rows(given).items():
            self._stored.setdefault(name, []).extend(column)

    def compute(
        self, *, predictions: Any = None, references: Any = None, **options: Any
    ) -> Result | None:
        """Compute, on these examples and those that were added before.

        A wrong option loses none of the added examples; where the examples themselves are
        refused, those that were added are dropped, so that the next evaluation begins anew.
        """
        options = {**self._defaults, **options}
        old = options.pop(OLD, None)
        rows = self._stored
        if any(column is not None for column in (predictions, references, old)):
            given = {NEW: predictions, REFERENCES: references}
            batch = self._to_rows(given if old is None else {**given, OLD: old})
            # Joined apart: what was added stays as it was if the options are refused.
            rows = {name: [*rows.get(name, ()), *column] for name, column in batch.items()}
        try:
            result = self._measure_all(rows, options)
        except DataError as error:
            count, self._stored = len(self), {}
            dropped = f" The {count:,} examples that were added before are dropped." * bool(count)
            raise DataError(f"{error}{dropped}") from error
        self._stored = {}
        return result

    def _measure_all(self, rows: Rows, options: Mapping[str, Any]) -> Result | None:
        """Measure these rows, and in a distributed run those of all processes."""
        if self.num_process == 1:
            return self._measure(rows, options)
        self._hand_over(rows)
        result: Result | None = super().compute(**options)
        return result

    def _to_rows(self, given: Mapping[str, Any]) -> Rows:
        """Make lists of a batch's columns, and refuse a column that is unknown or missing."""
        names = [name for name in COLUMNS if name != OLD or self._held is None]
        for name in given:
            if name not in names:
                held = " They were given when the module was loaded." if name == OLD else ""
                raise DataError(f"no column {name}; there are {', '.join(names)}.{held}")
        rows = {name: to_column(name, given.get(name)) for name in names if name != REFERENCES}
        references = given.get(REFERENCES)
        rows[REFERENCES] = (
            [None] * len(rows[NEW]) if references is None else to_column(REFERENCES, references)
        )
        check_lengths(rows)
        return rows

    def _measure(self, rows: Rows, options: Mapping[str, Any]) -> Result:
        columns = {name: rows.get(name, []) for name in COLUMNS}
        if self._held is not None:
            columns[OLD] = self._held
        return measure_columns(self.module, columns, options)

    def _hand_over(self, rows: Rows) -> None:
        """Write this process's rows, as JSON, where evaluate gathers those of all processes."""
        names = self._feature_names()
        texts = {name: list(map(json.dumps, rows.get(name, []))) for name in names}
        self.selected_feature_format = datasets.Features(
            {name: datasets.Value("string") for name in names}
        )
        self._init_writer()
        schema = pa.schema([(name, pa.string()) for name in names])
        self.writer.write_table(pa.table(texts, schema=schema))

    def _compute(self, **columns_and_options: Any) -> Result:
        """Compute on the rows of all processes; evaluate calls this."""
        names = self._feature_names()
        rows = {name: list(map(json.loads, columns_and_options.pop(name))) for name in names}
        return self._measure(rows, columns_and_options)
