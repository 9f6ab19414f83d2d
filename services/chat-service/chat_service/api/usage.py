"""What answers have used, over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from chat_service.api.dependencies import ContainerDep
from chat_service.interfaces import UsagePosition
from chat_service.services.usage import UsageBy
from flash_core.errors import BadRequestError, ForbiddenError, InvalidInputError, UnauthenticatedError
from flash_core.schemas.common import Page
from flash_core.schemas.usage import UsageLine
from flash_core.web.identity import CurrentUser
from flash_core.web.pagination import PageQuery, page_of
from flash_core.web.problems import problems

router = APIRouter(
    prefix="/api/v1/usage",
    tags=["usage"],
    responses=problems(BadRequestError, UnauthenticatedError, ForbiddenError, InvalidInputError),
)
First = Annotated[date | None, Query(alias="from", description="The first day (UTC); 29 days before the last.")]
Last = Annotated[date | None, Query(alias="to", description="The last day (UTC), included; today.")]
By = Annotated[UsageBy, Query(description="`user` is for administrators: everybody's sums in the whole time.")]
OfUser = Annotated[UUID | None, Query(description="For administrators: whose, instead of one's own or everybody's.")]


@router.get("")
async def usage(
    user: CurrentUser,
    container: ContainerDep,
    request: PageQuery,
    first: First = None,
    last: Last = None,
    by: By = UsageBy.DAY,
    user_id: OfUser = None,
) -> Page[UsageLine]:
    """Answers, tokens and cost by day and model, or by user and model. What was used stays when a conversation goes."""
    report, after = container.usage, _position(request.after)
    period = report.period(first, last)
    if by is UsageBy.USER:
        lines = await report.by_user(user, user_id, period, limit=request.rows, after=after)
    else:
        lines = await report.by_day(user, user_id, period, limit=request.rows, after=after)
    return page_of(lines, request, key=_key, item=lambda line: line)


def _key(line: UsageLine) -> str:
    return f"{line.day or ''} {line.user_id} {line.model}"


def _position(after: str | None) -> UsagePosition | None:
    if after is None:
        return None
    try:
        day, user_id, model = after.split(" ", 2)
        return UsagePosition(date.fromisoformat(day) if day else date.min, UUID(user_id), model)
    except ValueError as error:
        raise BadRequestError("The cursor is not one of this list.") from error
