"""Sources: where documents come from, and who may see what is in them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import structlog

from flash_core.errors import FieldError, ForbiddenError, InvalidInputError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.messaging.events import JobQueued
from flash_core.models.user import Principal
from flash_core.schemas.documentation import PutSourceRequest
from flash_core.schemas.indexing import SourceType
from flash_core.utils.ids import id_for
from flash_core.utils.request_id import current_request_id
from indexing_service.interfaces import (
    CredentialVaultInterface,
    IndexingUnitOfWorkInterface,
    Job,
    JobKind,
    Source,
    UnitOfWorkFactory,
)
from indexing_service.interfaces.providers import Access, Check
from indexing_service.services.connections import Connections, Providers
from indexing_service.services.schedules import DEFAULT, next_after, understood

log = structlog.get_logger(__name__)
_RESTRICTED: Final = frozenset({SourceType.CONFLUENCE})
"""Their pages have readers of their own, of whom only a look at the source tells."""
_SLOW: Final = (
    "The source did not answer within {seconds:g} s: it is slow or silent. See whether its address is right, whether "
    "this server reaches it (firewalls, DNS), and whether it is busy or slows its answers down. A sync waits longer."
)


@dataclass(frozen=True, slots=True)
class NewSource:
    """As somebody describes it. `credentials` are sealed before they are stored; without a `schedule` the source is
    looked at only when somebody asks.
    """

    type: str
    name: str
    config: Mapping[str, Any]
    groups: frozenset[str]
    schedule: str | None = DEFAULT
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SourceChanges:
    """What is None stays as it is; a schedule ends as `never`."""

    name: str | None = None
    config: Mapping[str, Any] | None = None
    groups: frozenset[str] | None = None
    schedule: str | None = None
    credentials: Mapping[str, str] | None = field(default=None, repr=False)


class SourceManager:
    """Documentation hears of every change before it is stored here: a source that is closed is closed at once."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        registry: DocumentRegistryInterface,
        providers: Providers,
        vault: CredentialVaultInterface,
        clock: ClockInterface,
        *,
        default_schedule: str = "5m",
        restricted_schedule: str = "1m",
        check_seconds: float = 50,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry
        self._connections = Connections(providers, vault)
        self._clock = clock
        self._default_schedule = understood(default_schedule)
        self._restricted_schedule = understood(restricted_schedule)
        self._check_seconds = check_seconds

    async def create(self, new: NewSource, user: Principal, request_name: str | None = None) -> Source:
        """One source for all tries of a request that has a name."""
        kind = self._supported(new.type)
        _check_allowed(kind, user)
        name = _named(new.name)
        schedule = self._schedule(kind, new.schedule)
        access = await self._connections.validated(kind, Access(new.config, new.credentials))
        now = self._clock.now()
        source = Source(
            id=id_for(request_name),
            type=kind,
            name=name,
            config=access.config,
            groups=new.groups,
            schedule=schedule,
            created_at=now,
            created_by=user.user_id,
            next_sync_at=next_after(schedule, now),
        )
        source = replace(source, sealed_credentials=self._connections.sealed(source, access.credentials))
        async with self._unit_of_work() as work:
            before = await work.sources.get(source.id)
        if before is not None:
            return before
        await self._announce(source)
        async with self._unit_of_work() as work:
            await work.sources.add(source)
            await work.commit()
        log.info("source.created", source_id=str(source.id), type=source.type)
        return source

    async def page(self, user: Principal, after: UUID | None, limit: int) -> list[Source]:
        async with self._unit_of_work() as work:
            return await work.sources.page(None if user.is_admin else user, after, limit)

    async def get(self, source_id: UUID, user: Principal) -> Source:
        async with self._unit_of_work() as work:
            source = await _existing(work, source_id)
        if not source.visible_to(user.groups) and not source.managed_by(user):
            raise _not_there(source_id)
        return source

    async def check_managed(self, source_id: UUID, user: Principal) -> None:
        """`NotFoundError` for those who may not manage it."""
        async with self._unit_of_work() as work:
            _check_managed(await _existing(work, source_id), user)

    async def update(self, source_id: UUID, changes: SourceChanges, user: Principal) -> Source:
        async with self._unit_of_work() as work:
            source = await _existing(work, source_id, locked=True)
            _check_managed(source, user)
            if changes.config is not None:
                _check_allowed(source.type, user)
            changed = replace(
                source,
                name=source.name if changes.name is None else _named(changes.name),
                groups=source.groups if changes.groups is None else changes.groups,
            )
            if changes.schedule is not None:
                schedule = self._schedule(source.type, changes.schedule)
                changed = replace(changed, schedule=schedule, next_sync_at=next_after(schedule, self._clock.now()))
            if changes.config is not None or changes.credentials is not None:
                changed = await self._reached_otherwise(changed, changes)
            await self._announce(changed)
            await work.sources.update(changed)
            await work.commit()
        log.info("source.updated", source_id=str(source_id))
        return changed

    async def delete(self, source_id: UUID) -> None:
        """Its documents can't be found, read or cited any more when this returns; its jobs end."""
        async with self._unit_of_work() as work:
            await _existing(work, source_id, locked=True)
            documents = await self._registry.delete_source(source_id)
            await work.sources.delete(source_id)
            await work.commit()
        log.info("source.deleted", source_id=str(source_id), documents=documents)

    async def check(self, source_id: UUID) -> Check:
        """Ends before the gateway gives up (after 60 s), also when the source says nothing."""
        async with self._unit_of_work() as work:
            source = await _existing(work, source_id)
        try:
            async with asyncio.timeout(self._check_seconds), self._connections.connect(source) as connected:
                return await connected.check()
        except TimeoutError:
            return Check(ok=False, detail=_SLOW.format(seconds=self._check_seconds))

    async def sync(self, source_id: UUID, *, full: bool, allow_deletions: bool = False) -> UUID:
        """The id of a job that begins to look after this call: one that waits already does this, too, and one that is
        under way is followed by another.

        `allow_deletions`: what the source does not hold any more is removed, however much it is.
        """
        now = self._clock.now()
        async with self._unit_of_work() as work:
            source = await _existing(work, source_id, locked=True)
            waiting = await work.jobs.waiting_sync(source_id)
            if waiting is not None:
                await work.jobs.widen(waiting.id, full=full, allow_deletions=allow_deletions)
                await work.commit()
                return waiting.id
            job_id = await work.jobs.next_id(source_id)
            job = Job(job_id, source_id, JobKind.SYNC, now, full=full, allow_deletions=allow_deletions)
            await work.jobs.add(job)
            await work.sources.update(replace(source, next_sync_at=next_after(source.schedule, now)))
            work.outbox.add(JobQueued(job_id=job.id, request_id=current_request_id()))
            await work.commit()
        log.info("job.queued", job_id=str(job.id), source_id=str(source_id), kind=job.kind)
        return job.id

    async def _announce(self, source: Source) -> None:
        known = PutSourceRequest(name=source.name, provider=source.type.value, groups=sorted(source.groups))
        await self._registry.put_source(source.id, known)

    async def _reached_otherwise(self, source: Source, changes: SourceChanges) -> Source:
        """Secrets that stay may go where they went before, and nowhere else."""
        config = source.config if changes.config is None else changes.config
        credentials = changes.credentials
        if credentials is None:
            credentials = self._connections.credentials(source)
        access = await self._connections.validated(source.type, Access(config, credentials))
        after, before = (self._connections.destinations(source.type, one) for one in (access.config, source.config))
        if changes.credentials is None and credentials and after != before:
            detail = "The address has changed, so the credentials have to be entered again."
            raise InvalidInputError(detail, [FieldError("credentials", detail)])
        return replace(
            source, config=access.config, sealed_credentials=self._connections.sealed(source, access.credentials)
        )

    def _schedule(self, kind: SourceType, said: str | None) -> str | None:
        """What is handed in is there already: nothing has to be looked at."""
        usual = self._restricted_schedule if kind in _RESTRICTED else self._default_schedule
        wanted = usual if said == DEFAULT else understood(said)
        return None if kind is SourceType.UPLOAD else wanted

    def _supported(self, kind: str) -> SourceType:
        try:
            return next(one for one in self._connections.types if one.value == kind)
        except StopIteration:
            names = ", ".join(self._connections.types)
            raise InvalidInputError(
                f"Sources of type {kind!r} can't be read. Supported: {names}.",
                [FieldError("type", f"One of: {names}.")],
            ) from None


def _check_allowed(kind: SourceType, user: Principal) -> None:
    """A folder may be any one that the service can read, also those that are none of an editor's business."""
    if kind is SourceType.FOLDER and not user.is_admin:
        raise ForbiddenError("Only administrators may say which folder of the server is read.")


def _check_managed(source: Source, user: Principal) -> None:
    if not source.managed_by(user):
        raise _not_there(source.id)


def _named(name: str) -> str:
    stripped = " ".join(name.split())
    if not stripped:
        raise InvalidInputError("The source needs a name.", [FieldError("name", "It is empty.")])
    return stripped


async def _existing(work: IndexingUnitOfWorkInterface, source_id: UUID, *, locked: bool = False) -> Source:
    source = await work.sources.get(source_id, locked=locked)
    if source is None:
        raise _not_there(source_id)
    return source


def _not_there(source_id: UUID) -> NotFoundError:
    return NotFoundError(f"There is no source {source_id}.")
