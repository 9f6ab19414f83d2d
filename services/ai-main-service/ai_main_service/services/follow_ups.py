"""What one may ask next: the headings that were found but not quoted, each as a question; no model is asked."""

import html
import re
from collections.abc import Sequence

from ai_main_service.services.candidates import HEADINGS
from ai_main_service.services.citations import inert
from ai_main_service.services.context_builder import Context
from ai_main_service.services.phrases import question_about
from ai_main_service.services.plain import one_line
from flash_core.interfaces.ai_provider import GroundingPassage
from flash_core.schemas.chat import Citation
from flash_core.utils.words import content_stems

MOST = 3
_LONGEST = 120
_ALIKE = 0.6
_SAYS_ENOUGH = 2
_NUMBERING = re.compile(
    r"^(?:(?:\d+\.)+\d*|\d+\)|(?:step|schritt|appendix|anhang) \w{1,2}\b\s?[-:.\u2013])\s+", re.IGNORECASE
)
_EMPHASIS = re.compile(r"\*\*|__|`|^[*_]|[*_]$|\{#[^{}]*\}")
_DANGLING = re.compile(r"\s*(?:\.\.\.|\u2026)\s*\??$")
_FILE_NAME = re.compile(r"[a-z0-9_.-]+|[A-Z]+|\S+\.\w{1,5}")
_HOW_TO = re.compile(r"^how to (\w)", re.IGNORECASE)
_ASKS = re.compile(
    r"(?:how|when|where|why|what|which \w+|who) (?:do|does|did|can|should|must|may|is|are|was|were|will|if)\s"
    r"|why (?:use|choose|not)\s|(?:can|do|does|is|are|should|must|may) (?:i|we|you|the|my|our|there|it)\s"
    r"|(?:wie|warum|wieso|wer|wo|wann|was) (?:ist|sind|kann|darf|muss|soll|wird|werden|macht?|passiert|\w+e ich)\b",
    re.IGNORECASE,
)
_NAVIGATION = re.compile(
    r"(?:see also|(?:table of )?contents|next steps?|further (?:information|reading)|more information|learn more"
    r"|(?:[\w']+ )*(?:links?|resources)|references?|related \w+|where to \w+ next|overview|introduction"
    r"|siehe auch|inhalt(?:sverzeichnis)?|weitere \w+|nächste schritte|überblick|einführung|voir aussi|véase también)",
    re.IGNORECASE,
)


def follow_ups(context: Context, citations: Sequence[Citation], asked: Sequence[str], language: str) -> list[str]:
    """At most `MOST` questions, the best passage's first, each about a passage that was found.

    Nothing that was `asked` already or that the answer quotes from, and nothing twice.
    """
    cited = {citation.marker for citation in citations}
    known = [_gist(text) for text in asked]
    known += [_gist(_subject(passage)) for passage in context.passages if passage.marker in cited]
    offered: list[str] = []
    for passage in context.passages:
        subject = _subject(passage)
        gist = _gist(subject)
        if passage.marker in cited or not _can_be_asked(subject, gist) or any(_is_alike(gist, one) for one in known):
            continue
        known.append(gist)
        offered.append(_asked(subject, language))
    return offered[:MOST]


def _subject(passage: GroundingPassage) -> str:
    """The heading, with the one above it where that goes on in it, or with the title where it says little alone."""
    *above, lowest = (_plain(step) for step in passage.heading.split(HEADINGS))
    if above and _DANGLING.search(above[-1]):
        return f"{_DANGLING.sub('', above[-1])} {lowest[:1].lower()}{lowest[1:].rstrip('?')}?"
    title = _plain(passage.title)
    if not lowest or _NAVIGATION.fullmatch(lowest):
        return title
    says_enough = lowest.endswith("?") or len(_gist(lowest)) >= _SAYS_ENOUGH or _gist(title) <= _gist(lowest)
    return lowest if says_enough else f"{title}: {lowest}"


def _plain(text: str) -> str:
    return _EMPHASIS.sub("", _NUMBERING.sub("", one_line(html.unescape(text)))).strip(" :")


def _gist(text: str) -> frozenset[str]:
    return frozenset(content_stems(text))


def _can_be_asked(subject: str, gist: frozenset[str]) -> bool:
    is_text = len(subject) <= _LONGEST and inert(subject) == subject
    says_nothing = any(pattern.fullmatch(subject) for pattern in (_NAVIGATION, _FILE_NAME)) or _DANGLING.search(subject)
    return is_text and bool(gist) and not says_nothing


def _is_alike(gist: frozenset[str], other: frozenset[str]) -> bool:
    return gist <= other or len(gist & other) >= _ALIKE * len(gist | other)


def _asked(subject: str, language: str) -> str:
    """The subject as a question. One that is none becomes the object of a question in the asker's language."""
    if subject.endswith("?"):
        return subject
    if _HOW_TO.match(subject):
        return f"{_HOW_TO.sub(lambda verb: f'How do I {verb[1].lower()}', subject)}?"
    return f"{subject}?" if _ASKS.match(subject) else question_about(language, subject)
