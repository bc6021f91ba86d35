"""What became of each example over the versions: worked by hand, then properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.metrics.estimates import Plan
from compatkit.metrics.trajectories import (
    Trajectories,
    count_version,
    join_trajectories,
    measure_history,
    measure_version,
)
from compatkit.statistics import cluster_proportion, wilson

# Eight examples over four versions, as docs/history.md works them by hand; a dot gave no answer.
STRINGS = ("RRRR", "RRWW", "RWRW", "WRWR", "WWRR", "WWWW", "R.RR", ".WRW")


def trajectories(strings=STRINGS, clusters=None) -> Trajectories:
    letters = np.array([list(text) for text in strings]).T
    return Trajectories(letters == "R", letters == ".", clusters)


def column(name: str) -> list[int]:
    return [getattr(count_version(trajectories(), version), name) for version in range(4)]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("right", [4, 3, 5, 4]),
        ("kept", [0, 2, 2, 3]),
        ("repaired", [0, 0, 1, 1]),
        ("learned", [4, 1, 2, 0]),
        ("broken", [0, 2, 2, 3]),
        ("never_right", [4, 3, 1, 1]),
        ("returned", [0, 0, 1, 0]),
        ("first_broken", [0, 2, 2, 1]),
        ("repaired_later", [0, 2, 1, 0]),
        ("right_at_last", [0, 1, 1, 0]),
        ("silent", [1, 1, 0, 0]),
        ("unknown", [0, 1, 1, 0]),
    ],
)
def test_each_version_counts_what_became_of_each_example(name: str, numbers: list[int]) -> None:
    assert column(name) == numbers


def test_events_and_first_breakages() -> None:
    of = trajectories()
    assert of.first_broken.tolist() == [-1, 2, 1, 2, -1, -1, 1, 3]
    assert of.forgetting.sum(axis=0).tolist() == [0, 1, 2, 1, 0, 0, 1, 1]
    # The answer that came back after none was not learned anew, nor was the one that came first.
    assert of.learning.sum(axis=0).tolist() == [0, 0, 1, 2, 1, 0, 0, 1]
    assert of.changes.tolist() == [0, 1, 3, 3, 1, 0, 2, 2]
    assert of.patterns["RRRR"] == 1
    assert next(iter(of.patterns)) == "RRRR"


def test_rates_of_a_version_have_the_intervals_of_their_counts() -> None:
    metrics = measure_version(trajectories(), 3, Plan())
    lost = metrics["ever_right_now_wrong"]
    assert (lost.numerator, lost.denominator, lost.value) == (3, 7, 3 / 7)
    interval = wilson(3, 7)
    assert (lost.low, lost.high) == (interval.low, interval.high)
    assert metrics["negative_flip_rate"].value == 2 / 8
    assert metrics["positive_flip_rate"].value == 1 / 8
    first = measure_version(trajectories(), 0, Plan())
    assert first["accuracy"].value == 4 / 8
    assert first["ever_right_now_wrong"].value is None
    assert first["ever_right_now_wrong"].reason == "no version came before"


def test_the_whole_history() -> None:
    metrics = measure_history(trajectories(), Plan())
    fractions = {name: (m.numerator, m.denominator) for name, m in metrics.items()}
    assert fractions == {
        "ever_right_now_wrong": (3, 7),
        "unforgettable_rate": (2, 7),
        "flip_flop_rate": (4, 8),
        "never_right_rate": (1, 8),
    }


def test_nothing_ever_right_is_undefined_and_no_zero() -> None:
    metrics = measure_history(trajectories(["WW", "WW"]), Plan())
    assert metrics["ever_right_now_wrong"].value is None
    assert metrics["unforgettable_rate"].reason == "no version has an example right"
    assert metrics["never_right_rate"].value == 1


def test_groups_widen_the_interval() -> None:
    clusters = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    plan = Plan(clusters=clusters)
    value = measure_history(trajectories(clusters=clusters), plan)["flip_flop_rate"]
    flags = [0, 0, 1, 1, 0, 0, 1, 1]
    interval = cluster_proportion(flags, clusters)
    assert (value.low, value.high) == (interval.low, interval.high)


def test_tasks_are_put_together() -> None:
    parts = [trajectories(STRINGS[:3]), trajectories(STRINGS[3:])]
    assert join_trajectories(parts).strings() == trajectories().strings()


@given(
    st.integers(2, 6).flatmap(
        lambda size: st.lists(st.text("RW.", min_size=size, max_size=size), min_size=1, max_size=30)
    )
)
def test_five_kinds_are_all_examples_and_a_plain_loop_agrees(strings: list[str]) -> None:
    of = trajectories(strings)
    versions = len(strings[0])
    firsts = [next((v for v in range(1, versions) if s[v - 1 : v + 1] in {"RW", "R."}), -1)
              for s in strings]  # fmt: skip
    assert of.first_broken.tolist() == firsts
    for version in range(versions):
        counts = count_version(of, version)
        kinds = counts.kept, counts.repaired, counts.learned, counts.broken, counts.never_right
        assert sum(kinds) == len(strings)
        assert counts.kept + counts.repaired + counts.learned == counts.right
        assert counts.first_broken <= counts.broken
        assert counts.right_at_last <= counts.repaired_later <= counts.first_broken
        lost = sum("R" in s[:version] and s[version] != "R" for s in strings)
        assert counts.broken == lost
        assert counts.repaired == sum(
            "R" in s[:version] and s[version - 1 : version + 1] == "WR" for s in strings
        )
