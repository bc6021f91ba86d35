"""Trainer history: since when it is broken, while a transformers `Trainer` trains."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

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
TIME = "_runtime"  # the end of a metric's name that every evaluation has
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

    Of several evaluation sets, a dictionary, each has a history of its own, `folder/NAME`. A set is
    known by its references while it is measured: of two sets that have the same ones, or of one
    that is evaluated for the first time, the accuracy alone is reported; the files are complete.

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


class Evaluated(NamedTuple):
    """The answers of an evaluation, before it is known which set they are of.

    Attributes:
        rows: those of the file.
        right: shape (N,), whether each is right.
        silent: shape (N,), whether each was not answered.
    """

    rows: list[dict[str, Any]]
    right: BoolArray
    silent: BoolArray

    @property
    def references(self) -> list[Any]:
        """What is right, as a file holds it."""
        held: list[Any] = json.loads(json.dumps([row["reference"] for row in self.rows]))
        return held


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
        self._pending: Evaluated | None = None
        self._judged: dict[Path, tuple[BoolArray, BoolArray]] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Refuse a folder of another run, but for one that goes on."""
        self._step = state.global_step
        held = [path for home in self._homes() for path in _versions(home)]
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

    def on_evaluate(
        self,
        args: Any,  # noqa: ARG002
        state: Any,
        control: Any,  # noqa: ARG002
        metrics: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Write the predictions, and the history up to them."""
        evaluated, self._pending = self._pending, None
        if evaluated is None or not state.is_world_process_zero:
            return
        home = self.folder / _name_set(metrics or {})
        _refuse_other(home, evaluated, state.global_step)
        target = home / "versions" / f"step-{state.global_step}.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row) + "\n" for row in evaluated.rows)
        write_whole(str(target), text.encode())
        self._judged[target] = evaluated.right, evaluated.silent
        paths = _versions(home, state.global_step)
        if len(paths) > 1:
            traced = trace(list(map(str, paths)), self._options, names=[p.stem for p in paths])
            write_whole(str(home / "history.json"), traced.to_json().encode())

    def __call__(self, evaluated: Any) -> dict[str, float | int]:
        """Return what an evaluation shows beside those before it, as a `compute_metrics`."""
        rows = self._make_rows(evaluated)
        right, silent = self._judge(rows)
        self._pending = Evaluated(rows, right, silent)
        alike = [
            paths
            for home in self._homes()
            if (paths := _versions(home, self._step - 1))
            and _read_references(paths[-1]) == self._pending.references
        ]
        if (
            len(alike) != 1
        ):  # of a set, or of a prediction, of which nothing was written, or unclear
            return {"accuracy": float(right.mean())}
        for path in alike[0]:
            if path not in self._judged:  # of a run that goes on
                self._judged[path] = self._judge(str(path))
        columns = [*(self._judged[path] for path in alike[0]), (right, silent)]
        of = Trajectories(np.stack([c[0] for c in columns]), np.stack([c[1] for c in columns]))
        return _report(of, self._options)

    def _homes(self) -> list[Path]:
        """Return the folder of each evaluation set of which something was written."""
        return sorted(path.parent for path in self.folder.glob("**/versions") if path.is_dir())

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


def _name_set(metrics: Mapping[str, Any]) -> str:
    """Return the name of an evaluation set, as that of a folder: empty where there is one alone.

    The Trainer writes it into the names of its metrics.

    >>> _name_set({"eval_loss": 0.1, "eval_runtime": 2}), _name_set({"eval_a/b_runtime": 2})
    ('', 'a%2Fb')
    """
    prefix = next((key.removesuffix(TIME) for key in metrics if key.endswith(TIME)), "eval")
    name = "" if prefix == "eval" else prefix.removeprefix("eval_")
    return quote(name, safe=" ").replace(".", "%2E")


def _refuse_other(home: Path, evaluated: Evaluated, step: int) -> None:
    """Refuse another evaluation set than that of the versions before, of which it knows nothing."""
    paths = _versions(home, step - 1)
    if not paths or (held := _read_references(paths[-1])) == evaluated.references:
        return
    if len(held) != len(evaluated.rows):
        differ = f"{len(evaluated.rows):,} examples are evaluated, and {len(held):,} were before"
    else:
        differ = f"examples are evaluated whose references are not those of {paths[-1].name}"
    raise DataError(
        f"{home}: {differ}. One evaluation set was expected. Give several as a dictionary, and "
        "each has a history of its own."
    )


def _read_references(path: Path) -> list[Any]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["reference"] for line in lines]


def _versions(home: Path, last: int | None = None) -> list[Path]:
    """Return the predictions of an evaluation set that were written, up to a step, in order."""
    paths = [path for path in (home / "versions").glob("*.jsonl") if STEP.match(path.name)]
    return sorted((path for path in paths if last is None or _step_of(path) <= last), key=_step_of)


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
