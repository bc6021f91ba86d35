"""Joined features: those of an example's rows in both files, joined by id."""

from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
from msgspec import Struct

from compatkit.arrays import FloatArray, IntArray
from compatkit.pairing.scored_rows import ScoredRows
from compatkit.predictions.features import NO_FEATURES, Feature

ALONE = "it stands in one file alone"
LEAST_AGREED = 0.99  # share of the examples: a few that were edited are no word of a model
DIFFERS = "it differs between the models, or between samples of an example"


class JoinedFeatures(Struct, frozen=True):
    """What tells the examples of a comparison apart.

    Attributes:
        features: name to feature of the N examples.
        aside: field to why none is searched by it.
        groups: the name of each example's group; None where examples are independent.
        repeated: of several tasks, number of examples that have the content of an earlier one.
    """

    features: Mapping[str, Feature]
    aside: Mapping[str, str]
    groups: Sequence[str] | None = None
    repeated: int = 0


def join_features(
    sides: Sequence[ScoredRows], examples: Sequence[IntArray], size: int
) -> JoinedFeatures:
    """Join the features of the old and the new file.

    A field belongs to the example where both files have it and agree on it: what one model alone
    says of its answers tells what became of them. What the texts tell is told by the old file,
    which was there before the update; lengths of several samples are averaged.

    Args:
        sides: the old and the new model's rows.
        examples: of each side, of each row the index of its example, -1 where left out.
        size: N.
    """
    old, new = (side.features or NO_FEATURES for side in sides)
    aside = {**old.aside, **new.aside}
    features: dict[str, Feature] = {}
    for path in dict.fromkeys((*old.of_fields, *new.of_fields)):
        of_sides = [side.of_fields.get(path) for side in (old, new)]
        if of_sides[0] is None or of_sides[1] is None:
            aside.setdefault(path, ALONE)
            continue
        joined = _join_field((of_sides[0], of_sides[1]), examples, size)
        if joined is None:
            aside[path] = DIFFERS
        else:
            features[path] = joined
    for name, feature in old.of_texts.items():
        features[name] = _join_text(feature, examples[0], size)
    return JoinedFeatures(features, aside)


def _join_field(
    of_sides: tuple[Feature, Feature], examples: Sequence[IntArray], size: int
) -> Feature | None:
    """Return the field of the examples, None where the files do not agree on it."""
    codes, numbers = None, None
    old, new = of_sides
    texts = old.texts
    if old.codes is not None and new.codes is not None:
        place = {text: code for code, text in enumerate(texts)}
        texts = (*texts, *(text for text in new.texts if text not in place))
        place = {text: code for code, text in enumerate(texts)}
        turned = np.array([*(place[text] for text in new.texts), -1], np.int64)
        codes = _agree(
            (old.codes.astype(float), turned[new.codes].astype(float)), -1.0, examples, size
        )
    if old.numbers is not None and new.numbers is not None:
        numbers = _agree((old.numbers, new.numbers), np.nan, examples, size)
    if codes is None and numbers is None:
        return None
    return Feature(None if codes is None else codes.astype(np.int64), texts, numbers)


def _agree(
    columns: tuple[FloatArray, FloatArray],
    nothing: float,
    examples: Sequence[IntArray],
    size: int,
) -> FloatArray | None:
    """Return the old side's value of each example, None where many rows have another one."""
    values = np.full(size, nothing)
    unlike = np.zeros(size, np.bool_)
    for column, rows in zip(columns, examples, strict=True):
        held = (rows >= 0) & ~(np.isnan(column) if np.isnan(nothing) else column == nothing)
        index, value = rows[held], column[held]
        if column is columns[0]:
            values[index[::-1]] = value[::-1]  # the first row of an example
        before = values[index]
        lacks = np.isnan(before) if np.isnan(nothing) else before == nothing
        unlike[index[~((before == value) | lacks)]] = True
    return values if unlike.sum() <= (1.0 - LEAST_AGREED) * size else None


def _join_text(feature: Feature, examples: IntArray, size: int) -> Feature:
    used = np.flatnonzero(examples >= 0)
    index = examples[used]
    codes = numbers = None
    if feature.codes is not None:
        codes = np.full(size, -1, np.int64)
        codes[index] = feature.codes[used]
        if not (codes[index] == feature.codes[used]).all():
            codes = None
    if feature.numbers is not None:
        held = ~np.isnan(feature.numbers[used])
        sums = np.bincount(index[held], feature.numbers[used][held], size)
        counts = np.bincount(index[held], minlength=size)
        numbers = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return Feature(codes, feature.texts, numbers)


def concatenate_features(
    parts: Mapping[str, JoinedFeatures], sizes: Sequence[int]
) -> JoinedFeatures:
    """Put the features of several tasks together; the task is one itself.

    Args:
        parts: task to its features.
        sizes: of each the number of its examples.
    """
    names = dict.fromkeys(name for part in parts.values() for name in part.features)
    features = {
        name: _concatenate([part.features.get(name) for part in parts.values()], sizes)
        for name in names
    }
    tasks = Feature(np.repeat(np.arange(len(parts)), sizes), tuple(parts), None)
    aside = {
        f"{path} of {task}" if path in features else path: why
        for task, part in parts.items()
        for path, why in part.aside.items()
    }
    groups = [part.groups for part in parts.values() if part.groups is not None]
    joined = list(chain.from_iterable(groups)) if len(groups) == len(parts) else None
    return JoinedFeatures({"task": tasks, **features}, aside, joined)


def _concatenate(parts: Sequence[Feature | None], sizes: Sequence[int]) -> Feature:
    """Put the columns of one feature together; a task without it has no value."""
    held = [part for part in parts if part is not None]
    codes = numbers = None
    texts = tuple(dict.fromkeys(text for part in held for text in part.texts))
    if all(part.codes is not None for part in held):
        place = {text: code for code, text in enumerate(texts)}
        codes = np.concatenate(
            [
                np.full(size, -1, np.int64)
                if part is None or part.codes is None
                else np.array([*(place[text] for text in part.texts), -1], np.int64)[part.codes]
                for part, size in zip(parts, sizes, strict=True)
            ]
        )
    if all(part.numbers is not None for part in held):
        numbers = np.concatenate(
            [
                np.full(size, np.nan) if part is None or part.numbers is None else part.numbers
                for part, size in zip(parts, sizes, strict=True)
            ]
        )
    return Feature(codes, texts, numbers)
