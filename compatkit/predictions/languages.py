r"""Languages: in which language a text is, as far as words that one language alone has tell.

`WORDS` holds the commonest function words of each language; those that several have, and those of
one letter, do not count. A text is in a language where at least `FEWEST` different ones of its
words, and one in `SPARSEST` of all its words, are that language's, and `TIMES` as many as are of
any other. Japanese and Chinese, whose letters are of one script, are told apart by kana, of which
a Japanese text has some. Nothing else is decided: a short answer, a number, a name, or a text in a
language that is not in the table is in none; a near relative of one in the table may be taken for
it. To add one: a line in the table.
"""

import re
from collections import Counter
from functools import cache

LONGEST = 5000  # characters, at the end of a text, that are looked at
FEWEST = 3
SPARSEST = 10
TIMES = 4
FEWEST_CHARACTERS = 10  # of Chinese or Japanese, which have no words to count
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
# Compiled when a text is first read.
KANA = "[\u3041-\u3096\u30a1-\u30fa]"
HAN = "[\u4e00-\u9fff]"
WORDS = {
    "English": (
        "the of and is are was were that this with for from which would have has it they "
        "their not be been by you your what when there who will can these at on if in to a as "
        "or i do he me we so no an man per"
    ),
    "German": (
        "der das und ist nicht ein eine einen einem einer eines mit sich auf für dem den wird "
        "werden sind wurde auch aus bei oder zum zur nach ich wir sie es von kann über im "
        "wenn die in zu des an als war man was er so am um"
    ),
    "French": (
        "le les des est et dans une du pour qui sur pas par avec ce cette sont plus aux au "
        "être il elle nous vous je mais ou où leur ses été fait comme n'est c'est qu'il ne de "
        "la en un que se son à a on si y d s"
    ),
    "Spanish": (
        "el los las y una es para con por del lo su sus como más pero fue este esta cuando "
        "hay muy también sobre ser son entre sin ya donde desde porque de la en un que se no "
        "a o al le les mi si te e era ha"
    ),
    "Italian": (
        "il gli della delle dei degli di che è per non sono una nel nella con anche più "
        "questo questa come si alla dal dalla stato essere ma ed lo la le i un in e a da se "
        "al o del no ha era"
    ),
    "Portuguese": (
        "o os do dos das da em um uma é não para com por no na nos nas ao à pelo pela mais "
        "foi são se ou como também isso ele ela você está seu sua de que a e as entre era "
        "este esta ser sobre"
    ),
    "Dutch": (
        "het een van en de niet dat zijn voor met op aan te wordt worden ook naar bij deze "
        "dit uit heeft maar wat kan als door werd ze je in is was of die er om we over hebben"
    ),
    "Swedish": (
        "och att det som en är av för den inte på med till har om ett kan eller från vi jag "
        "så men när var ska detta i de du han man"
    ),
    "Polish": (
        "i w nie się na z że jest do to jak o za od po przez który która które są ale czy tak "
        "był była było może dla oraz jego tylko a ze co ten ta we"
    ),
    "Slovak": (
        "a v na sa je to že so z do ako pre od nie aj ktorý ktorá ktoré ale čo by sme som si "
        "o po za tak ich bol bola bolo alebo pri sú keď len k s i ten ta už"
    ),
    "Russian": (
        "и в не на что с по это как из для от он она они был была было но его же за так или "  # noqa: RUF001
        "если при который только бы"
    ),
}


@cache
def _owners() -> dict[str, str]:
    """Return each word that one language alone has, with that language."""
    owners: dict[str, list[str]] = {}
    for language, words in WORDS.items():
        for word in words.split():
            owners.setdefault(word, []).append(language)
    return {
        word: languages[0]
        for word, languages in owners.items()
        if len(languages) == 1 and len(word) > 1
    }


def find_language(text: str) -> str | None:
    r"""Return the language of a text, None where words do not tell.

    >>> find_language("It was the capital of this country."), find_language("Paris")
    ('English', None)
    >>> find_language("Il est dans une ville qui n'est pas sur cette carte.")
    'French'
    """
    tail = text[-LONGEST:]
    words = WORD.findall(tail.casefold().replace("\u2019", "'"))
    owners = _owners()
    counts = Counter(owners[word] for word in words if word in owners).most_common(2)
    if counts:
        (language, first), second = counts[0], sum(count for _, count in counts[1:])
        different = len({word for word in words if owners.get(word) == language})
        sure = different >= FEWEST and first * SPARSEST >= len(words) and first >= TIMES * second
        return language if sure else None
    kana, han = len(re.findall(KANA, tail)), len(re.findall(HAN, tail))
    if kana + han < FEWEST_CHARACTERS:
        return None
    return "Japanese" if kana else "Chinese"
