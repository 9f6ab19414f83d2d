"""How many tokens a text may be for a language model, where nobody counts."""

import re
from typing import Final

_A_TOKEN_EACH: Final = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00010000-\U0010ffff]"
)
_LATIN: Final = re.compile(r"[\u0000-\u024f\u1e00-\u1eff\u2000-\u206f]")
_LATIN_CHARACTERS = 4
_OTHER_CHARACTERS = 2


def token_weight(text: str) -> float:
    """A rough figure for common tokenizers: a token has four characters of Latin script, two of another alphabet, and
    one of Chinese, Japanese or Korean script. Weights of parts add up.
    """
    if text.isascii():
        return len(text) / _LATIN_CHARACTERS
    dense = len(_A_TOKEN_EACH.findall(text))
    latin = len(_LATIN.findall(text))
    return dense + latin / _LATIN_CHARACTERS + (len(text) - dense - latin) / _OTHER_CHARACTERS


def tokens_of(text: str) -> int:
    """Never 0."""
    return int(token_weight(text)) + 1
