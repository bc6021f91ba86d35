"""Found slices: a file worked by hand whose halves are known, then properties."""

import random
from hashlib import blake2b
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit import Comparison, compare, compare_matrix, history
from compatkit.errors import ConfigError
from compatkit.metrics.found_slices import KEY, adjust, is_searched

Rows = list[dict[str, Any]]


def half_of(name: str) -> bool:
    """Return the half of a name, by what the documentation says of it alone."""
    digest = blake2b(name.encode(), digest_size=8, key=b"compatkit.found_slices").digest()
    return int.from_bytes(digest, "big") % 2 == 0


def names(searched: bool, number: int) -> list[str]:
    """Return so many names of one half."""
    every = (f"q{n}" for n in range(10_000))
    return [next(name for name in every if half_of(name) == searched) for _ in range(number)]


def rows_of(broken: set[str], **fields: dict[str, Any]) -> tuple[Rows, Rows]:
    """Return the rows of two models: the old one is right everywhere, the new one but for some."""
    ids = next(iter(fields.values()))
    old = [
        {"id": name, "prediction": "a", "reference": "a"}
        | {field: values[name] for field, values in fields.items()}
        for name in ids
    ]
    new = [row | {"prediction": "b" if row["id"] in broken else "a"} for row in old]
    return old, new


def worked_rows() -> tuple[Rows, Rows]:
    """Return 40 examples of each half, 20 of them German; of these 12 and 9 broke, of others 1."""
    searched, held_out = names(True, 40), names(False, 40)
    lang = {
        name: "de" if n % 2 else "fr"
        for half in (searched, held_out)
        for n, name in enumerate(half)
    }
    german = [[name for name in half if lang[name] == "de"] for half in (searched, held_out)]
    french = [[name for name in half if lang[name] == "fr"] for half in (searched, held_out)]
    broken = {*german[0][:12], *german[1][:9], french[0][0], french[1][0]}
    return rows_of(broken, lang=lang)


def find(old: Rows, new: Rows, **options: Any) -> Any:
    result = compare(old, new, find_slices=True, **options).found_slices
    assert result is not None
    return result


def test_the_halves_are_those_that_the_documentation_names() -> None:
    every = [f"q{n}" for n in range(2000)]
    assert [is_searched(name) for name in every] == [half_of(name) for name in every]
    assert KEY == b"compatkit.found_slices"
    assert 900 < sum(map(is_searched, every)) < 1100


def test_a_file_worked_by_hand() -> None:
    result = find(*worked_rows())
    assert (result.searched, result.held_out, result.fields) == (40, 40, ("lang",))
    (part,) = result.gathered
    assert part.name == "lang = de"
    assert (part.total, part.size, part.broken) == (40, 20, 9)
    assert (part.nfr, part.nfr_outside) == (9 / 20, 1 / 20)
    assert (part.lost, part.lost_outside) == (9 / 20, 1 / 20)
    assert part.lift.value == pytest.approx(9.0)
    # Of 10 flips 9 or 10 lie among these 20 of 40.
    ways = comb(20, 9) * comb(20, 1) + comb(20, 10)
    assert part.p_value == part.p_adjusted == pytest.approx(ways / comb(40, 10))
    assert part.example == min(name for name in names(False, 40)[1::2][:9])


def test_what_the_searched_half_shows_is_no_evidence() -> None:
    old, new = worked_rows()
    repaired = [row | {"prediction": "a"} if not half_of(row["id"]) else row for row in new]
    french = [row["id"] for row in old if row["lang"] == "fr" and not half_of(row["id"])]
    repaired = [row | {"prediction": "b"} if row["id"] in french[:9] else row for row in repaired]
    result = find(old, repaired)
    assert not result.gathered
    (part,) = result.tested
    assert (part.name, part.broken, part.p_value) == ("lang = de", 0, 1.0)


def test_numbers_are_cut_at_their_quartiles() -> None:
    ids = [*names(True, 100), *names(False, 100)]
    size = {name: 10 * (n % 100) for n, name in enumerate(ids)}
    broken = {name for name in ids if 250 < size[name] <= 500 and size[name] % 20}
    result = find(*rows_of(broken, size=size))
    assert result.gathered[0].name == "size > 240 and <= 490"
    assert str(result.gathered[0].conditions[0].above) == "240.0"


def test_a_pair_is_named_where_neither_field_alone_says_as_much() -> None:
    rng = random.Random(3)
    ids = [*names(True, 400), *names(False, 400)]
    lang = {name: rng.choice(["de", "fr", "it"]) for name in ids}
    kind = {name: rng.choice(["code", "prose", "math"]) for name in ids}
    broken = {
        name
        for name in ids
        if rng.random() < (0.6 if (lang[name], kind[name]) == ("de", "code") else 0.03)
    }
    result = find(*rows_of(broken, lang=lang, kind=kind))
    assert [part.name for part in result.gathered] == ["lang = de and kind = code"]


def test_where_more_was_right_before_more_can_break_and_that_is_no_place() -> None:
    rng = random.Random(1)
    ids = [*names(True, 500), *names(False, 500)]
    lang = {name: rng.choice(["de", "fr"]) for name in ids}
    old, new = rows_of({name for name in ids if rng.random() < 0.2}, lang=lang)
    hard = {name for name in ids if lang[name] == "fr" and rng.random() < 0.8}
    old = [row | {"prediction": "c"} if row["id"] in hard else row for row in old]
    new = [row | {"prediction": "c"} if row["id"] in hard else row for row in new]
    assert not find(old, new).gathered


def test_the_order_of_rows_changes_nothing_and_neither_do_other_examples() -> None:
    old, new = worked_rows()
    order = list(range(len(old)))
    random.Random(0).shuffle(order)
    turned = [old[n] for n in order], [new[n] for n in reversed(order)]
    assert find(*turned).to_dict() == find(old, new).to_dict()
    fewer = compare(old[:30], new[:30], find_slices=True).found_slices
    assert fewer is not None
    assert fewer.searched == sum(half_of(row["id"]) for row in old[:30])


@given(st.lists(st.text(max_size=5), unique=True, min_size=2, max_size=8))
def test_the_half_of_a_name_is_its_own(every: list[str]) -> None:
    whole = {name: is_searched(name) for name in every}
    assert {name: is_searched(name) for name in reversed(every)} == whole


def test_holm_is_over_all_that_was_carried_over_for_all_candidates() -> None:
    (part,) = find(*worked_rows()).tested
    first, second = adjust([[part], [part]])
    assert [one.p_adjusted for one in (*first, *second)] == [2 * part.p_value] * 2
    assert first[0].family == 2
    assert adjust([[], []]) == [[], []]


def test_groups_lie_in_one_half_whole_and_are_what_is_dealt() -> None:
    ids = [*names(True, 200), *names(False, 200)]
    passages = [*names(True, 40), *names(False, 40)]
    passage = {name: passages[n // 5] for n, name in enumerate(ids)}
    rng = random.Random(2)
    lang = {name: rng.choice(["de", "fr"]) for name in passages}
    of_example = {name: lang[passage[name]] for name in ids}
    # Whole passages break: four of each half, by chance in German.
    bad = {
        p
        for half in (passages[:40], passages[40:])
        for p in [g for g in half if lang[g] == "de"][:4]
    }
    old, new = rows_of(
        {name for name in ids if passage[name] in bad}, lang=of_example, passage=passage
    )
    alone = find(old, new)
    together = find(old, new, cluster="passage")
    assert alone.gathered[0].p_value < 1e-4
    assert together.searched == sum(half_of(row["passage"]) for row in old) == 200
    assert all(part.p_value > 0.01 for part in together.tested)


def test_too_few_broken_answers_are_said_to_be_too_few() -> None:
    old, _new = worked_rows()
    result = find(old, old)
    assert result.reason == "fewer than 4 broken answers on one half of the examples"
    assert not result.tested
    bare = [{"id": row["id"], "prediction": row["prediction"], "reference": "a"} for row in old]
    nothing = find(bare, [row | {"prediction": "b"} for row in bare])
    assert nothing.reason == "no field tells the examples apart"


def test_several_samples_and_pass_at_k_are_tested_by_their_expected_flips() -> None:
    old, new = worked_rows()
    rows = [
        [row | {"prediction": [row["prediction"], row["prediction"], "a"]} for row in side]
        for side in (old, new)
    ]
    part = find(*rows).gathered[0]
    assert part.name == "lang = de"
    assert part.broken == pytest.approx(9 * 2 / 3)
    assert part.p_value < 0.01
    drawn = find(*rows, pass_at=1).gathered[0]
    assert drawn.p_value == part.p_value


def test_scores_between_right_and_wrong_flip_over_the_threshold() -> None:
    old, new = worked_rows()
    rows = [
        [row | {"score": 0.6 if row["prediction"] == "a" else 0.3} for row in side]
        for side in (old, new)
    ]
    result = find(*rows, scorer="field:score", threshold=0.5)
    assert result.gathered[0].broken == 9
    assert not find(*rows, scorer="field:score", threshold=0.2).gathered


def test_each_example_that_a_slice_holds_is_told() -> None:
    old, new = worked_rows()
    comparison: Comparison = compare(old, new, find_slices=True)
    assert comparison.found_slices is not None
    part = comparison.found_slices.gathered[0]
    inside = {comparison.pair.ids[row] for row in part.rows.tolist()}
    assert inside == {row["id"] for row in old if row["lang"] == "de"}
    assert compare(old, new).found_slices is None
    assert isinstance(np.asarray(part.rows), np.ndarray)


def test_a_search_of_several_updates_at_once_is_refused() -> None:
    old, new = worked_rows()
    with pytest.raises(ConfigError, match="--find-slices is of one update, and a matrix shows"):
        compare_matrix([old, new], find_slices=True)
    with pytest.raises(ConfigError, match="--find-slices is of one update, and a history shows"):
        history([old, new, old], find_slices=True)
