"""Whether a question leans on the conversation."""

import re
from enum import StrEnum
from typing import Final

from ai_intent_service.services.topics import SAYS_LITTLE
from flash_core.utils.words import content_stems, detect_language, stem

CONNECTIVE: Final = re.compile(
    r"^\W*(?:(?:and|but|also|or|so|then|ok(?:ay)?|what about|how about|what if|(?:the )?same (?:for|with|in)"
    r"|dasselbe für|und|aber|oder|auch|was ist mit"
    r"|wie ist es mit|wie sieht es mit|et|mais|y|pero)\b[\s,]*)+(?:(?:what|how) about\b[\s,]*)?",
    re.IGNORECASE,
)
PREPOSITION: Final = re.compile(
    r"^\W*(?:for|in|with|without|during|after|before|at|on|from|by|für|mit|ohne|bei|nach|vor|pour|en|avec|sans|para"
    r"|con|bis|ab|since|until|within|under|over|seit|innerhalb)\s(?!wh|how|wel|qu|wie|wem|wen|was)",
    re.IGNORECASE,
)
CONJUNCTION: Final = re.compile(
    r"\b(?:true|sure|know|said|says|think|so|means?|ensure|given|now|case) that\b"
    r"|\b(?:is|was|be|if) it (?:true|possible|allowed|okay?|necessary|required|mandatory|correct|better)"
    r"(?: that| to| for| if| when)",
    re.IGNORECASE,
)
OWN_QUESTION: Final = re.compile(
    r"\W*(?:(?:in|for|at|by|from|on|to|with) )?(?:how|what|who|when|where|why|which|can|do|does|is|are|should|must|may"
    r"|will|wie|was|wer|wann|wo|warum|kann|muss|darf|gibt)\b.*\w.*\s",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?!(?-i:IT)\b)(?:it|its|they|them|their|theirs|he|she|him|her|his|ones?|the same|the former|the latter"
    r"|such|er|ihn|ihm|diese[rsmn]?|davon|dafür|dabei|damit|darüber|dazu|daran|dagegen|hierfür|dort|ça|cela|ce|eso|esto|ello)\b"
    r"(?! (?:year|quarter|month|week|jahr|quartal|monat|woche)s?\b)"
    r"|\b(?:this|these|those)\b(?! (?:year|quarter|month|week|morning|evening)s?\b)"
    r"|\bthat(?: \w+)?(?=\s*(?:[?.!,]|$))"
    r"|\b(?:for|of|about|with|to|does|do|is|was|if|can|will|should|in|on|by|after|before|from) that\b"
    r"(?! (?:every|all|we|you|i|the|my|our|an?)\b)"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )\bthere\b"
    r"|(?<!gibt )\bes\b|\b(?-i:sie)\b|\b(?:das|dies)\b(?! (?-i:[A-ZÄÖÜ]))",
    re.IGNORECASE,
)
_LIKEWISE = re.compile(r"\b(?:instead|too|as well|either|stattdessen|ebenfalls|ebenso)\W*$", re.IGNORECASE)
_LATER_QUESTION = re.compile(
    r",\s*(?:how|what|who|when|where|why|which|wie|was|wer|wann|wo|warum|welche\w?)\b", re.IGNORECASE
)
_ASPECTS: Final = {
    "en": "deadline limit approval approve approver cost price duration exception exempt form process step permission"
    " rights access requirement required next long often much many maximum minimum fee owner contact reason budget"
    " start begin end valid expire eligible mandatory confidential optional free available sign off cover count paid"
    " pay download example detail elaborate summary summarize information else link alternative option difference",
    "de": "frist limit genehmigung kosten preis dauer dauern ausnahme formular schritt berechtigung recht zugang"
    " voraussetzung lange oft viel maximal minimal gebühr ansprechpartner grund beginn ende gültig pflicht kostenlos"
    " vertraulich hoch beispiel detail zusammenfassung information link alternative unterschied genauer wen wem wessen",
}
"""What every subject has: such words alone do not say whose deadline, limit or form is meant."""
_ASPECT_STEMS = {language: {stem(word, language) for word in words.split()} for language, words in _ASPECTS.items()}
_LITTLE_STEMS = {stem(word, language) for word in SAYS_LITTLE for language in _ASPECTS}
_DEPARTMENT = re.compile(r"\bIT\b")
_LONGEST_FOLLOW_UP = 500
_FEW_STEMS = 5
_EARLY_WORDS = 4
_UNSURE_STEMS = 4


class Leaning(StrEnum):
    """UNSURE: nothing points back, but so little is said that it may be about what was asked before."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


def leaning(question: str) -> Leaning:
    """Whether `question` needs what was said before it (given that something was) to be understood.

    A long one brings what it needs.
    """
    if len(question) > _LONGEST_FOLLOW_UP:
        return Leaning.NO
    stems = _stems(question)
    if _goes_on(question, stems) or _points_back(question, stems):
        return Leaning.YES
    return Leaning.UNSURE if len(stems) <= _UNSURE_STEMS else Leaning.NO


def is_of_any_subject(question: str) -> bool:
    """Nothing in it says what it is about: "What's the deadline?"."""
    aspects = _ASPECT_STEMS.get(detect_language(question), _ASPECT_STEMS["en"])
    return all(one in aspects or one in _LITTLE_STEMS for one in _stems(question))


def _stems(question: str) -> list[str]:
    """With the department that looks like a pronoun."""
    named = question if question.isupper() else _DEPARTMENT.sub("informatics", question)
    return content_stems(named, detect_language(question))


def _goes_on(question: str, stems: list[str]) -> bool:
    """No question of its own: "And part-timers?", "For interns?", "Why?", "Can I get a Mac instead?"."""
    if len(stems) == 0 or len(question.split()) == 1 or CONNECTIVE.match(question) or _LIKEWISE.search(question):
        return True
    is_part = PREPOSITION.match(question) and not _LATER_QUESTION.search(question)
    return bool(is_part) and len(stems) <= _UNSURE_STEMS


def _points_back(question: str, stems: list[str]) -> bool:
    plain = CONJUNCTION.sub("", question)
    pointer = _POINTS_BACK.search(plain)
    if pointer is None:
        return False
    return len(stems) <= _FEW_STEMS or len(plain[: pointer.start()].split()) < _EARLY_WORDS
