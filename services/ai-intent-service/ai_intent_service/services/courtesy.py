"""What people say to an assistant around their questions: greetings, thanks, farewells and short reactions."""

import re
from typing import Final

from flash_core.utils.words import WORD

_HELLO = (
    r"hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|hallo|moin|servus|gr[uü]ezi"
    r"|gr[uü](?:ß|ss) (?:gott|dich)|guten (?:tag|morgen|abend)|bonjour|salut|bonsoir|hola|buenos d[ií]as"
    r"|buenas tardes|ciao|buongiorno|ol[aá]|hej"
)
_FOR_IT = r"(?: for (?:your|the|all your) (?:quick |great )?(?:help|answer|reply|support|info\w*)| in advance)?"
_DAFUER = r"(?: für (?:die|deine|ihre|eure) (?:schnelle )?(?:hilfe|antwort)| im voraus)?"
_THANKS = (
    rf"(?:many )?thank(?:s? you|s)(?: (?:so|very) much| a lot)?{_FOR_IT}|thx|cheers"
    rf"|(?:ich )?danke(?:schön)?(?: (?:schön|sehr|dir|euch|ihnen|vielmals))*{_DAFUER}"
    rf"|(?:vielen |lieben |besten |herzlichen )+dank{_DAFUER}|merci(?: beaucoup)?|(?:muchas )?gracias"
)
_HELPED = (
    r"(?:that|this|it) (?:really )?(?:help(?:ed|s)(?: me)?(?: a lot)?|was (?:very |really |so )?(?:helpful|useful))"
    r"|das (?:hat (?:mir )?(?:sehr )?geholfen|hilft(?: mir)?(?: sehr)?|war (?:sehr )?(?:hilfreich|gut))"
)
_FAREWELL = (
    r"(?:good)?bye|good night|see you(?: later| soon| tomorrow)?"
    r"|have a (?:nice|good|great) (?:day|evening|weekend)|tsch(?:ü|ue)(?:ss?|ß)|auf wiedersehen|gute nacht"
    r"|bis (?:bald|später|dann|morgen)|au revoir|adiós|hasta luego"
    r"|(?:schönen |schönes |einen |ein )+(?:feierabend|abend|tag|wochenende)"
)
_HOW_ARE_YOU = (
    r"how are (?:you|things)(?: doing)?(?: today)?|how(?: i|['\u2019])s it going|what['\u2019]s up"
    r"|wie geht(?:['\u2019]?s| es)(?: (?:dir|ihnen|euch))?(?: heute)?|(?:comment )?ça va|¿?cómo estás|¿?qué tal"
)
_WELL = (
    r"(?:great|good|nice|perfect|excellent) (?:answer|job|work)|ok(?:ay)?|great|perfect|super|nice|cool|excellent"
    r"|awesome|wonderful|al(?:l ?)?right|got it|i see|understood|well done|perfekt|prima|toll|wunderbar|verstanden"
    r"|alles klar|(?:sehr )?gut(?: gemacht)?|gute antwort"
)
_NAMED = r"(?:there|all|everyone|team|again|and|und|zusammen|askflash|flash|bot)"
_SAID = rf"(?>(?:{_HELLO}|{_THANKS}|{_HELPED}|{_FAREWELL}|{_HOW_ARE_YOU}|{_WELL})\b)"
"""Atomic, because what can be read in two ways ("danke sehr gut") takes for ever where it is said often."""
_MORE = rf"(?:[\s,!.?]+(?:{_SAID}|{_NAMED}))*"
_PLEASE = r"(?:please|pls|bitte)"
_ASKING = (
    r"(?:what|how|who|where|when|which|why|can|could|do|does|tell|explain|show|was|wie|wer|wo|wann|welche\w?|warum|kann"
    r"|erkläre?|zeige?)\b"
)

_COURTESY: Final = re.compile(rf"\W*(?:(?:yes|no|ja|nein)[\s,!.]+)?{_SAID}{_MORE}\W*", re.IGNORECASE)
_REACTION: Final = re.compile(
    rf"\W*(?:yes|yeah|yep|no|nope|sure|maybe|ja|nein|doch|vielleicht|oui|non|sí|test(?:ing)?)(?:[\s,]+{_PLEASE})?\W*",
    re.IGNORECASE,
)
_THANKED: Final = re.compile(rf"\W*(?:{_THANKS}|{_WELL})\b", re.IGNORECASE)
_ASKED: Final = re.compile(rf"\?|[,.!;]\s*(?:{_ASKING}|and\b|und\b)", re.IGNORECASE)
_BEFORE: Final = re.compile(
    rf"[\s¡¿]*(?:(?!nice\b){_SAID}{_MORE}(?:\s*[,!?\n]+|[.:;]+(?=\s)|\s+[-\u2013]\s)"
    rf"|(?:{_HELLO})(?:\s+{_NAMED})?(?=\s+(?:{_ASKING}|i\b|we\b|ich\b)))?\s*"
    rf"(?:{_PLEASE}(?:\s*,|(?=\s+{_ASKING}))\s*)?",
    re.IGNORECASE,
)
_BEHIND: Final = re.compile(
    rf"(?:(?:\s*[,;\n]\s*|(?<=[?!])\s*|(?<=\.)\s+|\s[-\u2013]\s+)(?:{_PLEASE}|{_THANKS}|{_FAREWELL})"
    rf"(?:[\s,!.]+(?:{_SAID}|{_PLEASE}|{_NAMED}))*|(?<!they)(?<!you)(?<!we)(?<!say)\s+{_PLEASE})[\s,.!?]*$",
    re.IGNORECASE,
)
_LANGUAGES: Final = (
    (
        "de",
        (
            r"hallo|moin|servus|gr[uü]ezi|gr[uü](?:ß|ss)|guten?|danke\w*|dank|tsch(?:ü|ue)\w+|wiedersehen|bis|schöne[ns]"
            r"|geht|geholfen|hilft|hilfreich|perfekt|prima|toll|wunderbar|verstanden|alles|antwort|ja|nein|doch|hilfe"
        ),
    ),
    ("fr", r"bonjour|bonsoir|salut|merci|revoir|ça|oui|non"),
    ("es", r"hola|buenos|buenas|gracias|adiós|hasta|cómo|qué|sí"),
)
_SPOKEN: Final = tuple((code, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for code, words in _LANGUAGES)
_CHARACTERS_READ: Final = 500
_CHARACTERS_BEHIND: Final = 200


def is_courtesy(text: str) -> bool:
    """Whether nothing else is said: "Thanks, bye", "Great answer!"."""
    return _COURTESY.fullmatch(" ".join(text.split())[:_CHARACTERS_READ]) is not None


def is_reaction(text: str) -> bool:
    """Whether it says something only about what was said before: "yes", "no"."""
    return _REACTION.fullmatch(text[:_CHARACTERS_READ]) is not None


def without_courtesy(text: str) -> str:
    """What is asked, without the greeting before it and the thanks behind it; `text` where nothing is asked."""
    beginning = text[:_CHARACTERS_READ]
    if is_courtesy(text) or (_THANKED.match(beginning) and not _ASKED.search(beginning)):
        return text
    begin = _BEFORE.match(text, 0, _CHARACTERS_READ)
    rest = text[begin.end() if begin else 0 :]
    behind = _BEHIND.search(rest, max(0, len(rest) - _CHARACTERS_BEHIND))
    if behind is not None:
        rest = rest[: behind.start()].rstrip() + ("?" if "?" in behind[0] else "")
    return rest.strip() if WORD.search(rest) else text


def courtesy_language(text: str) -> str | None:
    """The language of the greeting or the like; None for English and those without replies of their own."""
    beginning = text[:_CHARACTERS_READ]
    return next((language for language, pattern in _SPOKEN if pattern.search(beginning)), None)
