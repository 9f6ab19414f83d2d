"""Sessions: a user's own, anyone's for administrators."""

from uuid import UUID

from fastapi import APIRouter

from auth_service.api.dependencies import ContainerDep
from auth_service.interfaces import Session
from flash_core.errors import NotFoundError
from flash_core.schemas.auth import SessionResponse
from flash_core.schemas.common import Page
from flash_core.web.identity import CurrentUser
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(prefix="/api/v1/sessions", tags=["sessions"])


@router.get("", responses=problems(NotFoundError))
async def list_sessions(
    user: CurrentUser, container: ContainerDep, page: PageQuery, user_id: UUID | None = None
) -> Page[SessionResponse]:
    """One's own, or for administrators those of `user_id`."""

    def shown(session: Session) -> SessionResponse:
        return SessionResponse(
            id=session.id,
            user_id=session.user_id,
            created_at=session.created_at,
            expires_at=session.expires_at,
            user_agent=session.user_agent,
            current=session.id == user.session_id,
        )

    rows = await container.sessions.page(user, user_id, page.after_id, page.rows)
    return page_of(rows, page, key=lambda row: row.id, item=shown)


@router.delete("/{session_id}", status_code=204, responses=problems(NotFoundError))
async def end_session(user: CurrentUser, session_id: UUID, container: ContainerDep) -> None:
    """Its tokens are refused at once."""
    await container.sessions.end(user, session_id)
