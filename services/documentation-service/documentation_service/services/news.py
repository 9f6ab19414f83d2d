"""Questions that ask for nothing but what is new: "What has changed since March?", with the date as a filter.

No passage says so in words, and none is nearer to it than another. What the filter leaves is the answer.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from documentation_service.services.ranking import RECENCY, Found, by_best_passage
from flash_core.schemas.search import SearchRequest
from flash_core.utils.words import content_tokens

_OF_CHANGE: Final = frozenset({
    "change", "changes", "changed", "changing", "new", "news", "newer", "newest", "latest", "recent", "recently",
    "update", "updates", "updated", "add", "added", "additions", "publish", "published", "revised", "revisions",
    "edited", "edits", "modified", "created", "written", "posted", "announced", "announcement", "announcements",
    "released", "happened",
    "page", "pages", "document", "documents", "doc", "docs", "documentation", "article", "articles", "entries", "wiki",
    "anything", "something", "everything", "thing", "things", "list", "show", "find", "give",
    "neu", "neue", "neuen", "neuer", "neues", "neuigkeiten", "neuerungen", "ändern", "änderung", "änderungen",
    "geändert", "änderte", "aktualisiert", "aktualisierte", "aktualisierten", "hinzugefügt", "hinzugekommen",
    "dazugekommen",
    "veröffentlicht", "überarbeitet", "erstellt", "angekündigt", "passiert", "seite", "seiten", "dokument", "dokumente",
    "artikel", "zeige", "liste",
})  # fmt: skip
_KINDS: Final = frozenset({
    "policy", "policies", "guideline", "guidelines", "guide", "guides", "rule", "rules", "process", "processes",
    "procedure", "procedures", "richtlinie", "richtlinien", "regel", "regeln", "regelungen", "prozess", "prozesse",
    "anleitung", "anleitungen", "leitfaden",
})  # fmt: skip


def asks_what_is_new(request: SearchRequest, text: str, language: str) -> bool:
    return _since(request) and _OF_CHANGE.issuperset(content_tokens(text, language))


def asks_what_changed(request: SearchRequest, text: str, language: str) -> bool:
    """Of anything, or of a kind of page: "Which policies changed since March?"."""
    return _since(request) and (_OF_CHANGE | _KINDS).issuperset(content_tokens(text, language))


def newest_first(found: Sequence[Found]) -> list[Found]:
    """Each document by its best passage. The score falls with the place, from 1."""
    documents = sorted(by_best_passage(found), key=lambda one: (-one.document.updated_at.timestamp(), one.document.id))
    scores = [1 - place / len(documents) for place in range(len(documents))]
    return [
        replace(one, score=score, components={**one.components, RECENCY: score})
        for one, score in zip(documents, scores, strict=True)
    ]


def _since(request: SearchRequest) -> bool:
    return request.filters is not None and request.filters.updated_after is not None
