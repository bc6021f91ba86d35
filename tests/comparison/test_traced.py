"""Traced examples: the order they stand in, and that they are read whole, some at a time."""

import pytest

from compatkit import history
from compatkit.comparison import flipped
from compatkit.errors import ConfigError

# Right and wrong over three versions.
STRINGS = {"a": "RRR", "b": "RRW", "c": "WRR", "d": "RWR", "e": "WRW"}
VERSIONS = {
    f"v{number}": [
        {"id": name, "prediction": f"{string[number]}", "reference": "R", "input": name}
        for name, string in STRINGS.items()
    ]
    for number in range(3)
}


def test_those_that_changed_most_often_stand_first_then_those_that_are_wrong_now() -> None:
    changed = history(VERSIONS, keep_flips=True).changed
    assert list(changed.ids) == ["e", "d", "b", "c"]
    assert changed.first_broken.tolist() == [2, 1, 2, -1]
    assert len(changed) == 4


@pytest.mark.parametrize("together", [1, 3, 5_000])
def test_they_are_the_same_however_many_are_read_together(
    monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    monkeypatch.setattr(flipped, "TOGETHER", together)
    examples = list(history(VERSIONS, keep_flips=True).changed)
    assert [example.predictions for example in examples] == [
        tuple(STRINGS[name]) for name in "edbc"
    ]
    assert [example.input for example in examples] == ["e", "d", "b", "c"]
    assert [example.first_broken for example in examples] == [2, 1, 2, None]


def test_without_their_answers_they_are_counted_and_not_read() -> None:
    changed = history(VERSIONS).changed
    assert len(changed) == 4
    with pytest.raises(ConfigError, match="keep_flips=True keeps them"):
        list(changed)
