"""The kind of a question, read from its words."""

import re
from typing import Final

from flash_core.schemas.ai import QuestionKind

_HELLO = (
    r"hi|hello|hey|howdy|greetings|good (?:morning|afternoon|evening|day)|hallo|moin|servus|gr[uü]ezi"
    r"|gr[uü](?:ß|ss) (?:gott|dich)|guten (?:tag|morgen|abend)|bonjour|salut|bonsoir|hola|buenos d[ií]as"
    r"|buenas tardes|ciao|buongiorno|ol[aá]|hej"
)
_THANKS = (
    r"thanks?(?: you)?(?: (?:so|very) much| a lot)?|thx|cheers"
    r"|(?:ich )?danke(?: (?:schön|sehr|dir|euch|ihnen|vielmals))*|(?:vielen |lieben |besten |herzlichen )+dank"
    r"|merci(?: beaucoup)?|(?:muchas )?gracias|bye|goodbye|tschüss|auf wiedersehen|bis (?:bald|später|morgen)"
    r"|(?:schönen |schönes |einen |ein )+(?:feierabend|abend|tag|wochenende)|ok(?:ay)?|great|perfect|super|nice"
)
_NAMED = r"(?:there|all|everyone|team|again|askflash|flash|bot)"
_GREETING = re.compile(
    rf"\W*(?:{_HELLO}|{_THANKS})(?:[\s,!.]+(?:{_NAMED}|{_HELLO}|{_THANKS}))*"
    r"(?:[\s,!.]+how are you(?: doing)?)?\W*",
    re.IGNORECASE,
)
_UNSAFE = (
    (
        r"\b(?:ignore|disregard|forget) (?:all |any |the |your |my )*(?:previous |prior |above |earlier |system )+"
        r"(?:instructions?|prompts?|rules?)\b"
    ),
    (
        r"\b(?:show|reveal|print|repeat|output|tell me|give me|what(?:'s| is| are)) (?:me )?(?:your|the) "
        r"(?:system |hidden |initial )+(?:prompt|instructions?)\b"
    ),
    r"\bjailbreak\b",
    r"\b(?:build|make|construct) (?:a |an )?(?:pipe )?(?:bomb|explosives?|nerve agent)\b",
    r"\b(?:kill|hurt) (?:myself|yourself|somebody|someone)\b",
    (
        r"\b(?:ignorier|vergiss|missacht|umgeh)\w* (?:alle |deine |die |bisherigen |vorherigen |obigen )+"
        r"(?:regeln|anweisungen|instruktionen|vorgaben)\b"
    ),
    r"\b(?:zeige?|nenne?|verrate?|gib|wie lautet) (?:mir )?(?:deine?n?|den) (?:system-?)?(?:prompt|anweisungen)\b",
    r"\b(?:baue?|bastl?e|stelle?) (?:ich |man )?(?:eine? )?(?:bombe|sprengstoff|sprengsatz)\b",
    r"\b(?:mich|jemanden) (?:umbringen|töten)\b",
)
_ABOUT = (
    r"^\W*(?:who|what) (?:are|r) (?:you|u)(?: exactly| really)?\W*$",
    r"^\W*what (?:can|do) you do(?: for me)?\W*$",
    r"^\W*what(?:'s| is) your name\b",
    r"^\W*are you (?:a |an )?(?:bot|robot|human|person|ai|llm|chatgpt|real)\b",
    r"^\W*how (?:can|do) you (?:help|work)\b",
    r"^\W*(?:wer|was) bist du\b|^\W*was kannst du\b|^\W*wie hei(?:ß|ss)t du\b|^\W*wer hat dich \w+\W*$",
    r"^\W*bist du (?:eine? )?(?:echter? )?(?:mensch|roboter|bot|ki|maschine|programm|künstliche intelligenz)\b",
    r"^\W*welche fragen kann ich dir stellen\b|^\W*(?:wobei|wie) kannst du (?:mir )?helfen\b",
    r"^\W*(?:qui|que) (?:es-tu|êtes-vous)\b|^\W*¿?qui[eé]n eres\b",
)
_GENERAL = (
    (
        r"\b(?:write|tell|compose|make up) (?:me |us )?(?:a |an |some |another )?(?:short |funny )?"
        r"(?:poem|story|joke|song|haiku|limerick|essay)\b"
    ),
    r"^\W*translate\b",
    r"^\W*(?:what(?:'s| is) )?[\d\s.,()]*\d\s*[+*/x^-]\s*\(?\d[\d\s.,()+*/x^=?-]*$",
    r"\bweather (?:like|today|tomorrow|in)\b|\bwhat time is it\b",
    r"\b(?:schreib|erzähl)e? (?:mir )?(?:ein(?:en|e)? )?(?:gedicht|witz|geschichte)\b",
)
_CHARACTERS_READ = 500
_PATTERNS: Final = tuple(
    (kind, re.compile("|".join(phrases), re.IGNORECASE))
    for kind, phrases in (
        (QuestionKind.UNSAFE, _UNSAFE),
        (QuestionKind.ABOUT, _ABOUT),
        (QuestionKind.GENERAL, _GENERAL),
    )
)


def kind_of(question: str) -> QuestionKind:
    """DOCUMENTATION unless the words say otherwise; whether it is a follow-up depends on the conversation."""
    beginning = " ".join(question.split())[:_CHARACTERS_READ]
    if _GREETING.fullmatch(beginning):
        return QuestionKind.GREETING
    return next((kind for kind, pattern in _PATTERNS if pattern.search(beginning)), QuestionKind.DOCUMENTATION)
