"""Evidence for aliases, gathered page by page, and the proposals that it adds up to."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final
from uuid import UUID

from documentation_service.interfaces import LiveDocument, ReadableDocument
from documentation_service.services.acronyms import definitions, explains, is_short_form
from documentation_service.services.other_names import is_name, other_names
from documentation_service.services.page_links import PageIndex
from documentation_service.services.page_text import Link, Paragraph, links, paragraphs
from flash_core.schemas.aliases import AliasEvidence, EvidenceKind
from flash_core.utils.plain import plain_text
from flash_core.utils.words import WORD, content_stems, stop_words, tokens

Key = tuple[str, ...]
"""The stems of a name: how it is told apart from others, whatever its case and inflection."""

_SNIPPET: Final = 200
_REDIRECT_CHARACTERS: Final = 300
_REDIRECT = re.compile(r"#?redirect|\b(?:moved|replaced|renamed|merged|lives|see)\b", re.IGNORECASE)
_MORE_LINKED: Final = 3
_MOST_LINKS: Final = 500
"""Of a page; a list of everything names nothing."""
_SHOWN_EVIDENCE: Final = 10

_ACRONYM, _CERTAIN_NAME, _NAME, _REDIRECTED, _LINKED_LETTERS = 0.9, 0.8, 0.65, 0.7, 0.85
_LINKED: Final = {1: 0.3, 2: 0.5, _MORE_LINKED: 0.6}
"""By how many pages link with these words: people name a page as it suits their sentence."""
_LINKED_AS_NAME: Final = 0.1
_A_DOCUMENT_MORE: Final = 0.02
_MOST_DOCUMENTS_MORE: Final = 4
_ANOTHER_KIND: Final = 0.05
_BEST: Final = 0.99

_POINTERS: Final = frozenset(
    tokens("""
    here this that these those our my your its their us we you it link links page pages section document doc article
    more click read see start jump next previous back continue learn how what why when where who form template request
    submit apply review check update guidance instructions details information tips below above
    """)
)
"""What a link says of itself or of what to do, not of the page that it leads to."""
_FILE: Final = re.compile(r"\.(?:md|markdown|mdx|html?|txt|rst|adoc|pdf|docx|pptx|xlsx)$", re.IGNORECASE)


@dataclass(slots=True)
class _Place:
    document: ReadableDocument
    text: str
    count: int = 1


@dataclass(slots=True)
class _Claim:
    """That two names mean the same: the spellings of each, how sure each kind of evidence is, and where it stands."""

    names: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    certainty: dict[EvidenceKind, float] = field(default_factory=dict)
    places: dict[tuple[EvidenceKind, UUID], _Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    term: str
    synonym: str
    score: float
    evidence: tuple[AliasEvidence, ...]
    documents: int
    open: bool


@dataclass(frozen=True, slots=True)
class _LinkFound:
    source: ReadableDocument
    link: Link


class Evidence:
    """Of one reading of the documentation. Links are looked up at the end, when all pages are known: only to pages
    that were read themselves.
    """

    def __init__(self) -> None:
        self._claims: dict[tuple[Key, Key], _Claim] = defaultdict(_Claim)
        self._pages = PageIndex()
        self._documents: dict[UUID, ReadableDocument] = {}
        self._links: list[_LinkFound] = []
        self._pointers: dict[UUID, str] = {}

    def read(self, page: ReadableDocument) -> None:
        document, shown = page.document, plain_text(page.document.title)
        self._documents[document.id] = ReadableDocument(document, "", page.for_everyone)
        self._pages.add(document)
        here = self._documents[document.id]
        self._links += [_LinkFound(here, link) for link in islice(dict.fromkeys(links(page.text)), _MOST_LINKS)]
        title = Paragraph(shown, "", is_heading=True)
        for paragraph in (title, *paragraphs(page.text)):
            self._define(here, paragraph)
            for found in other_names(paragraph, shown):
                certainty = _CERTAIN_NAME if found.certain else _NAME
                self._claim("also_known_as", found.name, found.other, certainty, here, found.text)
        if len(page.text) <= _REDIRECT_CHARACTERS and _REDIRECT.search(page.text):
            self._pointers[document.id] = " ".join(plain_text(page.text).split())

    def proposals(self) -> list[Proposal]:
        """Best first."""
        self._follow_links()
        found = [_proposal(claim) for claim in self._claims.values()]
        return sorted(found, key=lambda one: (-one.score, one.term.casefold(), one.synonym.casefold()))

    def _define(self, here: ReadableDocument, paragraph: Paragraph) -> None:
        for found in definitions(paragraph.text):
            snippet = paragraph.text[max(0, found.start - _SNIPPET // 2) : found.end + _SNIPPET // 2]
            self._claim("acronym", found.short, found.long, _ACRONYM * found.fit, here, snippet)

    def _follow_links(self) -> None:
        """A name that leads to several pages, or that is another page's title, names none of them."""
        leads: dict[Key, set[UUID]] = defaultdict(set)
        resolved: list[tuple[_LinkFound, LiveDocument]] = []
        for document in self._documents.values():
            leads[_key(document.document.title)].add(document.document.id)
        for found in self._links:
            target = self._pages.target(found.source.document, found.link.target)
            if target is not None:
                resolved.append((_as_open_as(self._documents[target], found), self._documents[target].document))
                leads[_key(found.link.text)].add(target)
        for found, to in resolved:
            if leads[_key(found.link.text)] == {to.id}:
                self._named_by_link(found, to)
            self._redirected(found, to)

    def _named_by_link(self, found: _LinkFound, to: LiveDocument) -> None:
        title, text = plain_text(to.title), found.link.text
        if not _may_be_name(text) or not is_name(title):
            return
        fits = explains(text, title) or explains(title, text)
        certainty = _LINKED_LETTERS * fits if fits else 0.0
        self._claim("link", title, text, certainty, found.source, f"[{text}] leads to {title}")

    def _redirected(self, found: _LinkFound, to: LiveDocument) -> None:
        source = found.source.document
        if source.id in self._pointers and is_name(to.title) and is_name(source.title):
            text = self._pointers[source.id]
            self._claim("redirect", plain_text(to.title), plain_text(source.title), _REDIRECTED, found.source, text)

    def _claim(
        self, kind: EvidenceKind, name: str, other: str, certainty: float, page: ReadableDocument, text: str
    ) -> None:
        keys = _key(name), _key(other)
        if not _tell_apart(*keys):
            return
        swapped = (keys[1], keys[0]) in self._claims
        claim = self._claims[(keys[1], keys[0]) if swapped else keys]
        for names, spelling in zip(claim.names, (other, name) if swapped else (name, other), strict=True):
            names[spelling] += 1
        claim.certainty[kind] = max(certainty, claim.certainty.get(kind, 0.0))
        place = (kind, page.document.id)
        if place in claim.places:
            claim.places[place].count += 1
        else:
            claim.places[place] = _Place(page, text[:_SNIPPET])


def _as_open_as(target: ReadableDocument, found: _LinkFound) -> _LinkFound:
    """What a link says of a closed page holds that page's title."""
    return _LinkFound(replace(found.source, for_everyone=found.source.for_everyone and target.for_everyone), found.link)


def _proposal(claim: _Claim) -> Proposal:
    term, synonym = (names.most_common(1)[0][0] for names in claim.names)
    return Proposal(
        term,
        synonym,
        _score(claim, synonym),
        tuple(
            AliasEvidence(
                document_id=document_id,
                title=place.document.document.title,
                kind=kind,
                text=place.text,
                count=place.count,
            )
            for (kind, document_id), place in islice(claim.places.items(), _SHOWN_EVIDENCE)
        ),
        len({document_id for _, document_id in claim.places}),
        any(place.document.for_everyone for place in claim.places.values()),
    )


def _score(claim: _Claim, synonym: str) -> float:
    certainties = []
    for kind, certainty in claim.certainty.items():
        documents = sum(place[0] == kind for place in claim.places)
        if kind == "link" and certainty == 0:
            certainties.append(_LINKED[min(documents, _MORE_LINKED)] + _LINKED_AS_NAME * _is_capitalised(synonym))
        else:
            certainties.append(certainty + _A_DOCUMENT_MORE * min(documents - 1, _MOST_DOCUMENTS_MORE))
    return round(min(_BEST, max(certainties) + _ANOTHER_KIND * (len(certainties) - 1)), 3)


def _key(name: str) -> Key:
    """`CoE` is no identifier of two parts, and `IT` no small word."""
    capitals = sum(letter.isupper() for letter in name)
    if is_short_form(name) and 2 * capitals >= len(name):
        return (name.casefold(),)
    return tuple(content_stems(name) or tokens(name))


def _tell_apart(one: Key, other: Key) -> bool:
    """Whether each says something that the other does not: else a search for one finds the other anyway."""
    return bool(set(one) - set(other)) and bool(set(other) - set(one)) and "".join(one) != "".join(other)


def _may_be_name(text: str) -> bool:
    """Neither a pointer ("see here") nor the name of a file."""
    words = tokens(text)
    told = is_name(text) and not _FILE.search(text)
    return told and not set(words) & _POINTERS and not {words[0], words[-1]} & stop_words()


def _is_capitalised(name: str) -> bool:
    words = [word for word in WORD.findall(name) if word.lower() not in stop_words()]
    return all(not word[0].islower() for word in words)


class Covered:
    """Which pairs of names accepted aliases hold already."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self._pairs = {pair for group in groups for pair in _pairs([_key(name) for name in group])}

    def __contains__(self, proposal: Proposal) -> bool:
        return (_key(proposal.term), _key(proposal.synonym)) in self._pairs


def _pairs(keys: Sequence[Key]) -> Iterator[tuple[Key, Key]]:
    return ((one, other) for one in keys for other in keys)
