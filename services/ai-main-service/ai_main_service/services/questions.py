"""What kind of thing a question asks for, read from its words."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from flash_core.utils.words import content_stems, detect_language


class Asked(StrEnum):
    """The kind of answer that is wanted; FACT when the words do not say."""

    DEFINITION = "definition"
    PERSON = "person"
    TIME = "time"
    QUANTITY = "quantity"
    PLACE = "place"
    REASON = "reason"
    STEPS = "steps"
    LIST = "list"
    FACT = "fact"


_NAME = r"(?: (?!(?:of|for|in|with|between|to|at|on)\b)[\w()/'&.-]{1,40}){1,5}\W*$"
"""A few words to the end without a preposition: with one, something is asked about a thing, not what it is."""
_PHRASES: tuple[tuple[Asked, tuple[str, ...]], ...] = (
    (
        Asked.QUANTITY,
        (
            r"how (?:many|much|large|big|tall|high|old|far|fast|often|heavy|wide)",
            r"what (?:percentage|percent|number|amount|share|fraction|size)",
            r"wie ?(?:viele?|oft|groß|hoch|alt|weit)",
            r"combien|cuánt[oa]s?",
        ),
    ),
    (
        Asked.TIME,
        (
            r"when|how long|deadline",
            r"(?:what|which|in what) (?:year|date|day|month|century|decade|time)",
            r"wann|wie lange|quand|cuándo",
        ),
    ),
    (
        Asked.PERSON,
        (
            r"who(?:m|se)?",
            r"(?:what|which) (?:person|people|man|woman|king|queen|president|leader|author|team|group)",
            r"wer|wem|wen|qui|quién",
        ),
    ),
    (
        Asked.PLACE,
        (
            r"where|(?:what|which|in what) (?:country|city|state|place|region|area|location|river|continent)",
            r"wo(?:hin|her)?|où|dónde",
        ),
    ),
    (
        Asked.REASON,
        (r"why|how come|what (?:is|was|are|were) the (?:reason|cause|purpose)", r"warum|wieso|pourquoi|por qué"),
    ),
    (
        Asked.STEPS,
        (
            r"how (?:do|can|should|would|could|must|to)",
            r"how (?:does|might) (?:one|someone|a user|an? employee)",
            r"steps?|procedure|process (?:for|to|of)|what (?:do|should|must) (?:i|we|you) do",
            r"wie (?:kann|muss|soll|mache|bekomme|beantrage|richte)|comment|cómo",
        ),
    ),
    (
        Asked.LIST,
        (
            r"(?:what|which) (?:are|were)|list (?:of|all|the)|name (?:the|all|some|two|three)",
            r"what (?:kinds?|types?|sorts?|steps|things|tools|options)",
            r"welche",
        ),
    ),
    (
        Asked.DEFINITION,
        (
            r"what(?: is| was|['\u2019]s)(?: an?| the)?" + _NAME,
            r"what does .{1,60} (?:mean|stand for|do)|defin(?:e|ition)|meaning of",
            r"was (?:ist|sind|bedeutet)|qu'est-ce",
        ),
    ),
)
_PATTERNS = tuple(
    (asked, re.compile(rf"\b(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)) for asked, phrases in _PHRASES
)
_SHORT = 3
_FRAME = re.compile(
    r"\bhow (?:many|much|long|large|big|tall|high|old|far|fast|often|heavy|wide|come)\b"
    r"|\bwie ?(?:viele?|lange|oft|groß|hoch|alt|weit)\b"
    r"|\b(?:what|which) (?:kinds?|types?|sorts?) of\b|\bwhat (?:is|was|are|were) the (?:name|number|amount)s? of\b"
    r"|\bstands? for\b|\b(?:gets?|many|much|means?|called|tell|explain|please|definition|mention(?:s|ed)?)\b"
    r"|\b(?:bekomm\w+|bedeute\w*|heißt|genannt|bitte|erklär\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Question:
    """A question and what can be read from it without a model."""

    text: str

    @cached_property
    def language(self) -> str:
        return detect_language(self.text)

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The distinct stems that carry meaning, in order."""
        return tuple(dict.fromkeys(content_stems(self.text, self.language)))

    @cached_property
    def matter(self) -> tuple[str, ...]:
        """The stems without those that only say how it is asked ("how many", "stand for"), if any are left."""
        return tuple(dict.fromkeys(content_stems(_FRAME.sub(" ", self.text), self.language))) or self.stems

    @cached_property
    def asked(self) -> Asked:
        found = next((asked for asked, pattern in _PATTERNS if pattern.search(self.text)), Asked.FACT)
        is_keywords = found is Asked.FACT and "?" not in self.text and len(self.text.split()) <= _SHORT
        return Asked.DEFINITION if is_keywords else found
