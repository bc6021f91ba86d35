"""Reruns: whether what is said to be a second run of the old model can be one.

Two runs of one model are exchangeable. Whichever agrees with the new model on an example where the
other does not is then a fair coin, and so is whichever is right where the other is wrong. A new
model's file under another name, whole or in part, and a run that broke, are seen by that.
"""

from collections.abc import Sequence

import numpy as np

from compatkit.arrays import BoolArray, IntArray
from compatkit.comparison.checked_options import Options
from compatkit.comparison.judging import join_answers
from compatkit.errors import ConfigError, DataError
from compatkit.metrics.pair import Judged
from compatkit.notes import Note
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.statistics import mcnemar

NEVER = 1e-6  # what two runs of one model show so seldom is refused
SELDOM = 0.01  # and noted


def refuse_pass_at(options: Options, rerun: object) -> None:
    """Refuse pass@k beside a second run of the old model, which tells the noise of single answers.

    Raises:
        ConfigError: both were said.
    """
    if options.pass_at is not None and rerun is not None:
        raise ConfigError(
            "--pass-at judges an example by several samples, and --old-rerun tells the noise of "
            "single ones. Leave one out; further samples of the old model belong into its file."
        )


def doubt_rerun(
    sides: Sequence[ScoredRows],
    examples: Sequence[IntArray],
    judged: Sequence[Judged],
) -> list[Note]:
    """Note where a second run of the old model differs from the first by more than chance.

    Args:
        sides: the rows of the old model, of the new one, and of the second run.
        examples: for each side, of each row the index of its example, -1 where left out.
        judged: the results of each side.

    Returns:
        Notes of what would be seen once in a hundred pairs of runs.

    Raises:
        DataError: the second run answers as the new model does: each answer is the new model's,
            or more of them than chance would make once in a million pairs of runs; or it is right
            on so many more, or fewer, examples than the first.
    """
    # Runs of unequal numbers of samples are not exchangeable.
    alike = judged[0].samples == judged[2].samples
    if not alike.any():
        return []
    old, new, rerun = (results.right[alike] for results in judged)
    names = [side.file.name for side in sides]
    p_values = [_twin(old == new, rerun == new)]
    if all(side.has_answers for side in sides):
        old_answers, new_answers, rerun_answers = (
            join_answers(side, rows, len(alike))[alike]
            for side, rows in zip(sides, examples, strict=True)
        )
        if (rerun_answers == new_answers).all() and (rerun_answers != old_answers).any():
            raise DataError(_said(names, "gives the same answer as the new model to each example"))
        p_values.append(_twin(old_answers == new_answers, rerun_answers == new_answers))
    notes = []
    p_value = min(2.0 * min(p_values), 1.0)  # two looks at one thing
    text = f"agrees with {names[1]} more often than {names[0]} does (p = {p_value:.1g})"
    if p_value < NEVER:
        raise DataError(_said(names, text))
    if p_value < SELDOM:
        notes.append(Note("rerun", f"{names[2]}: a second run of the old model that {text}"))
    shares = f"is right on {rerun.mean():.2%}, and {names[0]} on {old.mean():.2%}"
    p_value = mcnemar(int((old > rerun).sum()), int((rerun > old).sum()))
    text = f"{shares}: two runs of one model differ so much with p = {p_value:.1g}"
    if p_value < NEVER:
        raise DataError(_said(names, text))
    if p_value < SELDOM:
        notes.append(Note("rerun", f"{names[2]}: the second run of the old model {text}"))
    return notes


def _twin(old_agrees: BoolArray, rerun_agrees: BoolArray) -> float:
    """Return the p-value of 'the second run agrees with the new model no more than the first'."""
    only_rerun = int(np.sum(rerun_agrees & ~old_agrees))
    only_old = int(np.sum(old_agrees & ~rerun_agrees))
    return mcnemar(only_rerun, only_old, "worse")


def _said(names: Sequence[str], what: str) -> str:
    return (
        f"{names[2]}: the second run of the old model {what}, so that flips would count as noise. "
        f"Run the model of {names[0]} again, as it was run before."
    )
