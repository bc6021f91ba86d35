"""Trainer history: since when it is broken, while a transformers `Trainer` trains."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from compatkit.arrays import BoolArray
from compatkit.comparison.checked_options import Options
from compatkit.comparison.judging import find_unanswered
from compatkit.comparison.measurement import measure_files
from compatkit.comparison.options import make_options
from compatkit.comparison.trace import refuse_samples, trace
from compatkit.errors import DataError
from compatkit.evaluate_modules.columns import NEW, REFERENCES, check_lengths, to_column
from compatkit.evaluate_modules.trainer_metrics import Decode, read_labels, refuse_ignored
from compatkit.metrics.trajectories import Trajectories, count_version, measure_version
from compatkit.output import write_whole
from compatkit.record import replace

STEP = re.compile(r"step-(\d+)\.jsonl")
COUNTS = ("broken", "repaired", "learned", "first_broken", "never_right")


def trainer_history(
    folder: str | Path,
    *,
    ids: Sequence[Any] | None = None,
    decode: Decode | None = None,
    scorer: Any = None,
    **options: Any,
) -> Any:
    """Make what writes the history of a training run: a callback and a `compute_metrics` in one.

    At each evaluation it writes the predictions, `folder/versions/step-N.jsonl`, and the history of
    all evaluations up to it, `folder/history.json`, as `compatkit history folder/versions` has it.
    It reports the accuracy and, from the second evaluation on, `ever_right_now_wrong`,
    `negative_flip_rate`, `positive_flip_rate` and the counts `broken`, `repaired`, `learned`,
    `first_broken` and `never_right`; the Trainer adds its prefix `eval_`.

    Args:
        folder: where to write; made where it does not exist.
        ids: of the examples of the evaluation set, in its order; 1, 2, ... if not given.
        decode: from the Trainer's predictions and label ids to a column of predictions and a
            column of references, for what is no classification.
        scorer: see `compatkit.comparison.options.make_options`; exact match if not given.
        options: `threshold`, `cluster` and such of a history, and the options of the scorer.

    Returns:
        Pass it twice: `Trainer(..., compute_metrics=it, callbacks=[it])`.

    Raises:
        DataError: at the beginning of a run, a folder that holds another's versions; at an
            evaluation, what `compatkit.flip_metrics` refuses, or another evaluation set.
    """
    from transformers import TrainerCallback  # noqa: PLC0415  (heavy)

    class Callback(Recorder, TrainerCallback):  # type: ignore[misc]
        """A recorder that a Trainer calls."""

    made = make_options("exact_match" if scorer is None else scorer, **options)
    return Callback(Path(folder), None if ids is None else list(map(str, ids)), decode, made)


class Recorder:
    """Records the predictions of each evaluation, and the history up to it.

    Args:
        folder: where to write.
        ids: of the examples; None for their numbers.
        decode: makes columns of predictions and label ids.
        options: how answers are judged.
    """

    def __init__(
        self, folder: Path, ids: Sequence[str] | None, decode: Decode | None, options: Options
    ) -> None:
        """Record nothing yet."""
        self.folder = folder
        self._ids = ids
        self._decode = decode
        self._options = replace(options, keep_flips=False)
        self._step = 0
        self._pending: list[dict[str, Any]] | None = None
        self._judged: dict[Path, tuple[BoolArray, BoolArray]] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Refuse a folder of another run, but for one that goes on."""
        self._step = state.global_step
        held = self._versions()
        if held and not self._step:
            raise DataError(
                f"{self.folder}: holds {held[-1].name} of another run, and this one begins anew. "
                "Name another folder."
            )

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Know the step that an evaluation is of."""
        self._step = state.global_step

    def on_predict(self, args: Any, state: Any, control: Any, metrics: Any, **_: Any) -> None:  # noqa: ARG002
        """Forget predictions that are of no evaluation."""
        self._pending = None

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Write the predictions, and the history up to them."""
        rows, self._pending = self._pending, None
        if rows is None or not state.is_world_process_zero:
            return
        self._refuse_other(len(rows))
        target = self.folder / "versions" / f"step-{state.global_step}.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row) + "\n" for row in rows)
        write_whole(str(target), text.encode())
        paths = self._versions(state.global_step)
        if len(paths) > 1:
            traced = trace(list(map(str, paths)), self._options, names=[p.stem for p in paths])
            write_whole(str(self.folder / "history.json"), traced.to_json().encode())

    def __call__(self, evaluated: Any) -> dict[str, float | int]:
        """Return what an evaluation shows beside those before it, as a `compute_metrics`."""
        rows = self._make_rows(evaluated)
        earlier = [path for path in self._versions(self._step) if _step_of(path) < self._step]
        for path in earlier:
            if path not in self._judged:  # of a run that goes on
                self._judged[path] = self._judge(str(path))
        right, silent = self._judge(rows)
        self._pending = rows
        if any(len(self._judged[path][0]) != len(right) for path in earlier):
            return {"accuracy": float(right.mean())}  # of a prediction, or refused once it is none
        self._judged[self.folder / "versions" / f"step-{self._step}.jsonl"] = right, silent
        columns = [*(self._judged[path] for path in earlier), (right, silent)]
        of = Trajectories(np.stack([c[0] for c in columns]), np.stack([c[1] for c in columns]))
        return _report(of, self._options)

    def _refuse_other(self, size: int) -> None:
        """Refuse another evaluation set than that of the versions before."""
        sizes = {len(right) for path, (right, _) in self._judged.items() if path.exists()} - {size}
        if sizes:
            raise DataError(
                f"{self.folder}: {size:,} examples are evaluated, and {sizes.pop():,} were before. "
                "One evaluation set was expected: give each a recorder and a folder."
            )

    def _make_rows(self, evaluated: Any) -> list[dict[str, Any]]:
        if self._decode is None:
            new, references = read_labels(NEW, evaluated.predictions), evaluated.label_ids
        else:
            new, references = self._decode(evaluated.predictions, evaluated.label_ids)
        columns = {NEW: to_column(NEW, new), REFERENCES: to_column(REFERENCES, references)}
        if self._decode is None:
            refuse_ignored(columns[REFERENCES])
        check_lengths(columns)
        size = len(columns[NEW])
        ids = self._ids or [str(number) for number in range(1, size + 1)]
        if len(ids) != size:
            raise DataError(f"ids: {len(ids):,} are given, and {size:,} examples are evaluated.")
        return [
            {"id": name, "prediction": prediction, "reference": reference}
            for name, prediction, reference in zip(
                ids, columns[NEW], columns[REFERENCES], strict=True
            )
        ]

    def _judge(self, data: Any) -> tuple[BoolArray, BoolArray]:
        """Return of each example whether it is right, and whether it was not answered."""
        measurement = measure_files(data, [], self._options, None, "", beside=False)
        refuse_samples(measurement, "A history")
        (side,), (examples,) = measurement.sides, measurement.aligned.examples
        right = measurement.judged[0].right > 0
        silent = find_unanswered(side, examples, len(right), self._options.threshold)
        return right, silent & ~right

    def _versions(self, last: int | None = None) -> list[Path]:
        """Return the predictions that were written, up to a step, in order."""
        paths = [
            path for path in (self.folder / "versions").glob("*.jsonl") if STEP.match(path.name)
        ]
        return sorted(
            (path for path in paths if last is None or _step_of(path) <= last), key=_step_of
        )


def _step_of(path: Path) -> int:
    match = STEP.fullmatch(path.name)
    return int(match[1]) if match else -1


def _report(of: Trajectories, options: Options) -> dict[str, float | int]:
    """Return the numbers of the last version, those that are defined."""
    last = len(of.right) - 1
    rates = measure_version(of, last, options.plan)
    reported: dict[str, float | int] = {
        name: rate.value for name, rate in rates.items() if rate.value is not None
    }
    if last:
        counts = asdict(count_version(of, last))
        reported |= {name: counts[name] for name in COUNTS}
    return reported
