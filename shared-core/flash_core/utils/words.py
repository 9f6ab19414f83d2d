"""Words as search sees them: tokens, stop words, stems and the language of a text.

Identifiers are split (`getUserName`, `user_name`) and runs of Chinese, Japanese or Korean characters become pairs,
because neither writes spaces between its words.
"""

import re
import threading
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import snowballstemmer

WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_POSSESSIVE = re.compile(r"'s?$")
_ACRONYMS = re.compile(r"[A-Z]{2,}s")

STEMMERS: Final = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
    "sv": "swedish",
}


_PER_THREAD = threading.local()


@lru_cache(maxsize=1)
def _stop_words() -> dict[str, frozenset[str]]:
    lines = files("flash_core.utils").joinpath("stop_words.txt").read_text(encoding="utf-8").splitlines()
    return {line[:2]: frozenset(line[3:].split()) for line in lines}


def stop_words(language: str = "en") -> frozenset[str]:
    """Words that say nothing about the subject; English ones for a language that is not known."""
    known = _stop_words()
    return known.get(language, known["en"])


def tokens(text: str) -> list[str]:
    """Lower-case words in order, identifiers split into their parts, possessive endings dropped."""
    return [part for word in WORD.findall(text) for part in _parts(word)]


def content_stems(text: str, language: str = "en") -> list[str]:
    """The stems of what carries meaning, in order and with repetitions; stop words are left out."""
    stop = stop_words(language)
    return [stem(token, language) for token in tokens(text) if token not in stop]


@lru_cache(maxsize=65_536)
def stem(word: str, language: str = "en") -> str:
    """The Snowball stem of one lower-case word; unknown languages are left as they are."""
    stemmer = _stemmer(language)
    return word if stemmer is None else str(stemmer.stemWord(word))


def detect_language(text: str, default: str = "en") -> str:
    """The language whose stop words the text has most of; `default` when none is ahead.

    Meant for a question or a passage; it knows the languages of `stop_words.txt` only.
    """
    found = tokens(text)
    counts = {language: sum(token in words for token in found) for language, words in _stop_words().items()}
    best = max(counts, key=lambda language: (counts[language], language == default))
    return best if counts[best] > counts.get(default, 0) else default


def _stemmer(language: str) -> Any:
    """A stemmer keeps the word that it works on in itself, so no two threads may share one."""
    known: dict[str, Any] = _PER_THREAD.__dict__
    if language not in known:
        name = STEMMERS.get(language)
        known[language] = snowballstemmer.stemmer(name) if name else None
    return known[language]


@lru_cache(maxsize=65_536)
def _parts(word: str) -> tuple[str, ...]:
    word = word.replace("\u2019", "'")
    if _CJK.search(word):
        return tuple(word[at : at + 2] for at in range(max(1, len(word) - 1)))
    if word.islower() or word.isdigit() or word.istitle():
        return (_POSSESSIVE.sub("", word.lower()),)
    if _ACRONYMS.fullmatch(word):
        return (word[:-1].lower(),)  # `PDFs`, which no stemmer knows and which is not `PD` and `Fs`
    humps = _HUMP.findall(word) if word.isascii() and "'" not in word else []
    if len(humps) > 1 and not word.isupper():
        return tuple(hump.lower() for hump in humps)
    return (_POSSESSIVE.sub("", word.lower()),)
