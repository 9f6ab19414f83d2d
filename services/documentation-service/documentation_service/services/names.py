"""Names in a query, and whether passages say them.

Words and meaning together are not enough here: "When does the Blorptown garage close?" has nearly all of both in common
with what a page says about another garage.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Final

from flash_core.utils.words import WORD, composed, content_stems, content_tokens, stem

_NOUNS_HAVE_CAPITALS: Final = frozenset({"de"})
_TITLE: Final = 0.6
"""From this share of words with a capital on, it is a title, or shouted."""
_BEGINNING: Final = re.compile(r"(?:^|[.?!:\"“„«(\n])\s*$")
_POSSESSIVE: Final = re.compile(r"['\u2019]s?$")
_FEWEST_LETTERS: Final = 5
"""Of a word that may be another one with a typing error."""
_SIMILAR: Final = 0.8
_NO_NAMES: Final = frozenset({
    "april", "askflash", "august", "christmas", "december", "easter", "english", "february", "friday", "january",
    "july", "june", "march", "may", "monday", "november", "october", "saturday", "september", "sunday", "thursday",
    "tuesday", "wednesday",
})  # fmt: skip
"""Capitals by convention: pages may say the same in many other ways ("weekdays", "public holidays")."""


def names_in(text: str, language: str, known: Sequence[tuple[int, int]] = ()) -> list[str]:
    """Words with a capital, but for the first of a sentence; acronyms there, too. None where nouns have capitals as
    well, and in a title. What lies in the spans `known` is left out.
    """
    words = list(WORD.finditer(text))
    capitals = [one for one in words if one[0][0].isupper()]
    if language in _NOUNS_HAVE_CAPITALS or len(capitals) > len(words) * _TITLE:
        return []
    inside = [one for one in capitals if not any(start <= one.start() < end for start, end in known)]
    named = [one for one in inside if _is_acronym(one[0]) or not _BEGINNING.search(text[: one.start()])]
    names = (_POSSESSIVE.sub("", one[0]) for one in named)
    return [one for one in names if one.lower() not in _NO_NAMES and content_tokens(one, language)]


def is_said(name: str, language: str, texts: Iterable[str]) -> bool:
    """As it stands, in another form, with a typing error, or in full where it is an acronym."""
    plain, composed_texts = composed(name).lower(), [composed(text) for text in texts]
    if any(plain in text.lower() for text in composed_texts):
        return True
    words = [content_tokens(text, language) for text in composed_texts]
    if _is_acronym(name):
        return any(plain in "".join(word[0] for word in some) for some in words)
    said = set(chain.from_iterable(words))
    return set(content_stems(name, language)) <= {stem(word, language) for word in said} or _is_misspelt(plain, said)


def _is_misspelt(name: str, words: Iterable[str]) -> bool:
    """The first letter is right."""
    if len(name) < _FEWEST_LETTERS or not name.isalpha():
        return False
    return bool(get_close_matches(name, [word for word in words if word[0] == name[0]], 1, _SIMILAR))


def _is_acronym(word: str) -> bool:
    return len(word) > 1 and word.isupper()
