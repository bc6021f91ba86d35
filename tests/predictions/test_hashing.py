from hypothesis import given
from hypothesis import strategies as st

from compatkit.predictions.hashing import hash_texts

TEXTS = st.one_of(st.none(), st.text(max_size=4), st.tuples(st.text(max_size=3), st.text()))


@given(st.lists(TEXTS, min_size=1), st.sampled_from([b"", b"key"]))
def test_equal_texts_alone_have_equal_numbers(column: list[object], key: bytes) -> None:
    numbers = hash_texts(column, key).tolist()
    assert [number == 0 for number in numbers] == [text is None for text in column]
    for text, number in zip(column, numbers, strict=True):
        assert [other == text for other in column] == [other == number for other in numbers]


def test_a_key_decides_the_number() -> None:
    assert hash_texts(["a"], b"one").tolist() == hash_texts(["a", "b"], b"one").tolist()[:1]
    assert hash_texts(["a"], b"one").tolist() != hash_texts(["a"], b"other").tolist()
    assert hash_texts(["\ud800"], b"one").tolist() != hash_texts(["?"], b"one").tolist()
