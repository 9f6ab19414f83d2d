"""Who joins or leaves a group needs a new token."""

from uuid import uuid4

import pytest

from flash_core.errors import ConflictError, InvalidInputError, NotFoundError
from tests.unit.auth_service.world import NOON, World, person

ANN, BOB, EVE = person("ann"), person("bob", groups=("ops",)), person("eve")


async def test_a_group_is_made_with_its_members(world: World) -> None:
    await world.with_accounts(ANN, BOB)
    group = await world.groups.create("hr", [ANN.id, ANN.id])
    assert await world.groups.get(group.id) == group
    assert world.account(ANN.id).groups == {"hr"}
    assert world.revocations.users == {ANN.id: NOON}
    assert [one.name for one in await world.groups.page(None, 10)] == ["ops", "hr"]


async def test_a_name_is_taken_once(world: World) -> None:
    await world.with_accounts(BOB)
    with pytest.raises(ConflictError, match="name"):
        await world.groups.create("ops", [])


async def test_only_those_whose_membership_changes_are_told(world: World) -> None:
    await world.with_accounts(ANN, BOB, EVE)
    group = await world.groups.create("hr", [ANN.id, BOB.id])
    world.revocations.users.clear()
    await world.groups.set_members(group.id, [BOB.id, EVE.id])
    assert set(world.revocations.users) == {ANN.id, EVE.id}
    assert world.account(ANN.id).groups == frozenset()
    assert world.account(BOB.id).groups == {"ops", "hr"}


async def test_members_must_exist(world: World) -> None:
    await world.with_accounts(ANN)
    group = await world.groups.create("hr", [])
    for attempt in (world.groups.create("new", [uuid4()]), world.groups.set_members(group.id, [ANN.id, uuid4()])):
        with pytest.raises(InvalidInputError) as refused:
            await attempt
        assert [error.field for error in refused.value.errors] == ["members"]
    assert world.account(ANN.id).groups == frozenset()


async def test_a_removed_group_is_nobodys(world: World) -> None:
    await world.with_accounts(BOB)
    [group] = await world.groups.page(None, 10)
    await world.groups.remove(group.id)
    assert world.account(BOB.id).groups == frozenset()
    assert set(world.revocations.users) == {BOB.id}


async def test_a_group_that_is_not_there_is_not_found(world: World) -> None:
    for attempt in (world.groups.get(uuid4()), world.groups.set_members(uuid4(), []), world.groups.remove(uuid4())):
        with pytest.raises(NotFoundError):
            await attempt
