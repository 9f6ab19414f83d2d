"""Words as search sees them: tokens, stop words, stems and the language of a text.

Identifiers are split (`getUserName`, `user_name`) and runs of Chinese, Japanese or Korean characters become pairs,
because neither writes spaces between its words.
"""

import re
import threading
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import snowballstemmer

WORD: Final = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_POSSESSIVE = re.compile(r"'s?$")
_ACRONYMS = re.compile(r"[A-Z]{2,}s")
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
"""Where a word may be broken or joined: nobody sees it, and it is no part of the word."""

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

_WORTH: Final = 5
_WORTH_AMBIGUOUS: Final = 2
_WORTH_TELLING: Final = 3
_WORTH_LETTERS: Final = 3
_LEAD: Final = 5
"""One word that no other language has, or several that could be something else, and no word of the default."""

_LETTERS: Final = {
    "da": frozenset("åæø"),
    "de": frozenset("äöüß"),
    "en": frozenset(""),
    "es": frozenset("áéíóúñ"),
    "fr": frozenset("àâçèéêëîïôùûœ"),
    "it": frozenset("àèéìòù"),
    "nl": frozenset("ëï"),
    "pt": frozenset("áâãàçéêíóôõú"),
    "sv": frozenset("åäö"),
}
_READ_OF_A_DOCUMENT: Final = 5_000
_BORROWED: Final = frozenset({
    "al", "alla", "alle", "com", "come", "comment", "cosa", "da", "das", "de", "del", "der", "des", "di", "do",
    "door", "dove", "du", "el", "elle", "en", "es", "et", "ex", "il", "la", "las", "le", "les", "lo", "los", "ma",
    "me", "mi", "min", "na", "ni", "no", "os", "pa", "per", "plus", "por", "pour", "sans", "se", "sea", "si", "são",
    "te", "til", "till", "van", "vi", "von", "want",
})  # fmt: skip
_GERMAN_QUESTION: Final = re.compile(
    r"(?:^|[,;.!?])\W{0,3}(?:und |aber )?(?:was (?:kostet|kosten|macht|machen|mache|passiert|bedeutet|bedeuten|heißt"
    r"|steht|stehen|gilt|gelten|gehört|braucht|brauche|brauchen|bringt|verdient|bekommt|bekomme|bekommen|zahlt|tut|tun|tue"
    r"|darf|dürfen|sollte|geht|fehlt|enthält|umfasst|regelt|zählt|kannst|weißt|hast|machst|meinst"
    r"|(?!it |that |not )\w+te? (?:der|die|das|den|ein|eine|einen|man|du))"
    r"|wor(?:über|auf|um|an|in|aus)|wo(?:mit|für|von|zu|gegen|bei)|weshalb|wieviele?|wessen|wen)\b",
    re.IGNORECASE,
)
"""Words that no English question begins with: the verb tells the German "was" from the English one."""
_QUESTIONS: Final = {"de": _GERMAN_QUESTION, "es": re.compile("[¿¡]")}
_SPELLING: Final = {
    language: re.compile(written, re.IGNORECASE)
    for language, written in {
        "da": r"[æø]|hv|af|(?<=[aeiouy])je?\b|tion|ning|else",
        "de": r"ß|[äöü]|sch|ung(?:en)?\b|keit|ie\b",
        "es": r"[ñ¿¡]|[cs]i[óo]n(?:es)?\b|dad(?:es)?\b|j|\bll|\by\b|\bdel\b",
        "fr": r"[çèêëœùûîïâ]|é\w*é|é(?:e|s|es)?\b|\b(?:[dlnsjmtc]|qu)['\u2019]|\s[?!]"
        r"|(?:tion|ment|eur|ique|oire?|aux?)s?\b",
        "it": r"[àìòù]\b|zion[ei]\b|gli|cch|gh|\w{4}i\b|\b(?:dell|nell|all|un|l|cos)['\u2019]|\bdell[ao]\b",
        "nl": r"ij|aa|oo|ee|uu|ieuw|\w{3}en\b|sch",
        "pt": r"[ãõçâôê]|nh|lh|dades?\b|\b(?:d|n)?os?\b|ência|gem\b|\bem\b",
        "sv": r"[äö]|ck|skj|dd\b|nn\b|ning|tion|\bför\b",
    }.items()
}
"""What one of the languages writes and those that share its words hardly do."""

_PER_THREAD = threading.local()


@lru_cache(maxsize=1)
def _stop_words() -> dict[str, frozenset[str]]:
    return _by_language("stop_words.txt")


@lru_cache(maxsize=1)
def telling_words() -> dict[str, frozenset[str]]:
    """Words of everyday work that English does not have."""
    return _by_language("telling_words.txt")


def _by_language(name: str) -> dict[str, frozenset[str]]:
    lines = files("flash_core.utils").joinpath(name).read_text(encoding="utf-8").splitlines()
    return {line[:2]: frozenset(line[3:].split()) for line in lines}


def stop_words(language: str = "en") -> frozenset[str]:
    """Words that say nothing about the subject; English ones for a language that is not known."""
    known = _stop_words()
    return known.get(language, known["en"])


@lru_cache(maxsize=1)
def short_words() -> frozenset[str]:
    """English words of up to three letters."""
    return frozenset(files("flash_core.utils").joinpath("short_words.txt").read_text(encoding="utf-8").split())


def composed(text: str) -> str:
    """Letters and their accents as one, without the signs inside words that nobody sees."""
    return text if text.isascii() else _UNSEEN.sub("", unicodedata.normalize("NFC", text))


def tokens(text: str) -> list[str]:
    """Lower-case words in order, identifiers split into their parts, possessive endings dropped."""
    return [part for word in WORD.findall(composed(text)) for part in _parts(word)]


def content_tokens(text: str, language: str = "en") -> list[str]:
    """What carries meaning, in order and with repetitions; stop words are left out."""
    stop = stop_words(language)
    return [token for token in tokens(text) if token not in stop]


def content_stems(text: str, language: str = "en", *, stemmed_in: str | None = None) -> list[str]:
    """The stems of `content_tokens`, in `stemmed_in` when that is another language than the text's."""
    return [stem(token, stemmed_in or language) for token in content_tokens(text, language)]


@lru_cache(maxsize=65_536)
def stem(word: str, language: str = "en") -> str:
    """The Snowball stem of one lower-case word; unknown languages are left as they are."""
    stemmer = _stemmer(language)
    return word if stemmer is None else str(stemmer.stemWord(word))


def detect_language(text: str, default: str = "en") -> str:
    """The language that the text has most words of; `default` unless another one is clearly ahead of it.

    Words that are something else elsewhere ("de facto", "war room", "LA office") say little by themselves. Between
    languages that have as many, the spelling decides. Meant for a question or a passage; it knows the languages of
    `stop_words.txt` only.
    """
    said = composed(text)
    found = tokens(said) if said.isupper() else tokens(" ".join(one for one in WORD.findall(said) if not _is_code(one)))
    counts = {language: _evidence(found, language) for language in _stop_words()}
    for language, question in _QUESTIONS.items():
        counts[language] += _WORTH * (question.search(said) is not None)
    most = max(counts.values())
    tied = [language for language, count in counts.items() if count == most]
    best = max(tied, key=lambda language: (_spelt(said, language), language == default))
    return best if counts[best] >= counts.get(default, 0) + _LEAD else default


def document_language(title: str, text: str) -> str:
    """The language that a document is stemmed in."""
    return detect_language(f"{title}\n{text[:_READ_OF_A_DOCUMENT]}")


def _is_code(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _spelt(said: str, language: str) -> int:
    spelling = _SPELLING.get(language)
    return len(spelling.findall(said)) if spelling else 0


def _evidence(found: Sequence[str], language: str) -> int:
    """How much speaks for a language.

    Every word counts once however often it is there (an example may repeat its host's `.com` all the time), an
    ambiguous or a telling one less, and that there are letters of the language in other words.
    """
    own = _stop_words()[language]
    words = own.intersection(found)
    unsure = _ambiguous() & words
    letters = _LETTERS[language].intersection("".join(token for token in found if token not in own))
    telling = telling_words().get(language, frozenset()).intersection(found)
    small = _WORTH * len(words - unsure) + _WORTH_AMBIGUOUS * len(unsure)
    return small + _WORTH_TELLING * len(telling) + _WORTH_LETTERS * bool(letters)


@lru_cache(maxsize=1)
def _ambiguous() -> frozenset[str]:
    """Stop words of one language that are words, names or abbreviations in English text."""
    foreign = frozenset[str]().union(*_stop_words().values()) - _stop_words()["en"]
    single = frozenset(word for word in foreign if len(word) == 1)
    return single | (foreign & (short_words() | _BORROWED))


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
