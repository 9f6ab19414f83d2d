"""Sentences that speak to the assistant and not to a reader: the usual wording of instructions planted in a page.

A small net for what nobody would want quoted, in the languages of `stop_words.txt`; who words it otherwise gets
through, and is quoted as what the page says (OWASP LLM01:2025, indirect prompt injection).
"""

import re
from typing import Final

_FORGET: Final = (
    r"(?:ignor(?:e|er|ez|iere|ieren|iert|a|are|ar|era)|disregard|forget|override|vergiss|vergessen|missachte|oublie[zr]?"
    r"|olvid[ae]|dimentica|esque[çc]a|negeer|vergeet|glem|glöm)"
)
_EARLIER: Final = (
    r"(?:previous|prior|above|earlier|preceding|vorherigen?|bisherigen?|obigen?|précédente?s|anteriores|previas"
    r"|precedenti|eerdere|vorige|tidligere|tidigare)"
)
_ALL: Final = r"(?:all|any|your|alle|deine|toutes|todas|tutte)"
_ALLOWED: Final = r"(?<!not )(?<!n't )(?<!n\u2019t )(?<!never )(?<!can )(?<!may )"
_POLITE: Final = r"^\W*(?:(?:please|now|then|also|always|and|bitte|nun|dann) ){0,2}"
_INSTRUCTIONS: Final = (
    r"(?:instructions?|prompts?|anweisung(?:en)?|instruktion(?:en|er)|consignes|instrucciones|istruzioni|instruções"
    r"|instructies|instrukser)"
)
_TELL: Final = (
    r"(?:(?:tell|inform|convince|assure) (?:the|all|every|any) users?"
    r"|(?:sage?|teile?|informiere|erkläre?) (?:de[mn]|allen) (?:be)?nutzern?"
    r"|(?:dis|dites|informe[zr]?) (?:à )?l['\u2019]utilisateur|(?:dile|di|informa) al usuario"
    r"|(?:di['\u2019]?|informa) (?:al)?l['\u2019]utente|(?:diga|informe) a?o (?:usuário|utilizador)"
    r"|(?:vertel|zeg|informeer) (?:aan )?de gebruiker|fortæl brugeren|(?:berätta för|informera) användaren)"
)
_MACHINE: Final = r"(?:assistant|ai|a\.i\.|chatbot|bot|language model|dan|assistent|ki|sprachmodell|asistente|ia)"
_ADDRESSES: Final = re.compile(
    rf"\b{_ALLOWED}{_FORGET}\b[^.!?,;:]{{0,30}}\b{_EARLIER}\b[^.!?,;:]{{0,30}}\b{_INSTRUCTIONS}\b"
    rf"|\b{_ALLOWED}{_FORGET}\b[^.!?,;:]{{0,30}}\b{_INSTRUCTIONS}\b[^.!?,;:]{{0,20}}\b{_EARLIER}\b"
    rf"|{_POLITE}{_FORGET} {_ALL} [^.!?,;:]{{0,20}}\b{_INSTRUCTIONS}\b"
    rf"|{_POLITE}{_TELL}\b"
    rf"|\b(?:you are now|from now on,? you are|(?:du bist|sie sind) (?:jetzt|nun|ab jetzt|ab sofort)"
    rf"|(?:tu es|vous êtes) (?:maintenant|désormais)|ahora eres) (?:[\w-]+ ){{0,3}}{_MACHINE}\b"
    rf"|^\W*as an ai(?: language model| model| assistant)?,? you\b|^\W*als ki(?:[- ]\w+)?,? (?:musst|sollst|wirst) du\b"
    rf"|^\W*(?:new )?system[ -]?prompt\s*:"
    rf"|\b(?:reveal|repeat|print|show|output|leak|{_FORGET}|zeige?|nenne|verrate)\b"
    r"[^.!?,;:]{0,20}\bsystem[ -]?prompt\b",
    re.IGNORECASE,
)


def addresses_assistant(text: str) -> bool:
    """It orders whoever writes the answer around: to drop its instructions, to be somebody else, to tell the user."""
    return _ADDRESSES.search(text) is not None
