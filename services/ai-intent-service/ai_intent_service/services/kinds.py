"""The kind of a question, read from its words."""

import re
from typing import Final

from ai_intent_service.services.courtesy import is_courtesy
from flash_core.schemas.ai import QuestionKind

_ORDER = r"(?:^\W*|[.!?:;,\n]\s*|\b(?:please|now|just|then|and|must|bitte|und|jetzt) )"
_WILL = (
    r"\b(?:how (?:do|can|could|would|should|to) (?:(?:i|you|we|one) )?|i (?:want|would like|need|am going|plan) to "
    r"|i'(?:d like|m going) to |help me (?:to )?|ways? to )(?:\w+ )?"
)
_UNSAFE = (
    (
        rf"{_ORDER}(?:ignore|disregard|forget) (?:all |any |of |the |your |my )*"
        r"(?:previous |prior |above |earlier |system )+(?:instructions?|prompts?|rules?)\b"
    ),
    (
        r"\b(?:show|reveal|print|repeat|output|tell me|give me) (?:me )?(?:your|the(?=[\w ]+\W*$)) "
        r"(?:(?:system|hidden|initial|secret) )+(?:prompt|instructions?)\b(?! (?:of|for|in|to|from|on)\b)"
    ),
    r"\bwhat(?:'s| is| are) your (?:(?:system|hidden|initial|secret) )+(?:prompt|instructions?)\W*$",
    r"^\W*jailbreak(?: yourself| now| mode)?\W*$|\b(?:enter|activate|enable|switch (?:in)?to) (?:a |the )?jailbreak\b",
    rf"{_WILL}(?:build|make|construct) (?:a |an )?(?:pipe )?(?:bombs?|explosives?|nerve agent)\b(?!\s\w)",
    rf"(?:{_WILL}|^\W*)(?:kill|hurt) (?:myself|yourself|somebody|someone)\b(?!(?: else)?['\u2019]s)",
    (
        rf"{_ORDER}(?:ignorier|vergiss|missacht|umgeh)\w* (?:alle |deine |die |bisherigen |vorherigen |obigen )+"
        r"(?:regeln|anweisungen|instruktionen|vorgaben)\b"
    ),
    (
        r"\b(?:zeige?|nenne?|verrate?|gib|wie lautet) (?:mir )?"
        r"(?:deine?n? (?:system-?)?(?:prompt|anweisungen)\b|den (?:system-?)?prompt\W*$)"
    ),
    r"\b(?:baue?|bastl?e|stelle?) (?:ich |man )?(?:eine? )?(?:bombe|sprengstoff|sprengsatz)\b",
    r"\b(?:ich|man|wir) (?:\w+ )?(?:mich|jemanden) (?:umbringen|töten|umbringe|töte)\b",
)
"""Orders and intentions: what only speaks of such things ("Is jailbreak allowed on phones?") can be documented."""
_BEING = r"(?:bot|chatbot|robot|human|person|ai|llm|chatgpt|real|real person|machine|ai model|language model)"
_WESEN = r"(?:mensch|roboter|bot|chatbot|ki|maschine|programm|künstliche intelligenz)"
_ABOUT = (
    r"^\W*(?:who|what) (?:are|r) (?:you|u)(?: exactly| really)?\W*$",
    r"^\W*what (?:can|do) you do(?: for me)?\W*$",
    r"^\W*what(?:'s| is) your name\W*$|^\W*(?:help|hilfe)(?: me| mir)?(?: please| bitte)?\W*$|^\W*hilf mir\W*$",
    r"^\W*(?:what|which) (?:ai |language )?(?:model|llm) (?:are you|do you use)\W*$",
    (
        r"^\W*(?:what|which) (?:documents?|documentation|docs|sources|pages|topics) "
        r"(?:do you (?:know|have|use|search|read)|can you (?:search|read))(?: about)?\W*$"
    ),
    (
        r"^\W*welches (?:ki-|sprach)?modell (?:bist|nutzt|benutzt|verwendest) du\W*$"
        r"|^\W*welche (?:dokumente|quellen|seiten|themen) (?:kennst|hast|durchsuchst) du\W*$"
    ),
    rf"^\W*are you (?:a |an )?{_BEING}(?:,? or (?:a |an )?{_BEING})?\W*$",
    r"^\W*how (?:can|do) you (?:help|work)(?: me| us)?(?: exactly| internally| really)?\W*$",
    r"^\W*(?:wer|was) bist du(?: eigentlich| genau)?\W*$",
    r"^\W*was kannst du(?: alles| so| eigentlich)?(?: für mich)?(?: tun)?\W*$",
    r"^\W*wie hei(?:ß|ss)t du(?: eigentlich)?\W*$|^\W*wer hat dich \w+\W*$",
    rf"^\W*bist du (?:eine? )?(?:echter? )?{_WESEN}(?:,? oder (?:eine? )?{_WESEN})?\W*$",
    r"^\W*welche fragen kann ich dir stellen\W*$|^\W*(?:wobei|wie) kannst du (?:mir )?helfen\W*$",
    r"^\W*(?:qui|que) (?:es-tu|êtes-vous)\W*$|^\W*¿?qui[eé]n eres\W*$",
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
    if is_courtesy(question):
        return QuestionKind.GREETING
    return next((kind for kind, pattern in _PATTERNS if pattern.search(beginning)), QuestionKind.DOCUMENTATION)
