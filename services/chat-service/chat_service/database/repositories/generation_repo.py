"""Generations in PostgreSQL: leases, attempts and their order. All times are the database's own clock."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Interval, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from chat_service.database.tables import GenerationRow, MessageRow
from chat_service.interfaces import Claim, Ending, Generation, GenerationRepositoryInterface, Hopeless, RetryRules
from flash_core.models.conversation import GenerationState, Mode
from flash_core.schemas.search import SearchFilters

_QUEUED, _RUNNING = GenerationState.QUEUED.value, GenerationState.RUNNING.value


class SqlGenerationRepository(GenerationRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, generation: Generation, *, deadline: timedelta) -> None:
        values = {
            "id": generation.id,
            "conversation_id": generation.conversation_id,
            "message_id": generation.message_id,
            "client_id": generation.client_id,
            "state": generation.state,
            "deadline": func.now() + _interval(deadline),
            "mode": generation.mode,
            "filters": generation.filters.model_dump(mode="json") if generation.filters else None,
            "user_id": generation.user_id,
            "roles": list(generation.roles),
            "groups": list(generation.groups),
            "request_id": generation.request_id,
        }
        await self._session.execute(insert(GenerationRow).values(**values))

    async def get(self, generation_id: UUID) -> Generation | None:
        return await self._first(GenerationRow.id == generation_id)

    async def first_of(self, message_id: UUID) -> Generation | None:
        return await self._first(GenerationRow.message_id == message_id)

    async def named(self, message_id: UUID, client_id: str) -> Generation | None:
        return await self._first(GenerationRow.message_id == message_id, GenerationRow.client_id == client_id)

    async def unfinished(self, conversation_id: UUID) -> Sequence[Generation]:
        statement = _select(GenerationRow.conversation_id == conversation_id, _is_unfinished(GenerationRow))
        return [_generation(row) for row in await self._session.scalars(statement)]

    async def announced(self, generation_id: UUID) -> None:
        await self._update(GenerationRow.id == generation_id, announced_at=func.now(), announcements=1)

    async def claim(self, generation_id: UUID, worker: str, rules: RetryRules) -> Claim | None:
        row = await self._update(
            GenerationRow.id == generation_id,
            _is_claimable(rules),
            state=_RUNNING,
            attempt=GenerationRow.attempt + 1,
            worker=worker,
            lease_until=func.now() + _interval(rules.lease),
            announcements=0,
        )
        if row is None:
            return None
        asked = select(MessageRow.content, func.now()).where(MessageRow.id == row.message_id)
        question, now = (await self._session.execute(asked)).one()
        return Claim(_generation(row), question, row.deadline, now - row.created_at)

    async def heartbeat(self, generation_id: UUID, attempt: int, lease: timedelta) -> bool | None:
        row = await self._update(_is_held(generation_id, attempt), lease_until=func.now() + _interval(lease))
        return None if row is None else row.cancel_requested

    async def release(self, generation_id: UUID, attempt: int) -> Generation | None:
        row = await self._update(_is_held(generation_id, attempt), state=_QUEUED, lease_until=None)
        return None if row is None else _generation(row)

    async def end(self, generation_id: UUID, attempt: int, ending: Ending, *, take_over: bool) -> bool:
        row = await self._update(
            GenerationRow.id == generation_id,
            GenerationRow.attempt == attempt,
            _is_unfinished(GenerationRow),
            state=ending.state,
            attempt=attempt + take_over,
            problem=ending.problem.model_dump(mode="json") if ending.problem else None,
            lease_until=None,
            ended_at=func.now(),
        )
        return row is not None

    async def request_cancel(self, generation_id: UUID) -> None:
        await self._update(GenerationRow.id == generation_id, cancel_requested=True)

    async def requeue(self, rules: RetryRules, *, limit: int) -> Sequence[Generation]:
        due = (
            select(GenerationRow.id)
            .where(_is_claimable(rules), func.now() >= GenerationRow.announced_at + _wait(rules))
            .order_by(GenerationRow.announced_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(GenerationRow)
            .where(GenerationRow.id.in_(due.scalar_subquery()))
            .values(announced_at=func.now(), announcements=GenerationRow.announcements + 1)
            .returning(GenerationRow)
        )
        return [_generation(row) for row in await self._session.scalars(statement, execution_options=_FRESH)]

    async def hopeless(self, rules: RetryRules, *, limit: int) -> Sequence[tuple[Generation, Hopeless]]:
        late = GenerationRow.deadline <= func.now()
        exhausted = and_(_is_free(), GenerationRow.attempt >= rules.max_attempts)
        cancelled = and_(_is_free(), GenerationRow.cancel_requested)
        why = case((cancelled, Hopeless.CANCELLED), (late, Hopeless.LATE), else_=Hopeless.EXHAUSTED)
        statement = (
            select(GenerationRow, why)
            .where(_is_unfinished(GenerationRow), or_(late, exhausted, cancelled))
            .order_by(GenerationRow.place)
            .limit(limit)
            .execution_options(**_FRESH)
        )
        return [(_generation(row), Hopeless(why)) for row, why in await self._session.execute(statement)]

    async def _first(self, *conditions: ColumnElement[bool]) -> Generation | None:
        row = await self._session.scalar(_select(*conditions).limit(1))
        return None if row is None else _generation(row)

    async def _update(self, *conditions: ColumnElement[bool], **values: Any) -> GenerationRow | None:
        statement = update(GenerationRow).where(*conditions).values(**values).returning(GenerationRow)
        row: GenerationRow | None = await self._session.scalar(statement, execution_options=_FRESH)
        return row


_FRESH: dict[str, Any] = {"populate_existing": True, "synchronize_session": False}


def _select(*conditions: ColumnElement[bool]) -> Any:
    return select(GenerationRow).where(*conditions).order_by(GenerationRow.place).execution_options(**_FRESH)


def _is_unfinished(row: Any) -> ColumnElement[bool]:
    unfinished: ColumnElement[bool] = row.state.in_([_QUEUED, _RUNNING])
    return unfinished


def _is_free() -> ColumnElement[bool]:
    """Nobody works on it: it is queued, or its worker was silent for longer than the lease."""
    lost = and_(GenerationRow.state == _RUNNING, GenerationRow.lease_until < func.now())
    return or_(GenerationRow.state == _QUEUED, lost)


def _is_claimable(rules: RetryRules) -> ColumnElement[bool]:
    older = aliased(GenerationRow)
    before = select(older.id).where(
        older.conversation_id == GenerationRow.conversation_id, older.place < GenerationRow.place, _is_unfinished(older)
    )
    return and_(
        _is_free(),
        ~GenerationRow.cancel_requested,
        GenerationRow.deadline > func.now(),
        GenerationRow.attempt < rules.max_attempts,
        ~before.exists(),
    )


def _is_held(generation_id: UUID, attempt: int) -> ColumnElement[bool]:
    return and_(GenerationRow.id == generation_id, GenerationRow.attempt == attempt, GenerationRow.state == _RUNNING)


def _wait(rules: RetryRules) -> ColumnElement[timedelta]:
    """None before the first announcement since the last claim, then doubling: a burst of questions that wait for busy
    workers must not be announced again and again.
    """
    doubled = rules.requeue_after.total_seconds() * func.power(2.0, GenerationRow.announcements - 1, type_=Float)
    capped = func.least(doubled, rules.requeue_at_most.total_seconds(), type_=Float)
    seconds = case((GenerationRow.announcements == 0, 0.0), else_=capped)
    return func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=Interval())


def _interval(length: timedelta) -> ColumnElement[timedelta]:
    return literal(length, Interval())


def _generation(row: GenerationRow) -> Generation:
    return Generation(
        id=row.id,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        user_id=row.user_id,
        roles=tuple(row.roles),
        groups=tuple(row.groups),
        mode=Mode(row.mode),
        filters=None if row.filters is None else SearchFilters.model_validate(row.filters),
        request_id=row.request_id,
        client_id=row.client_id,
        state=GenerationState(row.state),
        attempt=row.attempt,
        cancel_requested=row.cancel_requested,
    )
