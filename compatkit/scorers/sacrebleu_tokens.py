"""Tokens of sacrebleu's tokenizers, for BLEU and for ROUGE."""

from collections.abc import Callable, Iterable

from compatkit.errors import ConfigError, MissingExtraError
from compatkit.option import Option
from compatkit.scorers.token_characters import code_point

KEEPS_SCRIPTS_WHOLE = frozenset({"13a", "intl", "none"})
"""Tokenizers that split at white space and punctuation, so that unspaced text is one token."""
MOST_TOKENS = 1 << 17
FIRST_ID = 3  # lines and texts end in NUL, as in `compatkit.scorers.rouge_columns`

TOKENIZE = Option(
    metavar="NAME",
    help="a tokenizer of sacrebleu; if not said, 13a for bleu and ROUGE's own for rouge*.",
)


def load_tokenizer(name: str) -> Callable[[str], str]:
    """Return one of sacrebleu's tokenizers: a text to its tokens, joined by spaces.

    Raises:
        ConfigError: sacrebleu has no tokenizer of that name.
        MissingExtraError: the tokenizer needs a package that is not installed.
    """
    from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415 - slow to import

    if name not in BLEU.TOKENIZERS:
        names = ", ".join(sorted(BLEU.TOKENIZERS))
        raise ConfigError(f"tokenize={name!r} is not a tokenizer of sacrebleu: {names}")
    try:
        tokenizer: Callable[[str], str] = BLEU(tokenize=name).tokenizer
    except (ImportError, RuntimeError) as error:
        needed = " ".join(str(error).split())
        raise MissingExtraError(f"tokenize={name!r}: {needed}") from error
    return tokenizer


class SacrebleuEncoder:
    """Texts as tokens of a tokenizer of sacrebleu, one character a token.

    Equal tokens are the same character, as with `compatkit.scorers.rouge_columns.TokenEncoder`.

    >>> encoder = SacrebleuEncoder("char")
    >>> encoder.encode_all(["ab", "b a"])[0] == encoder.encode_all(["ab"])[0]
    True
    """

    def __init__(self, name: str) -> None:
        """Load the tokenizer."""
        self._tokenizer = load_tokenizer(name)
        self._ids: dict[str, str] = {}

    @property
    def full(self) -> bool:
        """Whether the encoder should `forget` before it reads more texts."""
        return len(self._ids) > MOST_TOKENS

    def forget(self) -> None:
        """Drop all tokens: texts encoded so far can't be compared with later ones any more."""
        self._ids.clear()

    def encode_all(self, texts: Iterable[str], *, lines: bool = False) -> list[str]:
        r"""The tokens of many texts, a character each.

        Args:
            texts: any texts.
            lines: tokenize each line by itself, and put a `\0` behind it.

        Raises:
            TooManyTokensError: the encoder has met more distinct tokens than there are characters.
        """
        if not lines:
            return [self._encode(text) for text in texts]
        return ["\0".join(map(self._encode, text.split("\n"))) for text in texts]

    def _encode(self, text: str) -> str:
        for token in (tokens := self._tokenizer(text).split()):
            if token not in self._ids:
                self._ids[token] = chr(code_point(FIRST_ID + len(self._ids)))
        return "".join(map(self._ids.__getitem__, tokens))
