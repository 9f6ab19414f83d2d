"""The documents of a source that can be found now."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final, TypeVar
from uuid import UUID

from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.schemas.documentation import ResolvedDocument

_A_PAGE: Final = 500
ItemT = TypeVar("ItemT")


async def live_documents(registry: DocumentRegistryInterface, source_id: UUID) -> AsyncIterator[ResolvedDocument]:
    """Ordered by external id."""
    after = ""
    while page := await registry.documents_of(source_id, after=after, limit=_A_PAGE):
        for one in page:
            yield one
        after = page[-1].external_id


def pages(items: Sequence[ItemT]) -> Iterator[Sequence[ItemT]]:
    """As many at a time as the registry is asked about."""
    for start in range(0, len(items), _A_PAGE):
        yield items[start : start + _A_PAGE]
