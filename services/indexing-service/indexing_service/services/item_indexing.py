"""The documents of a job, on their way through the pipeline in groups."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import structlog

from flash_core.errors import FencedError, FlashError
from indexing_service.interfaces import (
    DocumentPipelineInterface,
    Item,
    ItemState,
    Job,
    JobKind,
    Outcome,
    Source,
    SourceDocument,
    UnitOfWorkFactory,
)
from indexing_service.interfaces.providers import SourceAwayError
from indexing_service.interfaces.syncing import Known

log = structlog.get_logger(__name__)

_GROUP_BYTES: Final = 50_000
_GROUP_DOCUMENTS: Final = 32
_GROUPS_AT_ONCE: Final = 3
"""While one group is being stored, the next is embedded and a third is read: the model never waits."""
_ITEMS_A_READ: Final = 200
_MAX_TRIES: Final = 3
_IN_A_ROW: Final = 3
"""When so many documents do not come, it may be the source that is away."""
_OPEN: Final = (ItemState.FAILED, ItemState.SKIPPED)

Fetch = Callable[[Item], Awaitable[SourceDocument | Outcome]]
Another = Callable[[Collection[str]], Awaitable[Item | None]]


@dataclass(slots=True)
class _Group:
    """Documents that travel together; `outcomes` are of those that could not even be read. `alone`: nothing else is
    under way, so that what ends its worker is known.
    """

    alone: bool = False
    items: dict[str, Item] = field(default_factory=dict)
    documents: list[SourceDocument] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    bytes: int = 0

    def add(self, item: Item, fetched: SourceDocument | Outcome) -> None:
        self.items[item.external_id] = item
        if isinstance(fetched, Outcome):
            self.outcomes[item.external_id] = fetched
        else:
            self.documents.append(replace(fetched, version=item.version))
            self.bytes += fetched.size

    def known(self, item: Item, mark: str, before: Known | None) -> Known:
        """What to remember of an item that has ended. What failed is to be looked at again, and so is what the source
        listed but did not give: only what is in a document itself stays true for as long as its version does.
        """
        given = next((one for one in self.documents if one.external_id == item.external_id), None)
        if item.state in _OPEN or (item.state is ItemState.WITHDRAWN and given is None):
            return replace(before or Known(item.external_id, ""), version="", reason="")
        groups = given.groups if given else frozenset[str]()
        reason = item.reason if item.state is ItemState.WITHDRAWN else ""
        return Known(item.external_id, item.version, groups, mark, reason)

    @property
    def is_full(self) -> bool:
        return self.bytes >= _GROUP_BYTES or len(self.items) >= _GROUP_DOCUMENTS


class _Fetches:
    """Documents as they come. One that does not, for what may pass, holds up no other: it is put off to the end, and
    has failed if it does not come then either.

    Where several in a row do not, one that came before is asked for, or what `another` gives: if that does not come
    either, the source is `away`. Without `another`, what may pass stops all.
    """

    def __init__(self, fetch: Fetch, another: Another | None) -> None:
        self._fetch = fetch
        self._another = another
        self._missed = 0
        self._came: Item | None = None
        self.deferred: list[Item] = []
        self.away: FlashError | None = None

    async def into(self, group: _Group, item: Item, *, last: bool) -> None:
        if item.tries >= _MAX_TRIES:
            reason = f"Indexing it was begun {_MAX_TRIES} times and never came to an end."
            group.add(item, Outcome(ItemState.FAILED, reason))
            return
        try:
            group.add(item, await self._fetch(item))
        except FlashError as error:
            if not error.retryable or self._another is None:
                raise
            log.warning("document.missed", error=error.code)
            if not last:
                await self._put_off(item, error, self._another)
            elif isinstance(error, SourceAwayError):
                self.away = error
            else:
                group.add(item, Outcome(ItemState.FAILED, str(error)))
        else:
            self._missed, self._came = 0, item

    async def _put_off(self, item: Item, error: FlashError, another: Another) -> None:
        self.deferred.append(item)
        self._missed += 1
        if self._missed % _IN_A_ROW == 0:
            beside = self._came or await another({one.external_id for one in self.deferred})
            if beside is None or not await self._comes(beside):
                self.away = error

    async def _comes(self, item: Item) -> bool:
        try:
            await self._fetch(item)
        except FlashError as error:
            if not error.retryable:
                raise
            return False
        return True


class ItemIndexer:
    """What is done is in the rows, so that a job goes on where its last worker stopped."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, pipeline: DocumentPipelineInterface) -> None:
        self._unit_of_work = unit_of_work
        self._pipeline = pipeline

    async def index(self, job: Job, fetch: Fetch, *, mark: str | None = None) -> set[frozenset[str]]:
        """Every pending document of the job; returns the groups that the source had while they were stored.

        With the pipeline's `mark` it is remembered in which version each was taken up.
        """
        used: set[frozenset[str]] = set()
        running: set[asyncio.Task[frozenset[str]]] = set()
        try:
            async for group in self._grouped(job, fetch):
                if group.items:
                    running.add(asyncio.create_task(self._index_group(job, group, mark)))
                while len(running) >= (1 if group.alone else _GROUPS_AT_ONCE):
                    used |= await _first_done(running)
            while running:
                used |= await _first_done(running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return used

    async def _grouped(self, job: Job, fetch: Fetch) -> AsyncIterator[_Group]:
        """Pending documents in their order, each begun before it is asked for. One that a worker did not survive, or
        did not finish, travels alone: all before it come to an end first, as they do before the source is given up.
        """
        group = _Group()
        fetches = _Fetches(fetch, partial(self._another, job) if job.kind is JobKind.SYNC else None)
        async for some, last in self._turns(job, fetches.deferred):
            if some[0].tries:
                yield replace(group, alone=True)
                group = _Group()
            if not last:
                await self._begin(job, some)
            for item in some:
                await fetches.into(group, item, last=last)
                alone = item.tries > 0 or fetches.away is not None
                if alone or group.is_full:
                    yield replace(group, alone=alone)
                    group = _Group()
                if fetches.away:
                    raise fetches.away
        if group.items:
            yield group

    async def _turns(self, job: Job, deferred: Sequence[Item]) -> AsyncIterator[tuple[Sequence[Item], bool]]:
        """What is begun together, and whether this is its last turn: that of what was put off comes when the others
        have had theirs.
        """
        after = -1
        while items := await self._pending(job, after):
            after = items[-1].ordinal
            for some in _begun_together(items):
                yield some, False
        for some in _begun_together(deferred):
            yield some, True

    async def _another(self, job: Job, missed: Collection[str]) -> Item | None:
        """One that came before, or else the last whose turn is to come: what is broken lies together. A different one
        each time that the job has waited.
        """
        async with self._unit_of_work() as work:
            known = await work.known.of(job.source_id)
            pending = await work.items.pending(job.id, after=-1, limit=_ITEMS_A_READ)
        came = [Item(0, one.external_id) for one in known.values() if one.version and one.external_id not in missed]
        others = came or [item for item in pending if item.external_id not in missed]
        if not others:
            return None
        item = others[-1 - job.postponed % len(others)]
        if not came:
            await self._begin(job, [item])
        return item

    async def _pending(self, job: Job, after: int) -> list[Item]:
        async with self._unit_of_work() as work:
            return await work.items.pending(job.id, after=after, limit=_ITEMS_A_READ)

    async def _index_group(self, job: Job, group: _Group, mark: str | None) -> frozenset[str]:
        source = await self._source(job)
        outcomes = dict(group.outcomes)
        try:
            if group.documents:
                indexed = self._pipeline.index(source, group.documents, full=job.full, fence=job.fence)
                async for name, outcome in indexed:
                    outcomes[name] = outcome  # noqa: PERF403  # one by one: what came before an error counts
        except FlashError:
            await self._settle(job, group, outcomes, mark)  # whatever stopped the others, this much is done
            raise
        await self._settle(job, group, outcomes, mark)
        return source.groups

    async def _settle(self, job: Job, group: _Group, outcomes: Mapping[str, Outcome], mark: str | None) -> None:
        settled = [_settled(group.items[name], outcome) for name, outcome in outcomes.items()]
        over = [item.ordinal for item in settled if item.state not in {ItemState.FAILED, ItemState.WITHDRAWN}]
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            await work.items.settle(job.id, settled)
            await work.intake.drop(job.id, over)
            if mark is not None:
                before = await work.known.named(job.source_id, [item.external_id for item in settled])
                known = [group.known(item, mark, before.get(item.external_id)) for item in settled]
                await work.known.put(job.source_id, known)
            if settled:
                await work.jobs.progressed(job, len(settled))
            await work.commit()

    async def _begin(self, job: Job, items: Sequence[Item]) -> None:
        """Before anything of them is touched: what ends the worker while it is fetched has had its try, too."""
        async with self._unit_of_work() as work:
            await work.jobs.reached(job, items[0].external_id)
            await work.items.begin(job.id, [item.ordinal for item in items])
            await work.commit()

    async def _source(self, job: Job) -> Source:
        """With the groups that it has now."""
        async with self._unit_of_work() as work:
            source = await work.sources.get(job.source_id)
        if source is None:
            raise FencedError("The source was deleted.")
        return source


def _begun_together(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """As many as make a group; each that was begun before by itself."""
    together: list[Item] = []
    for item in items:
        if together and (item.tries or len(together) >= _GROUP_DOCUMENTS):
            yield together
            together = []
        if item.tries:
            yield [item]
        else:
            together.append(item)
    if together:
        yield together


def _settled(item: Item, outcome: Outcome) -> Item:
    """What is unchanged since an earlier try of this job was indexed by that try."""
    again = outcome.state is ItemState.UNCHANGED and (item.again or item.tries > 0)
    return replace(item, state=ItemState.INDEXED if again else outcome.state, reason=outcome.reason)


async def _first_done(running: set[asyncio.Task[frozenset[str]]]) -> set[frozenset[str]]:
    """Wait for one of these; take those that are done out, with what they returned."""
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    results: set[frozenset[str]] = set()
    for task in [task for task in running if task.done()]:
        results.add(task.result())  # if it raises, the task is still among the running ones, to be gathered
        running.discard(task)
    return results
