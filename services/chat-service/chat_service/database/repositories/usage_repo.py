"""What answers have used, in PostgreSQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chat_service.database.tables import UsageRow
from chat_service.interfaces import Generation, Period, UsagePosition, UsageRepositoryInterface
from flash_core.schemas.chat import Usage
from flash_core.schemas.usage import UsageLine

_DAY = cast(func.timezone("UTC", UsageRow.ended_at), Date)


class SqlUsageRepository(UsageRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, generation: Generation, model: str, used: Usage) -> None:
        values = {
            "answer_id": generation.id,
            "user_id": generation.user_id,
            "model": model,
            "prompt_tokens": used.prompt_tokens,
            "completion_tokens": used.completion_tokens,
            "estimated": used.estimated,
            "cost": used.cost,
        }
        statement = insert(UsageRow).values(**values)
        new = statement.excluded
        summed = {
            "ended_at": func.now(),
            "model": new.model,
            "prompt_tokens": UsageRow.prompt_tokens + new.prompt_tokens,
            "completion_tokens": UsageRow.completion_tokens + new.completion_tokens,
            "estimated": UsageRow.estimated | new.estimated,
            "cost": UsageRow.cost + new.cost,
        }
        await self._session.execute(statement.on_conflict_do_update(index_elements=["answer_id"], set_=summed))

    async def by_day(
        self, user_id: UUID, period: Period, *, limit: int, after: UsagePosition | None
    ) -> Sequence[UsageLine]:
        statement = _totals(_DAY.label("day"), UsageRow.user_id).where(UsageRow.user_id == user_id, _within(period))
        if after is not None:
            day = literal(after.day)
            statement = statement.where(or_(day > _DAY, (day == _DAY) & (UsageRow.model > after.model)))
        statement = statement.group_by(_DAY, UsageRow.user_id, UsageRow.model).order_by(_DAY.desc(), UsageRow.model)
        return await self._lines(statement.limit(limit))

    async def by_user(
        self, user_id: UUID | None, period: Period, *, limit: int, after: UsagePosition | None
    ) -> Sequence[UsageLine]:
        statement = _totals(UsageRow.user_id).where(_within(period))
        if user_id is not None:
            statement = statement.where(UsageRow.user_id == user_id)
        if after is not None:
            behind = (UsageRow.user_id == after.user_id) & (UsageRow.model > after.model)
            statement = statement.where(or_(UsageRow.user_id > after.user_id, behind))
        statement = statement.group_by(UsageRow.user_id, UsageRow.model).order_by(UsageRow.user_id, UsageRow.model)
        return await self._lines(statement.limit(limit))

    async def _lines(self, statement: Any) -> Sequence[UsageLine]:
        return [UsageLine.model_validate(row) for row in await self._session.execute(statement)]


def _totals(*key: Any) -> Any:
    return select(
        *key,
        UsageRow.model,
        func.count().label("answers"),
        func.sum(UsageRow.prompt_tokens).label("prompt_tokens"),
        func.sum(UsageRow.completion_tokens).label("completion_tokens"),
        func.bool_or(UsageRow.estimated).label("estimated"),
        func.sum(UsageRow.cost).label("cost"),
    )


def _within(period: Period) -> ColumnElement[bool]:
    """On the column itself, so that the index serves."""
    first, behind = (func.timezone("UTC", day) for day in (period.first, period.last + timedelta(days=1)))
    return (UsageRow.ended_at >= first) & (UsageRow.ended_at < behind)
