"""Features of examples: which belong to the example, and which to a model."""

from typing import Any

from compatkit import compare
from compatkit.pairing.joined_features import ALONE, DIFFERS, JoinedFeatures

IDS = [f"q{n}" for n in range(10)]


def join(old: dict[str, list[Any]], new: dict[str, list[Any]], **options: Any) -> JoinedFeatures:
    sides = [
        [
            {"id": name, "prediction": "a", "reference": "a"}
            | {field: column[n] for field, column in columns.items()}
            for n, name in enumerate(IDS)
        ]
        for columns in (old, new)
    ]
    joined = compare(sides[0], sides[1][::-1], find_slices=True, **options).features
    assert joined is not None
    return joined


def texts_of(joined: JoinedFeatures, name: str) -> list[str | None]:
    feature = joined.features[name]
    assert feature.codes is not None
    return [None if code < 0 else feature.texts[code] for code in feature.codes.tolist()]


def test_a_field_belongs_to_the_example_where_both_files_agree_on_it() -> None:
    lang = ["de", "fr"] * 5
    joined = join(
        {"lang": lang, "correct": [True] * 10, "note": list("abcdefghij")},
        {"lang": lang, "correct": [False] * 10, "seen": list("abcdefghij")},
    )
    assert texts_of(joined, "lang") == lang
    assert joined.aside == {"correct": DIFFERS, "note": ALONE, "seen": ALONE}


def test_the_value_is_the_old_files() -> None:
    # What the new file alone says of an example, it may say because of what became of it.
    lang: list[Any] = ["de", "fr", None, None, "it", "it", "it", "it", "it", "it"]
    other = [None, "fr", "de", None, "it", "it", "it", "it", "it", "it"]
    joined = join({"lang": lang}, {"lang": other})
    assert texts_of(joined, "lang") == lang


def test_numbers_and_texts_of_one_field_agree_each_for_itself() -> None:
    joined = join({"size": list(range(10))}, {"size": [str(n) for n in range(10)]})
    numbers = joined.features["size"].numbers
    assert numbers is not None
    assert numbers.tolist() == list(range(10))


def test_lengths_of_several_samples_are_averaged_and_fields_must_agree() -> None:
    old = [
        {"id": name, "sample": n, "prediction": "a" * (n + 1), "reference": "a", "try": n, "t": "x"}
        for name in IDS
        for n in range(2)
    ]
    joined = compare(old, old, find_slices=True).features
    assert joined is not None
    numbers = joined.features["length of the old answer"].numbers
    assert numbers is not None
    assert set(numbers.tolist()) == {1.5}
    assert joined.aside == {"try": DIFFERS}
    assert texts_of(joined, "t") == ["x"] * 10


def test_the_score_and_the_roles_are_no_fields() -> None:
    rows = [
        {"id": name, "prediction": "a", "reference": "a", "acc": 1, "error": ""} for name in IDS
    ]
    joined = compare(rows, rows, find_slices=True, scorer="field:acc").features
    assert joined is not None
    assert not {"acc", "id", "prediction", "error"} & {*joined.features, *joined.aside}


def test_the_same_file_twice_is_read_for_its_texts() -> None:
    rows = [{"id": name, "prediction": "a", "reference": "a", "input": name} for name in IDS]
    joined = compare(rows, rows, find_slices=True).features
    assert joined is not None
    assert "length of the input" in joined.features
