"""What a search can find, as a short string that changes with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from documentation_service.interfaces import TransactionFactory

_BYTES = 8


@dataclass(frozen=True, slots=True)
class IndexState:
    """`checked`: when each source was last compared with the index, which changes nothing that can be found."""

    version: str
    checked: Mapping[UUID, datetime | None]


async def index_state(transaction: TransactionFactory, groups: frozenset[str]) -> IndexState:
    """Its version is another after every change of the sources that members of `groups` may see, of their documents,
    of who may see them, of the aliases, or of what is usual in a source; also when the vector store has heard of a
    change of groups only later.

    Read it before a search that is to be remembered under it: what changes during the search then has a newer one.
    """
    async with transaction() as work:
        aliases = await work.aliases.version()
        states = await work.sources.states(groups)
    told = [str(aliases), *(f"{one.id}:{one.version}:{one.settled}:{one.calibrated_at}" for one in states)]
    version = blake2b("\n".join(told).encode(), digest_size=_BYTES).hexdigest()
    return IndexState(version, {one.id: one.checked_at for one in states})
