"""The sessions that exist, and their end."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from auth_service.interfaces import AuthUnitOfWorkFactory, RevocationsInterface, Session
from flash_core.errors import NotFoundError
from flash_core.models.user import Principal

log = structlog.get_logger(__name__)


class Sessions:
    """A user sees and ends own ones, an administrator everyone's; for others they do not exist."""

    def __init__(self, unit_of_work: AuthUnitOfWorkFactory, revocations: RevocationsInterface) -> None:
        self._unit_of_work = unit_of_work
        self._revocations = revocations

    async def page(
        self, principal: Principal, user_id: UUID | None, after: UUID | None, limit: int
    ) -> Sequence[Session]:
        of = user_id or principal.user_id
        if of != principal.user_id and not principal.is_admin:
            raise NotFoundError("There is no such user.")
        async with self._unit_of_work() as work:
            return await work.sessions.page(of, after, limit)

    async def end(self, principal: Principal, session_id: UUID) -> None:
        async with self._unit_of_work() as work:
            session = await work.sessions.get(session_id)
            if session is None or not (principal.is_admin or session.user_id == principal.user_id):
                raise NotFoundError("There is no such session.")
            await work.sessions.end(session_id)
            await work.commit()
        await self._ended([session_id])

    async def log_out(self, principal: Principal, *, everywhere: bool = False) -> None:
        """End the session of this request, or all of the user's. A service account or an API key has none."""
        ended: Sequence[UUID] = ()
        async with self._unit_of_work() as work:
            if everywhere:
                ended = await work.sessions.end_all(principal.user_id)
            elif principal.session_id is not None and await work.sessions.end(principal.session_id):
                ended = [principal.session_id]
            await work.commit()
        await self._ended(ended)

    async def _ended(self, session_ids: Sequence[UUID]) -> None:
        await self._revocations.sessions_ended(session_ids)
        for session_id in session_ids:
            log.info("session.ended", session_id=str(session_id))
