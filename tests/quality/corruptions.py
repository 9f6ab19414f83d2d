"""True sentences about a passage, and sentences that look like them and are not: made by rule, from real texts."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from flash_core.utils.words import content_stems
from tests.quality.turned import TURNED, joined

AUXILIARIES = (
    "is are was were will would can could may might must should has have had does do did shall".split()  # noqa: SIM905
)
_AUXILIARY = re.compile(rf"\b({'|'.join(AUXILIARIES)})\b(?! (?:not|never|no)\b|n't)")
_DENIED = re.compile(
    rf"\b({'|'.join(AUXILIARIES)}) not\b|\b(can)not\b|\b(do|does|did|is|are|was|were|should)n['\u2019]t\b"
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w])")
_NAME = re.compile(r"(?<=[a-z,] )(?:[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})*)")
_SUBJECT = re.compile(rf"^((?:[\w'\u2019-]+ ){{1,6}}?)(?=(?:{'|'.join(AUXILIARIES)})\b)")
_NO_SUBJECT = frozenset(
    "it this that these those he she they we you i there as if when while which who what although because but and in "  # noqa: SIM905
    "to at on for by with after before during since however many some most".split()
)
_ASIDE = re.compile(
    r" \([^()]{3,60}\)|, (?:for example|however|in addition|of course|as well)(?=,)|\b(?:also|very|generally|usually) "
)
_CLAUSES = re.compile(r"^((?:In|If|When|After|Before|During|Because|While|As|At|For|By|On) [^,;]{6,80}), (.{20,})\.$")
_SAME = {
    "use": "utilize",
    "uses": "utilizes",
    "used": "utilized",
    "also": "additionally",
    "because": "since",
    "large": "big",
    "begin": "start",
    "began": "started",
    "help": "assist",
    "helps": "assists",
    "many": "numerous",
    "often": "frequently",
    "however": "but",
    "such as": "like",
    "about": "regarding",
    "need to": "have to",
    "several": "multiple",
    "important": "essential",
    "show": "display",
    "provides": "offers",
    "provide": "offer",
    "created": "made",
    "people": "persons",
    "main": "principal",
    "known": "called",
    "parts": "portions",
}


@dataclass(frozen=True)
class Passage:
    """`frame` is its title and heading; `others` are passages that a search finds beside it."""

    frame: str
    text: str
    sentences: Sequence[str]

    def __str__(self) -> str:
        return f"{self.frame}\n{self.text}"


@dataclass(frozen=True)
class Case:
    """`kind` of a true statement or of a corruption."""

    kind: str
    is_true: bool
    passage: str
    statement: str


def cases(passage: Passage, other: Passage, random: Random, language: str = "en") -> Iterator[Case]:
    """What one passage gives; `other` is one that a search would find beside it."""
    sentence = random.choice(passage.sentences)
    yield Case("quotation", True, str(passage), sentence)
    both = joined(sentence, passage, language)
    for kind, said in (("two joined", both), *((kind, change(sentence)) for kind, change in TRUE.items())):
        if said and (language == "en" or kind in {"two joined", "asides dropped"}):
            yield Case(kind, True, str(passage), said)
    yield Case("swapped marker", False, str(other), sentence)
    for base in (sentence, synonyms(sentence)):
        for kind, corrupt in CORRUPT.items():
            said = corrupt(base, passage, other, random) if base and language == "en" else None
            if said and said != base:
                yield Case(kind, False, str(passage), said)
    for kind, change in TURNED.items():
        for base in passage.sentences:
            said = change(base, passage, other, random, language)
            if said and said != base:
                yield Case(kind, False, str(passage), said)
                break


def reordered(sentence: str) -> str | None:
    """The adverbial clause from the front to the end."""
    found = _CLAUSES.match(sentence)
    if not found:
        return None
    first, rest = found[1], found[2]
    return f"{rest[0].upper()}{rest[1:]} {first[0].lower()}{first[1:]}."


def shortened(sentence: str) -> str | None:
    said = _ASIDE.sub("", sentence)
    return said if said != sentence else None


def synonyms(sentence: str) -> str | None:
    said = re.sub(rf"\b({'|'.join(_SAME)})\b", lambda word: _SAME[word[0]], sentence)
    return said if said != sentence else None


def introduced(sentence: str) -> str | None:
    """A model's way into a sentence."""
    return f"According to the documentation, {sentence}" if sentence[:1].isupper() else None


TRUE: dict[str, Callable[[str], str | None]] = {
    "clauses reordered": reordered,
    "asides dropped": shortened,
    "synonyms": synonyms,
    "introduced": introduced,
}


def another_number(sentence: str, passage: Passage, _: Passage, random: Random) -> str | None:
    """One that stands elsewhere in the passage where there is one, else one near it."""
    found = random.choice(list(_NUMBER.finditer(sentence)) or [None])
    if found is None:
        return None
    elsewhere = sorted(set(_NUMBER.findall(passage.text)) - set(_NUMBER.findall(sentence)))
    digits = re.sub(r"\d$", lambda last: str((int(last[0]) + 3) % 10), found[0])
    number = random.choice(elsewhere) if elsewhere and random.random() < 0.5 else digits
    return sentence[: found.start()] + number + sentence[found.end() :]


def another_name(sentence: str, passage: Passage, other: Passage, random: Random) -> str | None:
    """One of the same passage in every second case where there is one, else one of a passage beside it."""
    found = random.choice(list(_NAME.finditer(sentence)) or [None])
    if found is None:
        return None
    own = sorted(one for one in set(_NAME.findall(passage.text)) if one not in sentence)
    foreign = sorted(one for one in set(_NAME.findall(other.text)) if one not in passage.text)
    names = own if own and (random.random() < 0.5 or not foreign) else foreign
    return sentence[: found.start()] + random.choice(names) + sentence[found.end() :] if names else None


def denied(sentence: str, *_: object) -> str | None:
    """The first "not" taken out, else one put in behind the first auxiliary."""
    without = _DENIED.sub(lambda found: found[1] or found[2] or found[3], sentence, count=1)
    if without != sentence:
        return without
    return _AUXILIARY.sub(lambda found: f"{found[1]} not", sentence, count=1)


def another_subject(sentence: str, passage: Passage, other: Passage, random: Random) -> str | None:
    """What another sentence speaks about, in front of what this one says about its own subject."""
    own = _subject(sentence)
    subjects = {_subject(one) for one in (*passage.sentences, *other.sentences)} - {None, own}
    different = sorted(
        one for one in subjects if one and own and not set(one.lower().split()) & set(own.lower().split())
    )
    return random.choice(different) + sentence[len(own) :] if own and different else None


def _subject(sentence: str) -> str | None:
    """What stands before the first auxiliary, when it is a thing and no pronoun or clause."""
    found = _SUBJECT.match(sentence)
    words = found[1].lower().split() if found else []
    return found[1] if found and content_stems(found[1]) and not set(words) & _NO_SUBJECT else None


def exchanged(sentence: str, *_: object) -> str | None:
    """The first and the last name of the sentence, each in the other's place."""
    names = list(_NAME.finditer(sentence))
    if len(names) < 2 or names[0][0] == names[-1][0]:
        return None
    first, last = names[0], names[-1]
    return (
        sentence[: first.start()] + last[0] + sentence[first.end() : last.start()] + first[0] + sentence[last.end() :]
    )


CORRUPT: dict[str, Callable[[str, Passage, Passage, Random], str | None]] = {
    "changed number": another_number,
    "changed name": another_name,
    "flipped negation": denied,
    "swapped subject": another_subject,
    "names exchanged": exchanged,
}
