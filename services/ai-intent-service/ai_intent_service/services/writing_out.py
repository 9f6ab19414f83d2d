"""A question that leans on the conversation, written out so that it stands alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ai_intent_service.services.follow_ups import (
    CONJUNCTION,
    CONNECTIVE,
    OWN_QUESTION,
    PREPOSITION,
    Leaning,
    is_of_any_subject,
    leaning,
)
from ai_intent_service.services.topics import entities_of, groups_of, phrases_of, topic_of
from flash_core.utils.words import WORD, content_stems, detect_language, stem

_REPLACEABLE = re.compile(
    r"\b(?!(?-i:IT)\b)(?:it|they|them|these|those|this|that|the same|he|she|him|her|er|ihn|(?-i:sie)"
    r"|(?<!gibt )(?-i:es)|(?-i:das)(?! [A-ZÄÖÜ]))\b",
    re.IGNORECASE,
)
_NOUN_AFTER = re.compile(
    r"(?:this|that|these|those|her)\s+(?!done|valid|true|possible|mean|work|apply|happen|also|for|and|or)"
    r"(?!in|on|at|by|with)(?!\w+(?:ed|s)\b)[a-z]{3,}",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"\b(?:their|its|his|her)\b(?=\s+\w)", re.IGNORECASE)
_DEMONSTRATIVE = re.compile(
    r"\b(?P<this>this|that|these|those|the same|diese[rsmn]?)\s+(?P<noun>(?!one)[^\W\d_]{3,}(?:-\w+)*)", re.IGNORECASE
)
_GERMAN_NAME = re.compile(r"\b(?:von|hat|haben)\s+([A-ZÄÖÜ][\w-]+)\W*$")
"""Every noun has a capital, but one that stands alone in such a place can be replaced like a name."""
_ELLIPSIS_STEMS = 3


@dataclass(frozen=True, slots=True)
class Before:
    """What was said before a question: the asker's questions, oldest first, and what answers have established,
    newest first.
    """

    questions: Sequence[str] = ()
    established: Sequence[str] = ()


def standalone(question: str, before: Before) -> str:
    """`question` with what it leans on written out. Earlier ones are read by the rules alone."""
    last = ""
    for at, asked in enumerate(before.questions):
        if last and leans_by_rules(asked):
            last = _written_out(asked, last, Before(before.questions[:at], ()))
        else:
            last = asked.strip()
    return _written_out(question, last, before) if last else question.strip()


def last_subject(before: Before) -> str:
    """The last question, written out: what the conversation is about."""
    return standalone(before.questions[-1], Before(before.questions[:-1])) if before.questions else ""


def leans_by_rules(question: str) -> bool:
    """Where the words alone do not tell, a question that could be asked of any subject leans."""
    found = leaning(question)
    return found is Leaning.YES or (found is Leaning.UNSURE and is_of_any_subject(question))


def _written_out(question: str, last: str, before: Before) -> str:
    language = detect_language(last)
    rest = CONNECTIVE.sub("", question).strip()
    named = _named(rest, before)
    if named is not None:
        return named
    topic = topic_of(last, language)
    replaced = _pointed(rest, topic)
    if replaced is not None:
        return replaced
    if _is_ellipsis(rest, language):
        instead = _instead(rest, last, language)
        if instead is None and rest != question.strip():
            instead = _other_name(rest, last, language)
        if instead is not None:
            return instead
        return f"{last.rstrip(' ?.!')}: {rest}" if rest.strip(" ?.!") else last
    missing = " ".join(group for group in groups_of(last, language) if group.lower() not in rest.lower())
    return f"{rest.rstrip(' ?.!')} ({missing})?" if missing else rest


def _named(rest: str, before: Before) -> str | None:
    """The question with "that card" replaced by the one spoken of last ("purchase card"), however long ago."""
    pointed = _DEMONSTRATIVE.search(rest)
    if pointed is None:
        return None
    language = detect_language(rest)
    noun = stem(pointed["noun"].lower(), language)
    for said in (*reversed(before.questions), *before.established):
        for phrase in _phrases_up_to(said, noun, language):
            return f"{rest[: pointed.start()]}{phrase}{rest[pointed.end() :]}"
    return None


def _phrases_up_to(said: str, noun: str, language: str) -> Iterator[str]:
    """Phrases of the text that end with the noun and say more than it."""
    for phrase in phrases_of(said, language):
        for word in WORD.finditer(phrase):
            base = stem(word[0].lower(), language)
            is_compound = language == "de" and base.endswith(noun) and base != noun
            if is_compound or (base == noun and word.start() > 0):
                yield phrase[: word.end()]


def _pointed(rest: str, topic: str) -> str | None:
    """The question with its first pronoun replaced by the topic; None when it has none that can be."""
    if not topic:
        return None
    pronoun = _REPLACEABLE.search(CONJUNCTION.sub(lambda found: "_" * len(found[0]), rest))
    if pronoun is not None and not _NOUN_AFTER.match(rest, pronoun.start()):
        return f"{rest[: pronoun.start()]}{topic}{rest[pronoun.end() :]}"
    possessive = _POSSESSIVE.search(rest)
    return f"{rest[: possessive.start()]}{topic}'s{rest[possessive.end() :]}" if possessive is not None else None


def _instead(rest: str, last: str, language: str) -> str | None:
    """The earlier question about another of the same kind: "full-time employees", now "part-time employees"; "in the
    Berlin office", now "in Munich".
    """
    other = PREPOSITION.sub("", rest).strip(" ?.!")
    kind = content_stems(other, language)[-1:]
    for phrase in phrases_of(last, language) if kind else ():
        for word in WORD.finditer(phrase):
            of_kind = phrase[: word.end()]
            if [stem(word[0].lower(), language)] == kind and of_kind.lower() != other.lower():
                return last.replace(of_kind, other, 1)
    return _in_place(rest, last)


def _other_name(rest: str, last: str, language: str) -> str | None:
    """The earlier question about another name: "the population of Warsaw", now "Paris"; None unless it has just one."""
    other = rest.strip(" ?.!")
    names, others = entities_of(last, language), entities_of(f"and {other}", language)
    if language == "de" and not names:
        names, others = _GERMAN_NAME.findall(last), _GERMAN_NAME.findall(f"von {other}")
    return last.replace(names[0], other, 1) if len(names) == 1 and others == [other] else None


def _in_place(rest: str, last: str) -> str | None:
    """The earlier question with its end ("in the Berlin office?") replaced by one with the same preposition."""
    preposition = PREPOSITION.match(rest)
    if preposition is None:
        return None
    word = preposition[0].strip().lower()
    ends = [found.start() for found in re.finditer(rf"\s{re.escape(word)}\s", last, re.IGNORECASE)]
    return f"{last[: ends[-1]]} {rest.strip(' ?.!')}?" if ends else None


def _is_ellipsis(rest: str, language: str) -> bool:
    """Not a sentence of its own: it takes over the earlier question's words."""
    return len(content_stems(rest, language)) <= _ELLIPSIS_STEMS and not OWN_QUESTION.match(rest)
