"""Sources, jobs and documents of the tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from flash_core.models.user import Principal, UserRole
from flash_core.schemas.indexing import SourceType
from flash_core.utils.ids import new_id
from indexing_service.interfaces import Item, Job, JobKind, Source, SourceDocument, UnitOfWorkFactory

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADMIN = Principal(uuid4(), frozenset({UserRole.ADMIN}), frozenset())
EDITOR = Principal(uuid4(), frozenset({UserRole.EDITOR}), frozenset())
USER = Principal(uuid4(), frozenset({UserRole.USER}), frozenset({"hr"}))


def source(*groups: str, kind: SourceType = SourceType.FOLDER, is_default: bool = False, **config: Any) -> Source:
    return Source(new_id(), kind, "Handbook", config, frozenset(groups), None, NOON, is_default)


def job(of: Source, kind: JobKind = JobKind.SYNC, *, listed: bool = False) -> Job:
    return Job(new_id(), of.id, kind, NOON, listed=listed)


def page(external_id: str, content: str | bytes = "Some text.", **about: Any) -> SourceDocument:
    defaults: dict[str, Any] = {"format": "markdown", "modified_at": NOON}
    return SourceDocument(external_id, content, **(defaults | about))


async def stored(unit_of_work: UnitOfWorkFactory, of: Source, *jobs: Job) -> None:
    async with unit_of_work() as work:
        if await work.sources.get(of.id) is None:
            await work.sources.add(of)
        for one in jobs:
            await work.jobs.add(one)
        await work.commit()


async def listed(unit_of_work: UnitOfWorkFactory, job_id: UUID, *names: str) -> None:
    async with unit_of_work() as work:
        await work.items.add(job_id, [Item(at, name) for at, name in enumerate(names)])
        await work.commit()


async def claimed(unit_of_work: UnitOfWorkFactory, lease_seconds: float = 10) -> Job | None:
    async with unit_of_work() as work:
        found = await work.jobs.claim(lease_seconds)
        await work.commit()
    return found
