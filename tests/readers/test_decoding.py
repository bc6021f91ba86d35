import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.readers import decoding
from compatkit.readers.decoding import repeats_a_key

SPACES = st.sampled_from(["", "", " ", "  ", "\t", "\r", "\n", " \t ", "\n ", "\t ", "\r "])
TEXTS = st.text(alphabet='ab":\\ \t{}[],é', max_size=6)
# Objects as pairs, so that a key may stand in one twice.
VALUES = st.recursive(
    TEXTS | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(TEXTS, inner), max_size=3),
    max_leaves=8,
)


@st.composite
def written(draw: st.DrawFn, value: object) -> str:
    """Write a value as JSON, with white space anywhere before a colon."""
    if isinstance(value, list) and all(isinstance(item, tuple) for item in value):
        pairs = [
            json.dumps(key) + draw(SPACES) + ":" + draw(SPACES) + draw(written(inner))
            for key, inner in value
        ]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(draw(written(inner)) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


def really_repeats(text: str) -> bool:
    repeated = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        repeated.append(len(dict(pairs)) < len(pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=keep)
    return any(repeated)


@given(st.lists(st.tuples(TEXTS, VALUES), max_size=4).flatmap(written))
def test_a_key_that_stands_twice_is_seen_whatever_the_texts_and_spaces(text: str) -> None:
    assert repeats_a_key(text.encode(), [json.loads(text)]) is really_repeats(text)


@pytest.mark.parametrize("text", ["the answer is : 4", "a: b", "10:30", "x :: y"])
@pytest.mark.parametrize("end", [b'":', b'" :'])
def test_colons_in_plain_texts_need_no_closer_look(
    monkeypatch: pytest.MonkeyPatch, text: str, end: bytes
) -> None:
    monkeypatch.setattr(decoding, "STRING", None)
    rows = [{"id": "a", "prediction": text}, {"id": "b", "prediction": "4"}]
    block = "\n".join(map(json.dumps, rows)).encode().replace(b'":', end)
    assert not repeats_a_key(block, rows)
