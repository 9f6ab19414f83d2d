"""The words of a sentence that say something: which are numbers or names, and which are denied."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flash_core.utils.words import stem, stop_words

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*\d*|[.;:!?()]")
CUES = frozenset(
    "not no never without cannot neither nor none nobody nothing nowhere hardly "  # noqa: SIM905
    "nicht kein keine keinen keinem keiner nie niemals ohne ne pas jamais sans aucun aucune nunca sin ningún".split()
)
_REACH = 4
"""A negation speaks of the next few words (NegEx, Chapman et al. 2001, takes five), up to the clause's end."""
_OF_NOUNS = frozenset(
    "no without neither none kein keine keinen keinem keiner ohne sans aucun aucune sin ningún".split()  # noqa: SIM905
)
_NOUN_REACH = 2
_TURNS = frozenset(
    "only all every each always must may might can should before after more less fewer most least until unless except "  # noqa: SIM905
    "both either above below over under first last maximum minimum increase decrease "
    "increases decreases increased decreased higher lower larger smaller alle nur vor nach mehr weniger".split()
)
"""Words that turn a sentence into another one, though most count for nothing in a search."""
NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
    )
}


@dataclass(frozen=True, slots=True)
class Word:
    stem: str
    kind: str  # "number", "name", "turn" or "word"
    negated: bool
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """The words of a text that say something; `cues` counts its negations."""

    words: tuple[Word, ...]
    cues: int

    @property
    def stems(self) -> tuple[str, ...]:
        return tuple(word.stem for word in self.words)

    def of(self, kind: str) -> set[str]:
        return {word.stem for word in self.words if word.kind == kind}


def read(text: str, language: str) -> Text:
    stop = stop_words(language)
    words: list[Word] = []
    cues = reach = 0
    begins = True
    for token in _TOKEN.findall(text):
        if not token[0].isalnum():
            reach, begins = 0, token in {".", "!", "?"}
            continue
        low = token.lower().replace("\u2019", "'").removesuffix("'s")
        if low in CUES or low.endswith("n't"):
            cues, reach = cues + 1, _NOUN_REACH if low in _OF_NOUNS else _REACH
        else:
            kind = _kind(token, low, begins=begins)
            if kind != "word" or low not in stop:
                words.append(Word(_stemmed(token, low, language, kind), kind, reach > 0, low))
            reach = max(0, reach - 1)
        begins = False
    return Text(tuple(words), cues)


def _kind(token: str, low: str, *, begins: bool) -> str:
    if token[0].isdigit() or low in NUMBER_WORDS:
        return "number"
    if low in _TURNS:
        return "turn"
    is_name = not begins and token[0].isupper() and low != "i"
    return "name" if is_name or (len(token) > 1 and token[1:] != token[1:].lower()) else "word"


def _stemmed(token: str, low: str, language: str, kind: str) -> str:
    if kind == "number":
        return NUMBER_WORDS.get(low, token.replace(",", "").rstrip("."))
    return low if kind == "turn" else stem(low, language)


def joined(texts: Sequence[Text]) -> Text:
    return Text(tuple(word for text in texts for word in text.words), sum(text.cues for text in texts))
