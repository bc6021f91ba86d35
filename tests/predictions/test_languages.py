"""Languages: texts by hand, then messages that people translated, then hostile texts."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compatkit.predictions.languages import WORDS, find_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It was the capital of this country.", "English"),
        ("Das ist nicht die Hauptstadt, und sie wird es auch nicht.", "German"),
        ("Il est dans une ville qui n'est pas sur cette carte.", "French"),
        ("Los gatos y las aves son animales, pero el perro también lo es.", "Spanish"),
        ("Il gatto della casa non è anche il cane degli altri.", "Italian"),
        ("O gato não está em casa, mas também os cães são dele.", "Portuguese"),
        ("Het is niet de hoofdstad van het land, maar ook een stad.", "Dutch"),
        ("Det är inte huvudstaden och den har en annan stad.", "Swedish"),
        ("Nie jest to stolica, która się zmienia przez lata, ale miasto.", "Polish"),
        ("Ktorý z nich je to, ale sú aj iné, ktoré bol by som čo.", "Slovak"),
        ("Это не столица, но он был там, который из них для нас.", "Russian"),
        ("\u6771\u4eac\u306f\u65e5\u672c\u306e\u9996\u90fd\u3067\u3042\u308b\u3002", "Japanese"),
        (
            "\u5317\u4eac\u662f\u4e2d\u534e\u4eba\u6c11\u5171\u548c\u56fd\u7684\u9996\u90fd",
            "Chinese",
        ),
        ("\u6771\u4eac", None),
        ("The the the of the", None),  # two different words
        ("and was that Paris" + " Rome" * 30, None),  # one word in ten
        ("und nicht sind and was that", None),  # of two languages alike
        ("die in de la a o", None),  # of several languages each
        ("Paris", None),
        ("42", None),
        ("", None),
    ],
)
def test_languages_by_hand(text: str, language: str | None) -> None:
    assert find_language(text) == language


@pytest.mark.parametrize("language", WORDS)
def test_a_language_has_words_of_its_own_each_listed_once(language: str) -> None:
    words = WORDS[language].split()
    assert len(set(words)) == len(words)
    assert words == [word.casefold() for word in words]
    others = {word for name, text in WORDS.items() if name != language for word in text.split()}
    own = [word for word in words if word not in others and len(word) > 1]
    assert len(own) >= 15
    assert find_language(" ".join(own)) == language


# What the catalogues of Sphinx's messages call the languages of the table.
CATALOGUES = {
    "de": "German",
    "en_GB": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "pl": "Polish",
    "pt_BR": "Portuguese",
    "pt_PT": "Portuguese",
    "ru": "Russian",
    "sk": "Slovak",
    "sv": "Swedish",
    "zh_CN": "Chinese",
    "zh_TW": "Chinese",
}


def test_no_message_that_people_translated_is_taken_for_another_language() -> None:
    """Of all that Sphinx says in 60 languages and more; most of it is too short to tell."""
    sphinx = pytest.importorskip("sphinx")
    pofile = pytest.importorskip("babel.messages.pofile")
    wrong: list[tuple[str, str]] = []
    right: Counter[str] = Counter()
    translated: Counter[str] = Counter()
    for path in sorted(Path(sphinx.__file__).parent.glob("locale/*/LC_MESSAGES/sphinx.po")):
        code = path.parts[-3]
        with path.open("rb") as file:
            messages = pofile.read_po(file)
        for message in messages:
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            # What is not translated is English, and two Albanian messages are Portuguese.
            for text in (text for text in texts if text and text != message.id):
                language = find_language(text)
                translated[code] += 1
                right[code] += language is not None and language == CATALOGUES.get(code)
                if language not in {None, CATALOGUES.get(code)} and code != "sq":
                    wrong.append((code, text))
    assert wrong == []
    assert len(translated) >= 60
    assert {code for code, count in right.items() if count} >= {"fr", "sv", "ja", "zh_CN", "ru"}


@given(st.text())
def test_every_text_has_a_language_of_the_table_or_none(text: str) -> None:
    assert find_language(text) in {*WORDS, "Japanese", "Chinese", None}


@pytest.mark.parametrize(
    "text",
    ["the " * 500_000, "a" * 2_000_000, "'" * 1_000_000, "a'" * 1_000_000, "\u6771" * 1_000_000],
    ids=lambda text: repr(text[:4]),
)
def test_of_a_long_text_the_end_is_looked_at(text: str) -> None:
    assert find_language(text) == find_language(text[-5000:])
