"""Two users, and their tickets."""

from dataclasses import dataclass, field
from datetime import datetime

from chat_service.interfaces import TicketsInterface
from flash_core.errors import UnauthenticatedError, UpstreamUnavailableError
from flash_core.models.user import Principal, UserRole
from flash_core.utils.ids import new_id

ALICE = Principal(new_id(), frozenset({UserRole.USER}), frozenset({"sales", "everyone"}), new_id())
BOB = Principal(new_id(), frozenset({UserRole.ADMIN}), frozenset(), new_id())


@dataclass
class FakeTickets(TicketsInterface):
    """`issued` tickets are good once; a session that `ended` is so for every login by ticket.

    `is_away`: nobody can say whether a login still holds.
    """

    issued: dict[str, Principal] = field(default_factory=dict)
    ended: bool = False
    is_away: bool = False
    checks: int = 0

    async def redeem(self, ticket: str) -> Principal:
        if ticket not in self.issued:
            raise UnauthenticatedError("The ticket is not valid.")
        return self.issued.pop(ticket)

    async def check(self, principal: Principal, since: datetime) -> None:
        self.checks += 1
        if self.is_away:
            raise UpstreamUnavailableError("The auth service does not answer.")
        if self.ended:
            raise UnauthenticatedError("The session has ended or changed.")
