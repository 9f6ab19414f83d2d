"""What a question says about where and how old: the words that narrow the search instead of being searched for.

Conservative, because a filter hides documents: a source needs a noun that says so ("wiki", "handbook"), a moment needs
something that is changed or said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from ai_intent_service.services.moments import MOMENTS, PERIODS, Reader
from flash_core.schemas.search import SearchFilters
from flash_core.utils.words import WORD, content_tokens, stop_words

_OLDEST_YEARS: Final = 15
"""Company pages are not older: an earlier year belongs to the question's subject."""
_LONGEST_QUESTION: Final = 1_000
_LONGEST_NAME: Final = 80

_SINCE = r"\b(?:(?:ever )?since|seit(?: dem| der)?|ab(?: dem)?|(?<=ed )after|newer than)"
_TIMES: Final[tuple[tuple[re.Pattern[str], Reader], ...]] = (
    *((re.compile(rf"{_SINCE} {moment}(?!\w)", re.IGNORECASE), read) for moment, read in MOMENTS),
    *((re.compile(rf"\b{period}(?!\w)", re.IGNORECASE), read) for period, read in PERIODS),
)
_IS_ABOUT_PAGES: Final = re.compile(
    r"\b(?:chang(?:e[sd]?|ing)|new|news|newer|latest|recently|updat(?:e[sd]?|ing)|revis(?:ed|ions?)|add(?:ed|itions?)"
    r"|publish(?:ed)?|edit(?:ed|s)|modif(?:ied|ications?)|announce(?:d|ments?)|released?|decided|decisions?|happened"
    r"|written|wrote|posted|posts|created|introduced|documents?|docs|pages?|articles?|entries|say|says|said"
    r"|geändert|änder(?:ung(?:en)?|t|te|n)|neue?[nrsm]?|neuerungen|neuigkeiten|aktualisiert\w*|hinzugefügt\w*"
    r"|hinzugekommen|dazugekommen|veröffentlicht\w*|überarbeitet\w*|erstellt\w*|angekündigt\w*|beschlossen|passiert"
    r"|dokumente?|seiten|artikel|steht|sagt)\b",
    re.IGNORECASE,
)
_PARTICIPLE: Final = re.compile(
    r"\b(?P<before>\w++) (?P<said>(?:(?:that|which) (?:were|was|have been|has been) )?"
    r"(?:updated|changed|edited|modified|added|published|written|created|revised|posted) )$",
    re.IGNORECASE,
)
_NO_NOUN: Final = re.compile(
    r"was|were|is|are|be|been|being|has|have|had|got|gets?|did|does|do|what|which|who|that|anything|something|nothing"
    r"|everything|recently|newly|last|not",
    re.IGNORECASE,
)

_CUE = (
    r"(?:\w*+(?<=wiki)|\w*+(?<=handbuch)|handbook|confluence|notion|sharepoint|intranet|knowledge ?base"
    r"|wissensdatenbank|runbooks?|docs|documentation|dokumentation|doku|repository|repo|space|source|quelle|bereich)"
)
_NEEDS_A_NAME: Final = re.compile(
    "docs|documentation|dokumentation|doku|repository|repo|space|source|quelle|bereich", re.IGNORECASE
)
_IN = r"(?:in|from|on|within|inside|according to|laut|aus|gemäß|nach|im|aus dem|in dem)"
_THE = r"(?:the|our|dem|der|unserem|unserer|unser)"
_NAME_WORD = r"[\w&.+/]++"
"""Without hyphens, which separate words as spaces do: were they both, a text could be read in very many ways."""
_SOURCE: Final = re.compile(
    rf"(?<!\w)(?P<in>{_IN})(?: (?P<the>{_THE}))? (?P<name>(?:{_NAME_WORD}[ -]){{0,5}}?"
    rf"(?:\"[^\"]{{2,60}}\" )?{_CUE}|(?:{_NAME_WORD}-)?{_CUE})(?![\w'\u2019-])"
    r"(?!\s+(?:section|page|chapter|article|home))",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(rf"\((?:{_IN} )?(?:{_THE} )?(?P<name>(?:{_NAME_WORD}[ -]){{0,5}}?{_CUE})\)", re.IGNORECASE)
_GOES_ON: Final = re.compile(
    r"about|on|for|regarding|concerning|of|is|are|does|do|can|how|what|when|who|over|über|zu|zum|zur|für|ist|steht",
    re.IGNORECASE,
)
_WITH_ARTICLE: Final = frozenset({"im", "aus dem", "in dem", "laut"})
_BY_IT: Final = frozenset({"according to", "laut", "gemäß", "nach", "from", "aus", "aus dem"})
_WORKS_ON_IT: Final = re.compile(
    r"\b(?:create|edit|add|write|publish|delete|remove|move|rename|upload|comment|log ?in|sign|access|permissions?"
    r"|rights|set ?up|use|configure|install|migrate|anlegen|bearbeiten|erstellen|löschen|schreiben|hochladen|anmelden"
    r"|zugriff|zugang|rechte)\b(?P<what>[^?.,;()]*)$",
    re.IGNORECASE,
)
_PARTS_OF_IT: Final = re.compile(
    r"\b(?:pages?|articles?|entry|entries|sections?|documents?|docs|files?|comments?|contents?|links?|macros?|templates?"
    r"|tables?|images?|attachments?|labels?|accounts?|users?|anything|something|seiten?|artikel|einträge?|dokumente?"
    r"|dateien?|kommentare?|vorlagen?|konto|etwas)\b",
    re.IGNORECASE,
)
_LOOKS_FOR: Final = re.compile(
    r"\b(?:find|search|look|is there|are there|anything|something|documented|described|gibt es|suche?|finde)\b",
    re.IGNORECASE,
)
_NAME: Final = rf"(?P<name>(?:{_NAME_WORD}[ -]){{0,5}}?{_CUE})"
_SAYS: Final = re.compile(
    rf"^\W*(?:what (?:does|do|did) (?:the|our) {_NAME} (?:say|tell us|state|have)(?: to say)? (?:about|on|regarding)"
    rf"|(?:please )?search (?:the|our) {_NAME.replace('name', 'searched')} (?:for|about)) (?P<subject>.+)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """`rest` is the question without the words that became `filters`."""

    rest: str
    filters: SearchFilters | None = None


def said(question: str, now: datetime) -> Said:
    """The filters that the question says. `now`: aware; moments are the beginning of a day in UTC."""
    if len(question) > _LONGEST_QUESTION:
        return Said(question)
    rest, since = _said_time(question, now.astimezone(UTC).date())
    rest, name = _said_source(rest)
    if since is None and name is None:
        return Said(question)
    return Said(rest, SearchFilters(updated_after=since, source_names=None if name is None else [name]))


def _said_time(question: str, today: date) -> tuple[str, datetime | None]:
    if not _IS_ABOUT_PAGES.search(question):
        return question, None
    for begin, end, day in _times(question, today):
        if today.year - _OLDEST_YEARS <= day.year and day <= today:
            return _without(question, _with_participle(question, begin), end), datetime.combine(day, time(), UTC)
    return question, None


def _with_participle(question: str, begin: int) -> int:
    """Where "updated" begins in "policies updated this year"; "were updated this year" keeps its verb."""
    participle = _PARTICIPLE.search(question[:begin])
    return begin if participle is None or _NO_NOUN.fullmatch(participle["before"]) else participle.start("said")


def _times(question: str, today: date) -> Iterator[tuple[int, int, date]]:
    for pattern, read in _TIMES:
        for found in pattern.finditer(question):
            day = read(found, today)
            if day is not None:
                yield *found.span(), day


def _said_source(question: str) -> tuple[str, str | None]:
    says = _SAYS.match(question)
    if says and _is_name(says["name"] or says["searched"], with_article=True):
        return f"What is said about {says['subject']}", says["name"] or says["searched"]
    for found in _SOURCE.finditer(question):
        is_meant = bool(found["the"]) or found["in"].lower() in _WITH_ARTICLE or bool(_LOOKS_FOR.search(question))
        if _is_name(found["name"], with_article=is_meant) and _is_a_place(question, found):
            return _without(question, *found.span()), _cleaned(found["name"])
    aside = _ASIDE.search(question)
    if aside and _is_name(aside["name"], with_article=True):
        return _without(question, *aside.span()), _cleaned(aside["name"])
    return question, None


def _cleaned(name: str) -> str:
    return name.replace('"', "").strip()


def _is_a_place(question: str, found: re.Match[str]) -> bool:
    """Whether the source is where to look, not what is looked for or worked on."""
    is_object = found["in"].lower() not in _BY_IT and _is_worked_on(question[: found.start()])
    return not is_object and _stands_apart(question, found)


def _is_worked_on(before: str) -> bool:
    """It, or what it is made of: "edit pages in the wiki", "get access in the wiki"."""
    works = _WORKS_ON_IT.search(before)
    return works is not None and (_PARTS_OF_IT.search(works["what"]) is not None or not content_tokens(works["what"]))


def _is_name(name: str, *, with_article: bool) -> bool:
    """Whether it can be the name of one source: "HR wiki", "the handbook", not "documentation" or "tools and docs"."""
    *own, cue = re.split(r"[ -]", name)
    if len(name) > _LONGEST_NAME:
        return False
    if not own:
        return with_article and not _NEEDS_A_NAME.fullmatch(cue)
    function_words = stop_words("en") | stop_words("de")
    is_phrase = any(word.lower() in function_words and not word.isupper() for word in own)
    return (with_article or own[0][0].isupper()) and not is_phrase


def _stands_apart(question: str, found: re.Match[str]) -> bool:
    """At the beginning or the end, or between the parts of a question: not in the middle of what is asked about."""
    before, after = question[: found.start()].strip(" ,;:"), question[found.end() :]
    following = WORD.search(after)
    if following is None or not before or after.lstrip().startswith((",", ";", ":")):
        return True
    return _GOES_ON.fullmatch(following[0]) is not None


def _without(question: str, begin: int, end: int) -> str:
    before, after = question[:begin].rstrip(" ,;("), question[end:].lstrip(" ,;:)")
    joined = f"{before} {after}" if before and after and after[0] not in "?.!" else f"{before}{after}"
    return joined.strip()
