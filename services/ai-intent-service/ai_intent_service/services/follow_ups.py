"""Questions that lean on the conversation, and what they are when it is written out."""

import re
from collections.abc import Sequence

from ai_intent_service.services.topics import phrases_of, topic_of
from flash_core.utils.words import content_stems, detect_language

_CONNECTIVE = re.compile(
    r"^\W*(?:(?:and|but|also|or|so|then|ok(?:ay)?|what about|how about|what if|und|aber|oder|was ist mit|wie ist es mit"
    r"|wie sieht es mit|et|mais|y|pero)\b[\s,]*)+(?:(?:what|how) about\b[\s,]*)?",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"^\W*(?:for|in|with|without|during|after|before|at|on|from|by|für|mit|ohne|bei|nach|vor|pour|en|avec|sans|para"
    r"|con)\s(?!wh|how|wel|qu)",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|this|that|these|those|he|she|him|her|his|one|ones|there|the same|the former"
    r"|the latter|such|es|sie|diese[rsmn]?|das|dort|davon|dafür|dabei|damit|darüber|ihn|ihm|ça|cela|ce|eso|esto|ello"
    r")\b",
    re.IGNORECASE,
)
_CONJUNCTION = re.compile(
    r"\b(?:true|sure|know|said|says|think|so|means?|ensure|given|now|case) that\b"
    r"|\b(?:is|was|be|if) it (?:true|possible|allowed|okay?|necessary|required|mandatory|correct|better)"
    r"(?: that| to| for| if| when)",
    re.IGNORECASE,
)
_REPLACEABLE = re.compile(
    r"\b(?:it|they|them|these|those|this|that|the same|he|she|him|her|es|sie|ihn)\b", re.IGNORECASE
)
_NOUN_AFTER = re.compile(
    r"(?:this|that|these|those|her)\s+(?!done|valid|true|possible|mean|work|apply|happen|also|for|and|or)"
    r"(?!in|on|at|by|with)(?!\w+(?:ed|s)\b)[a-z]{3,}",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"\b(?:their|its|his|her)\b(?=\s+\w)", re.IGNORECASE)
_OWN_QUESTION = re.compile(
    r"\W*(?:(?:in|for|at|by|from|on|to|with) )?(?:how|what|who|when|where|why|which|can|do|does|is|are|should|must|may"
    r"|will|wie|was|wer|wann|wo|warum|kann|muss|darf|gibt)\b.*\w.*\s",
    re.IGNORECASE,
)
_LONGEST_FOLLOW_UP = 500
_FEW_STEMS = 5
_EARLY_WORDS = 4
_ELLIPSIS_STEMS = 3
_SHORT_WORDS = 2


def is_follow_up(question: str) -> bool:
    """Whether the question can't be understood without what was said before (given that something was).

    A long one brings what it needs.
    """
    if len(question) > _LONGEST_FOLLOW_UP:
        return False
    if _CONNECTIVE.match(question) or _PREPOSITION.match(question):
        return True
    language = detect_language(question)
    stems = content_stems(question, language)
    if not stems or len(question.split()) <= _SHORT_WORDS - 1:
        return True
    pointer = _POINTS_BACK.search(_CONJUNCTION.sub("", question))
    if pointer is None:
        return False
    words_before = len(_CONJUNCTION.sub("", question)[: pointer.start()].split())
    return len(stems) <= _FEW_STEMS or words_before < _EARLY_WORDS


def standalone(question: str, earlier: Sequence[str]) -> str:
    """`question` with what it leans on written out; `earlier` are the asker's questions before it, oldest first."""
    before = ""
    for asked in earlier:
        before = _written_out(asked, before)
    return _written_out(question, before)


def _written_out(question: str, before: str) -> str:
    if not before or not is_follow_up(question):
        return question.strip()
    language = detect_language(before)
    rest = _CONNECTIVE.sub("", question).strip()
    topic = topic_of(before, language)
    replaced = _pointed(rest, topic)
    if replaced is not None:
        return replaced
    if _is_ellipsis(rest, language):
        instead = _instead(rest, before, language)
        if instead is not None:
            return instead
        return f"{before.rstrip(' ?.!')}: {rest}" if rest.strip(" ?.!") else before
    missing = topic if topic and topic.lower() not in rest.lower() else ""
    return f"{rest.rstrip(' ?.!')} ({missing})?" if missing else rest


def _pointed(rest: str, topic: str) -> str | None:
    """The question with its first pronoun replaced by the topic; None when it has none that can be."""
    if not topic:
        return None
    pronoun = _REPLACEABLE.search(_CONJUNCTION.sub(lambda found: "_" * len(found[0]), rest))
    if pronoun is not None and not _NOUN_AFTER.match(rest, pronoun.start()):
        return f"{rest[: pronoun.start()]}{topic}{rest[pronoun.end() :]}"
    possessive = _POSSESSIVE.search(rest)
    return f"{rest[: possessive.start()]}{topic}'s{rest[possessive.end() :]}" if possessive is not None else None


def _instead(rest: str, before: str, language: str) -> str | None:
    """The earlier question about another of the same kind: "full-time employees", now "part-time employees"."""
    other = _PREPOSITION.sub("", rest).strip(" ?.!")
    kind = content_stems(other, language)[-1:]
    for phrase in phrases_of(before, language):
        if kind and content_stems(phrase, language)[-1:] == kind and phrase.lower() != other.lower():
            return before.replace(phrase, other, 1)
    return None


def _is_ellipsis(rest: str, language: str) -> bool:
    """Not a sentence of its own: it takes over the earlier question's words."""
    return len(content_stems(rest, language)) <= _ELLIPSIS_STEMS and not _OWN_QUESTION.match(rest)
