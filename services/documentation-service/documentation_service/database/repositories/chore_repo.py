"""What the vector store has not been told yet, in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from documentation_service.database.tables import VectorChoreRow
from documentation_service.interfaces import Chore, ChoreKind, ChoreRepositoryInterface

_KEY = tuple_(VectorChoreRow.kind, VectorChoreRow.target_id)


class SqlChoreRepository(ChoreRepositoryInterface):
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, chores: Sequence[Chore]) -> None:
        rows = [{"kind": one.kind.value, "target_id": one.target_id} for one in sorted(set(chores))]
        if rows:
            again = insert(VectorChoreRow).values(rows)
            # An update waits for someone who is just doing the same chore, perhaps with what was true before.
            await self._session.execute(
                again.on_conflict_do_update(
                    index_elements=[VectorChoreRow.kind, VectorChoreRow.target_id],
                    set_={"created_at": again.excluded.created_at},
                )
            )

    async def due(self, limit: int) -> list[Chore]:
        oldest = select(VectorChoreRow).order_by(VectorChoreRow.created_at).limit(limit)
        rows = await self._session.scalars(oldest.with_for_update(skip_locked=True))
        return [Chore(ChoreKind(row.kind), row.target_id) for row in rows]

    async def take(self, chores: Sequence[Chore]) -> list[Chore]:
        keys = [(one.kind.value, one.target_id) for one in sorted(chores)]
        locked = select(VectorChoreRow).where(_KEY.in_(keys)).order_by(VectorChoreRow.kind, VectorChoreRow.target_id)
        rows = (await self._session.scalars(locked.with_for_update())).all()
        await self._session.execute(delete(VectorChoreRow).where(_KEY.in_(keys)))
        return [Chore(ChoreKind(row.kind), row.target_id) for row in rows]
