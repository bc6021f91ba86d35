"""The compiled kernel: its counts beside the columns of Python, what it refuses and leaves out."""

import random
import re
import subprocess
import sys
import threading
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compatkit import kernel
from compatkit.kernel import NOT_COUNTED, SWITCH, describe_kernel, load_kernel
from compatkit.scorers import bleu_columns, chrf_columns, rouge_columns, ter_columns
from compatkit.scorers.bleu_columns import BleuColumns
from compatkit.scorers.chrf_columns import ChrfColumns
from compatkit.scorers.porter import stem
from compatkit.scorers.rouge_columns import RougeColumns
from compatkit.scorers.ter_columns import ter_scores

compiled = load_kernel()
needs_kernel = pytest.mark.skipif(
    compiled is None, reason="the compiled kernel is not built: `make kernel` takes a C compiler"
)
MOST_CHARACTERS = 1 << 20  # of a row that is counted
ROUGE = ["rouge1", "rouge2", "rouge9", "rougeL", "rougeLsum"]

PIECES = st.one_of(
    st.sampled_from(
        ["a", "b", "the ", "cats ", "running ", "U.S.", "3,5", "&amp;", "-\n", "\n", " "]
    ),
    st.text(st.characters(exclude_categories=()), max_size=4),  # lone surrogates too
)
TEXTS = st.lists(PIECES, max_size=150).map("".join)


def columns_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rouge_columns, bleu_columns, chrf_columns, ter_columns):
        monkeypatch.setattr(module, "load_kernel", lambda: None)


@needs_kernel
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_long_and_hostile_texts_get_the_bits_of_the_columns(
    pairs: list[tuple[str, str]], stemmer: bool
) -> None:
    predictions, references = [text for text, _ in pairs], [text for _, text in pairs]
    lists = [[text, *predictions] for text in references]

    def score_all() -> list[list[float]]:
        return [
            *(
                RougeColumns(kind, stemmer=stemmer)(predictions, references).tolist()
                for kind in ROUGE
            ),
            BleuColumns()(predictions, lists).tolist(),
            BleuColumns(lowercase=True)(predictions, lists).tolist(),
            ChrfColumns()(predictions, lists).tolist(),
            ChrfColumns(lowercase=True)(predictions, lists).tolist(),
        ]

    counted = score_all()
    with pytest.MonkeyPatch.context() as patch:
        columns_of_python(patch)
        assert score_all() == counted


@needs_kernel
@pytest.mark.parametrize("between", [" ", ",", "\n", " \n", "\u00e9", "\u2028", "\U0001f600"])
@pytest.mark.parametrize("order", [1, 0, -1])
def test_words_and_gaps_of_every_length(order: int, between: str) -> None:
    # Eight letters are looked at together: each length of a word after each length of a gap.
    words = ["Ab1" * 7, *("Ab1Cd2Ef3Gh4Ij5Kl6Mn7"[:size] for size in range(1, 21))]
    sizes = range(1, 20)
    texts = [
        word + between * size + other for word, other in product(words, repeat=2) for size in sizes
    ]
    shown = [re.findall("[a-z0-9]+", text.lower()) for text in texts]
    counts = np.empty((len(texts), 3), np.int64)
    assert compiled is not None
    compiled.rouge(texts, [" ".join(tokens[:1]) for tokens in shown], counts, order, False)
    expected = [[1, len(tokens), 1] for tokens in shown]
    assert counts.tolist() == expected


@needs_kernel
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_rouge_has_the_bits_of_another_implementation(
    pairs: list[tuple[str, str]], stemmer: bool
) -> None:
    peers = pytest.importorskip("rouge_score_rs", reason="rouge-score-rs is not installed")
    # It takes no lone surrogates, which are no letters of a word anyway.
    plain = [[text.encode("utf-8", "replace").decode() for text in pair] for pair in pairs]
    peer = peers.rouge_scorer.RougeScorer(ROUGE, use_stemmer=stemmer)
    expected = [peer.score(reference, prediction) for prediction, reference in plain]
    for kind in ROUGE:
        scores = RougeColumns(kind, stemmer=stemmer)(*map(list, zip(*plain, strict=True)))
        assert scores.tolist() == [scored[kind].fmeasure for scored in expected]


def move_words(words: list[str], drawn: random.Random) -> list[str]:
    """Move a run of words elsewhere, now and then, and change one."""
    for _ in range(drawn.randrange(4)):
        start, size = drawn.randrange(len(words) + 1), drawn.randrange(1, 13)
        run, words = words[start : start + size], words[:start] + words[start + size :]
        place = drawn.randrange(len(words) + 1)
        words = words[:place] + run + words[place:]
    return [word if drawn.random() < 0.9 else "new" for word in words]


@needs_kernel
@pytest.mark.parametrize("seed", range(40))
def test_ter_of_shifted_words_has_the_bits_of_sacrebleu(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz"[: drawn.choice([2, 3, 6, 26])]
    size = drawn.choice([3, 8, 14, 30])
    references = [drawn.choices(letters, k=drawn.randrange(size)) for _ in range(2)]
    # Lengths so unlike that the beam around the diagonal must widen.
    references += [drawn.choices(letters, k=120)] if seed % 10 == 0 else []
    predictions = [" ".join(move_words(list(words), drawn)) for words in references]
    lists = [[" ".join(words), *predictions[:2]] for words in references]
    counts = np.zeros((len(lists), 2), np.int64)
    assert compiled is not None
    compiled.ter(predictions, lists, counts)
    assert (counts >= 0).all()
    counted = ter_scores(predictions, lists).tolist()
    columns_of_python(monkeypatch)
    assert ter_scores(predictions, lists).tolist() == counted


@needs_kernel
def test_ter_of_very_unlike_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions = ["a", "a b", "", "a", " ".join("abcab" * 30), "A \u0130"]
    lists = [["b " * 90 + "a"], ["c " * 300], ["a b"], [""], ["a b"], ["a i\u0307"]]
    counted = ter_scores(predictions, lists).tolist()
    columns_of_python(monkeypatch)
    assert ter_scores(predictions, lists).tolist() == counted


@needs_kernel
def test_more_shifts_than_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = random.Random(3)
    words = drawn.choices("ab", k=45)
    pair = [" ".join(drawn.sample(words, 45))], [[" ".join(words)]]
    counted = ter_scores(*pair).tolist()
    columns_of_python(monkeypatch)
    assert ter_scores(*pair).tolist() == counted


@needs_kernel
def test_white_space_is_pythons() -> None:
    assert compiled is not None
    characters = [chr(point) for point in range(sys.maxunicode + 1)]
    counts = np.zeros((len(characters), 8), np.int64)
    compiled.chrf(characters, [""] * len(characters), counts)
    assert counts[:, 0].tolist() == [int(not character.isspace()) for character in characters]


ENDINGS = """
s ss sses ies ied ed eed ing at bl iz y ational tional enci anci izer bli abli alli entli eli ousli
ization ation ator alism iveness fulness ousness aliti iviti biliti fulli logi icate ative alize
iciti ical ful ness al ance ence er ic able ible ant ement ment ent sion tion ion ou ism ate iti
ous ive ize e ll li ly
""".split()  # noqa: SIM905 - a list of literals would be three pages


@needs_kernel
def test_stems_are_those_of_the_columns() -> None:
    assert compiled is not None
    heads = ["", *"bay", "ta", "ly", "relat", "yy", "gyr", "abs", "stez", "eyel", "hopp", "will"]
    words = {a + b + c for a, b, c in product(heads, ENDINGS, ["", *ENDINGS])}
    words |= {"".join(word) for n in range(1, 5) for word in product("aeylstd1", repeat=n)}
    words |= {"sky", "skies", "dying", "news", "innings", "cannings", "howe", "succeed", "y" * 50}
    assert [word for word in sorted(words) if compiled.stem(word) != stem(word)] == []


@needs_kernel
@given(st.text("aeiouybcdlstwxz19", min_size=1))
@settings(max_examples=300, deadline=None)
def test_stems_of_any_letters(word: str) -> None:
    assert compiled is not None
    assert compiled.stem(word) == stem(word)


@needs_kernel
def test_a_long_row_is_left_to_python_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled is not None
    long = "a b c " * (MOST_CHARACTERS // 6)
    predictions, references = ["a b", long, "c"], ["a", long + "d", "c"]
    counts = np.zeros((3, 3), np.int64)
    compiled.rouge(predictions, references, counts, 1, False)
    assert counts[:, 0].tolist() == [1, NOT_COUNTED, 1]
    lists = [[text] for text in references]

    def score_all() -> list[list[float]]:
        return [
            RougeColumns("rouge2")(predictions, references).tolist(),
            BleuColumns()(predictions, lists).tolist(),
            ChrfColumns()(predictions, lists).tolist(),
        ]

    counted = score_all()
    columns_of_python(monkeypatch)
    assert score_all() == counted


@needs_kernel
def test_summaries_of_very_many_lines_are_left_to_python() -> None:
    assert compiled is not None
    lines = "a\n" * 1100
    counts = np.zeros((1, 3), np.int64)
    compiled.rouge([lines], [lines], counts, -1, False)
    assert counts.tolist() == [[NOT_COUNTED, 1100, 1100]]
    assert RougeColumns("rougeLsum")([lines], [lines]).tolist() == [1.0]


@needs_kernel
def test_a_table_of_ter_with_too_many_cells_is_left_to_python() -> None:
    assert compiled is not None
    counts = np.zeros((1, 2), np.int64)
    compiled.ter(["a " * 30_000], [["b " * 30_000]], counts)
    assert counts[0, 0] == NOT_COUNTED


@needs_kernel
def test_columns_that_cannot_be_counted_are_errors() -> None:
    assert compiled is not None
    room = np.zeros((1, 3), np.int64)
    with pytest.raises(ValueError, match="1 predictions and 2 rows"):
        compiled.rouge(["a"], ["a", "b"], room, 1, False)
    with pytest.raises(ValueError, match="order 10"):
        compiled.rouge(["a"], ["a"], room, 10, False)
    with pytest.raises(ValueError, match="room for 1 rows of 3"):
        compiled.rouge(["a"], ["a"], np.zeros(2, np.int64), 1, False)
    with pytest.raises(TypeError, match="row 0: expected a text"):
        compiled.rouge(["a"], [(None,)], room, 1, False)
    with pytest.raises(TypeError, match="row 0: expected a text"):
        compiled.rouge([b"a"], ["a"], room, 1, False)
    with pytest.raises(ValueError, match="row 0: expected at least one reference"):
        compiled.bleu(["a"], [()], np.zeros((1, 6), np.int64))
    with pytest.raises(BufferError):
        compiled.rouge(["a"], ["a"], bytes(24), 1, False)
    with pytest.raises(TypeError):
        compiled.ter(5, ["a"], room)


@needs_kernel
def test_threads_count_beside_each_other() -> None:
    predictions, references = ["the cats ran home"] * 3000, ["a cat runs home again"] * 3000
    expected = RougeColumns("rougeL", stemmer=True)(predictions, references).tolist()
    results: list[list[float]] = []

    def count() -> None:
        scores = RougeColumns("rougeL", stemmer=True)(predictions, references)
        results.append(scores.tolist())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4


def describe(code: str = "", **environment: str) -> str:
    shown = "from compatkit.kernel import describe_kernel\nprint(describe_kernel())"
    program = f"import sys\n{code}\n{shown}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_what_counts_is_told() -> None:
    assert describe(**{SWITCH: "1"}) == "in Python (COMPATKIT_PURE is set)"
    absent = "sys.modules['compatkit.kernel._kernel'] = None"
    assert describe(absent) == "in Python (the compiled kernel was not built)"
    broken = (
        "import importlib.abc, importlib.machinery\n"
        "class Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.endswith('_kernel'):\n"
        "            return importlib.machinery.ModuleSpec(name, self)\n"
        "    def exec_module(self, module):\n"
        "        raise ImportError('undefined symbol: x')\n"
        "sys.meta_path.insert(0, Broken())"
    )
    assert describe(broken) == "in Python (the compiled kernel does not load: undefined symbol: x)"
    if compiled is not None:
        assert describe(**{SWITCH: "0"}) == "by the compiled kernel"


def test_the_switch_leaves_the_kernel_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    kernel.load_kernel.cache_clear()
    assert load_kernel() is None
    assert "is set" in describe_kernel()
    monkeypatch.undo()
    kernel.load_kernel.cache_clear()
    assert load_kernel() is compiled
