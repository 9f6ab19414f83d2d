"""The first step of a sync: what became of the source since the last one."""

import hashlib
import json
from datetime import timedelta
from typing import Final

import structlog

from flash_core.interfaces.documents import DocumentRegistryInterface
from indexing_service.interfaces import Item, Job, Source, UnitOfWorkFactory
from indexing_service.interfaces.providers import Changes, DocumentationSourceInterface, Found, Inventory
from indexing_service.interfaces.syncing import Plan
from indexing_service.services.live import live_documents
from indexing_service.services.permissions import Permissions
from indexing_service.services.planning import (
    Knowledge,
    items_of_changes,
    items_of_inventory,
    renamed_in_changes,
    renamed_in_inventory,
)

log = structlog.get_logger(__name__)
_LISTED_EVERY: Final = timedelta(hours=24)
"""What changes do not tell, as what was hidden from AskFlash, a listing finds."""


class Survey:
    """Stores what there is to do with the job, so that whoever goes on with it does the same."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, registry: DocumentRegistryInterface) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry

    async def take(
        self, job: Job, source: Source, connected: DocumentationSourceInterface, mark: str, found: Found
    ) -> Permissions | None:
        """Returns the permissions that it saw, behind the listing: it names all that the listing does."""
        async with self._unit_of_work() as work:
            known = await work.known.of(source.id)
        cursor = _cursor(job, source)
        if any(one.version and one.mark != mark for one in known.values()):
            cursor = None
        changes = None if cursor is None else await connected.changes(cursor, found)
        said = await connected.list(found, known.keys()) if changes is None else changes
        permissions = await connected.permissions()
        await self._store(job, *await self._compared(source, said, Knowledge(known, mark, job.full)))
        return permissions

    async def _compared(
        self, source: Source, said: Inventory | Changes, knowledge: Knowledge
    ) -> tuple[list[Item], Plan]:
        if isinstance(said, Changes):
            return _of_changes(source, said, knowledge)
        return await self._of_inventory(source, said, knowledge)

    async def _of_inventory(
        self, source: Source, inventory: Inventory, knowledge: Knowledge
    ) -> tuple[list[Item], Plan]:
        live = {one.external_id async for one in live_documents(self._registry, source.id)}
        renamed = renamed_in_inventory(inventory, knowledge.known)
        items = items_of_inventory(inventory, knowledge, renamed, live)
        log.info("job.listed", documents=len(items), complete=inventory.complete, renamed=len(renamed))
        cursor = _belonging(source, inventory.cursor) if inventory.complete else None
        return items, Plan(inventory.complete, cursor, renamed)

    async def _store(self, job: Job, items: list[Item], plan: Plan) -> None:
        async with self._unit_of_work() as work:
            await work.jobs.hold(job)
            await work.items.replace(job.id, items)
            await work.jobs.planned(job, plan)
            await work.commit()


def _of_changes(source: Source, changes: Changes, knowledge: Knowledge) -> tuple[list[Item], Plan]:
    renamed = renamed_in_changes(changes, knowledge.known)
    items = items_of_changes(changes, knowledge, renamed)
    log.info("job.changes", documents=len(items), renamed=len(renamed))
    return items, Plan(complete=False, cursor=_belonging(source, changes.cursor), renamed=renamed)


def _cursor(job: Job, source: Source) -> str | None:
    """Where changes can be asked from; None when a listing is needed."""
    state = source.sync
    of, _, cursor = (state.cursor or "").partition(" ")
    stale = state.listed_at is None or (job.started_at or job.created_at) - state.listed_at >= _LISTED_EVERY
    if job.full or stale or state.held_deletions is not None or of != _digest(source):
        return None
    return cursor


def _belonging(source: Source, cursor: str | None) -> str | None:
    """A cursor says something only of the configuration under which it was given."""
    return None if cursor is None else f"{_digest(source)} {cursor}"


def _digest(source: Source) -> str:
    return hashlib.sha256(json.dumps(source.config, sort_keys=True).encode()).hexdigest()[:16]
