"""Groups, as administrators manage them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from auth_service.interfaces import AuthUnitOfWorkFactory, AuthUnitOfWorkInterface, Group, RevocationsInterface
from flash_core.errors import FieldError, InvalidInputError, NotFoundError
from flash_core.interfaces.clock import ClockInterface
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)


class GroupAdministration:
    """Whoever joins or leaves a group needs a new access token, at once."""

    def __init__(
        self, unit_of_work: AuthUnitOfWorkFactory, revocations: RevocationsInterface, clock: ClockInterface
    ) -> None:
        self._unit_of_work = unit_of_work
        self._revocations = revocations
        self._clock = clock

    async def create(self, name: str, members: Collection[UUID]) -> Group:
        """Raise `ConflictError` if the name is taken, `InvalidInputError` for members that do not exist."""
        group = Group(new_id(), name, frozenset(members))
        async with self._unit_of_work() as work:
            await _check_members(work, group.members)
            await work.groups.add(group)
            await work.commit()
        await self._revocations.users_changed(group.members, self._clock.now())
        log.info("group.created", group_id=str(group.id), members=len(group.members))
        return group

    async def page(self, after: UUID | None, limit: int) -> Sequence[Group]:
        async with self._unit_of_work() as work:
            return await work.groups.page(after, limit)

    async def get(self, group_id: UUID) -> Group:
        async with self._unit_of_work() as work:
            return _found(await work.groups.get(group_id))

    async def set_members(self, group_id: UUID, members: Collection[UUID]) -> Group:
        async with self._unit_of_work() as work:
            before = _found(await work.groups.get(group_id))
            after = replace(before, members=frozenset(members))
            await _check_members(work, after.members)
            await work.groups.set_members(group_id, after.members)
            await work.commit()
        await self._revocations.users_changed(before.members ^ after.members, self._clock.now())
        log.info("group.changed", group_id=str(group_id), members=len(after.members))
        return after

    async def remove(self, group_id: UUID) -> None:
        """What was shared with this group alone is then seen by nobody, until there is a group of that name again."""
        async with self._unit_of_work() as work:
            group = _found(await work.groups.get(group_id))
            await work.groups.remove(group_id)
            await work.commit()
        await self._revocations.users_changed(group.members, self._clock.now())
        log.info("group.removed", group_id=str(group_id))


def _found(group: Group | None) -> Group:
    if group is None:
        raise NotFoundError("There is no such group.")
    return group


async def _check_members(work: AuthUnitOfWorkInterface, members: frozenset[UUID]) -> None:
    unknown = members - await work.accounts.existing(members)
    if unknown:
        raise InvalidInputError(
            "Some members do not exist.", [FieldError("members", f"{one} does not exist") for one in sorted(unknown)]
        )
