"""What answers have used: everybody sees their own, administrators anybody's."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from chat_service.interfaces import ChatUnitOfWorkFactory, Period, UsagePosition
from flash_core.errors import FieldError, ForbiddenError, InvalidInputError
from flash_core.interfaces.clock import ClockInterface
from flash_core.models.user import Principal
from flash_core.schemas.usage import UsageLine

_USUAL_DAYS = 30
_MOST_DAYS = 366


class UsageBy(StrEnum):
    """What a line of the report is about."""

    DAY = "day"
    USER = "user"


class UsageReport:
    def __init__(self, unit_of_work: ChatUnitOfWorkFactory, clock: ClockInterface) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    def period(self, first: date | None, last: date | None) -> Period:
        """Days in UTC, both included: by default the last 30 until today, at most a year."""
        last = last or self._clock.now().date()
        period = Period(first or last - timedelta(days=_USUAL_DAYS - 1), last)
        if period.last < period.first or (period.last - period.first).days >= _MOST_DAYS:
            wrong = FieldError("from", f"must be before `to`, by {_MOST_DAYS - 1} days at most")
            raise InvalidInputError("This is not a period that can be reported.", [wrong])
        return period

    async def by_day(
        self, asker: Principal, user_id: UUID | None, period: Period, *, limit: int, after: UsagePosition | None
    ) -> Sequence[UsageLine]:
        """One user's, the asker's own if no other is named: by day and model, the newest day first."""
        user_id = user_id or asker.user_id
        if user_id != asker.user_id:
            _demand_admin(asker)
        async with self._unit_of_work() as work:
            return await work.usage.by_day(user_id, period, limit=limit, after=after)

    async def by_user(
        self, asker: Principal, user_id: UUID | None, period: Period, *, limit: int, after: UsagePosition | None
    ) -> Sequence[UsageLine]:
        """Everybody's, or one user's: by user and model."""
        _demand_admin(asker)
        async with self._unit_of_work() as work:
            return await work.usage.by_user(user_id, period, limit=limit, after=after)


def _demand_admin(asker: Principal) -> None:
    if not asker.is_admin:
        raise ForbiddenError("Only administrators may see what others have used.")
