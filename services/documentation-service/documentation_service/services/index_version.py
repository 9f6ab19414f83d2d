"""What a search can find, as a short string that changes with it."""

from hashlib import blake2b

from documentation_service.interfaces import TransactionFactory

_BYTES = 8


async def index_version(transaction: TransactionFactory, groups: frozenset[str]) -> str:
    """Another one after every change of the sources that members of `groups` may see, of their documents, of who may
    see them, of the aliases, or of what is usual in a source; also when the vector store has heard of a change of
    groups only later.

    Read it before a search that is to be remembered under it: what changes during the search then has a newer one.
    """
    async with transaction() as work:
        aliases = await work.aliases.version()
        states = await work.sources.states(groups)
    told = [str(aliases), *(f"{one.id}:{one.version}:{one.settled}:{one.calibrated_at}" for one in states)]
    return blake2b("\n".join(told).encode(), digest_size=_BYTES).hexdigest()
