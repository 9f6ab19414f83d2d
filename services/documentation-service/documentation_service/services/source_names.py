"""Which sources a question means when it names some: "in the HR wiki"."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final
from uuid import UUID

from documentation_service.interfaces import SourceState
from flash_core.utils.words import tokens

_ARTICLES: Final = frozenset({"the", "our", "my", "a"})
_FILLERS: Final = _ARTICLES | frozenset(
    {
        "wiki", "wikis", "space", "spaces", "doc", "docs", "documentation", "documents", "handbook", "guide", "manual",
        "folder", "source", "sources", "pages", "site", "repo", "repository", "knowledge", "base",
    }
)  # fmt: skip
"""What people add to a name, or leave out of it."""

Words = tuple[str, ...]


def resolved(names: Iterable[str], sources: Sequence[SourceState]) -> tuple[list[UUID], list[str]]:
    """The sources meant, in their order, and the names that name none.

    A name means the sources that are called so, upper or lower case; else those called so but for articles, then but
    for words such as "wiki"; else those whose names have all of its words.
    """
    meant: set[UUID] = set()
    unresolved = []
    for name in names:
        found = _called(name, sources)
        meant |= found
        if not found:
            unresolved.append(name)
    return [source.id for source in sources if source.id in meant], unresolved


def _called(name: str, sources: Sequence[SourceState]) -> set[UUID]:
    wanted = tuple(tokens(name))
    for likeness in _LIKENESSES:
        found = {source.id for source in sources if likeness(wanted, tuple(tokens(source.name)))}
        if found:
            return found
    return set()


def _without(words: Words, left_out: frozenset[str]) -> Words:
    return tuple(word for word in words if word not in left_out)


def _same_but_for(left_out: frozenset[str]) -> Callable[[Words, Words], bool]:
    def likeness(wanted: Words, name: Words) -> bool:
        kept = _without(wanted, left_out)
        return bool(kept) and kept == _without(name, left_out)

    return likeness


def _has_all(wanted: Words, name: Words) -> bool:
    kept = _without(wanted, _FILLERS)
    return bool(kept) and set(kept) <= set(name)


_LIKENESSES: Final = (_same_but_for(frozenset()), _same_but_for(_ARTICLES), _same_but_for(_FILLERS), _has_all)
