"""Signs in a unit's words that it is, or is not, the kind of answer that is asked for."""

import re

from ai_main_service.services.questions import Asked, Question
from flash_core.utils.words import content_stems

_LONGEST_SUBJECT = 200
_DEFINES = re.compile(
    r"[*_\"'\[]{0,4}(?P<subject>(?:the |an? |der |die |das |eine? )?[^.!?;:]{1,60}?)"
    r"(?:\]\([^()]{0,300}\))?(?: ?\([^)]{1,60}\))?[*_\"']{0,4}"
    r"(?:,? (?:is|are|was|were|means?|refers? to|stands for|describes?|ist|sind|bedeutet|steht für)"
    r" (?:an?|the|our|one|when|what|how|where|any|made|used|for|ein|eine|der|die|das)\b"
    r"|(?<=[*_]): |:[*_]{1,3} |[*_]{0,3} ?[=\u2013\u2014] |[*_]{0,3} - "
    r"| (?:means|refers to|stands for|bedeutet|steht für) )",
    re.IGNORECASE,
)
_POINTS_ELSEWHERE = re.compile(
    r"[*_(\[]{0,3}(?:please )?(?:see|refer to|learn (?:more )?about|read (?:more|about|the)|check out|visit"
    r"|for (?:more|further|additional|other|a (?:full|complete)|questions|details)|more (?:on|about|information)"
    r"|(?:you can )?(?:also )?(?:find|read) (?:more|out)|siehe|mehr (?:dazu|zu|unter|informationen)"
    r"|weitere (?:informationen|details))\b",
    re.IGNORECASE,
)
_LINKED = re.compile(r"\[([^\[\]]*)\]\([^()]*\)(?:\{[^{}]*\})?")
_MOSTLY = 0.8
_EXAMPLE = re.compile(
    r"[*_(\"]{0,3}(?:for (?:example|instance)|e\.g\.|zum beispiel|z\. ?b\.|par exemple|por ejemplo)\b", re.IGNORECASE
)
_NAMES_EXAMPLE = re.compile(r"\b(?:examples?|beispiele?|exemples?|ejemplos?)\b", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"[*_\"' ]{0,3}(?:it|they|this|these|that|those|he|she|his|her|their|its|such|both|however|but|also|therefore|thus"
    r"|otherwise|then|instead|in addition|additionally|if so|if not|er|sie|es|dies\w*|jedoch|dabei|dann)\b",
    re.IGNORECASE,
)

_NAME = r"\b[A-Z][\w\u2019'-]+(?:\s+(?:(?:of|de|van|von|the|al|bin|I{1,3}|IV|V)\s+)?[A-Z][\w\u2019'-]+)+"
_CUES: dict[Asked, re.Pattern[str]] = {
    Asked.PERSON: re.compile(_NAME + r"|\S+@\S+|\b(?:team|lead|manager|supervisor|director|office|president|king)\b"),
    Asked.TIME: re.compile(
        r"\b(?:1\d{3}|20\d\d)s?\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*\b|\bcentur(?:y|ies)\b"
        r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|\b(?:minutes?|hours?|days?|weeks?|months?|years?)\b"
        r"|\b(?:Stunden?|Tagen?|Wochen?|Monaten?|Jahren?)\b"
    ),
    Asked.QUANTITY: re.compile(
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|half|hundred|thousand"
        r"|million|billion|dozens?|several|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn)\b"
    ),
    Asked.PLACE: re.compile(r"\b(?:in|at|on|near|from|to|of|im|bei|nach)\s+(?:the\s+)?[A-Z]|https?://"),
    Asked.REASON: re.compile(
        r"\b(?:because|since|due to|in order to|so that|therefore|reasons?|caused?|as a result|weil|denn|damit)\b",
        re.IGNORECASE,
    ),
    Asked.STEPS: re.compile(
        r"^(?:\*\*)?(?:go|open|click|select|choose|run|add|create|fill|submit|send|use|ask|email|contact|log|sign|visit"
        r"|enter|follow|make|install|set|check|complete|request|post|read|write|start|find|get|call|type|download)\b"
        r"|\byou (?:can|must|should|need|may|will)\b|\b(?:first|then|next|finally)\b",
        re.IGNORECASE,
    ),
    Asked.LIST: re.compile(r"\b(?:includ\w+|such as|following|for example|e\.g\.)|:$|,.*,.*\band\b", re.IGNORECASE),
    Asked.DEFINITION: re.compile(
        r"\b(?:is|are|was|were|means?|refers? to|stands for|known as|called|defined as|describes?|ist|sind|bedeutet)\b"
    ),
}


def has_cue(asked: Asked, text: str) -> bool:
    """The text has what answers of this kind have: a name, a time, a number, a verb in the imperative."""
    cue = _CUES.get(asked)
    return cue is not None and cue.search(text) is not None


def defines(question: Question, text: str) -> bool:
    """It begins with what is asked for, followed by what that is, as a sentence or as an entry of a glossary."""
    match = _DEFINES.match(text[:_LONGEST_SUBJECT])
    if match is None:
        return False
    subject = frozenset(content_stems(match["subject"], question.language))
    return bool(subject) and subject <= set(question.stems)


def points_elsewhere(text: str) -> bool:
    """It sends the reader somewhere instead of telling: "See …", or hardly more than a link."""
    linked = sum(len(link[1]) for link in _LINKED.finditer(text))
    return _POINTS_ELSEWHERE.match(text) is not None or linked > _MOSTLY * len(_LINKED.sub(r"\1", text))


def announces(text: str) -> bool:
    """It ends as what introduces a list, a table or code does."""
    return text.rstrip("*_ ").endswith(":")


def leads_to(text: str) -> bool:
    """It announces what follows, or breaks off before it ("To begin," above a list)."""
    return announces(text) or text.rstrip("*_ ").endswith((",", "…", "..."))


def points_back(text: str) -> bool:
    """It begins with a word that only the sentence before explains."""
    return _POINTS_BACK.match(text) is not None


def begins_example(text: str) -> bool:
    return _EXAMPLE.match(text) is not None


def is_example(heading: str) -> bool:
    return _NAMES_EXAMPLE.search(heading) is not None
