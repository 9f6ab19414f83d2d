"""API keys and service accounts: what programs sign in with."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from auth_service.services.opaque import digest
from flash_core.errors import InvalidInputError, NotFoundError
from flash_core.models.user import UserRole
from tests.unit.auth_service.world import NOON, World, person, program

ROOT, ANN, BOB = person("root", UserRole.ADMIN), person("ann", groups=("hr",)), person("bob")
ROBOT = program("robot", UserRole.EDITOR)


async def test_a_key_acts_as_its_user_is_now(world: World) -> None:
    await world.with_accounts(ANN)
    key, value = await world.api_keys.create(ANN.principal(), "laptop", None)
    assert value.startswith(f"ask_{key.prefix}_")
    assert await world.api_keys.verify(value) == ANN.principal()
    async with world.database() as work:
        await work.accounts.save(replace(ANN, groups=frozenset()))
        await work.commit()
    assert (await world.api_keys.verify(value)).groups == frozenset()


async def test_the_key_itself_is_not_kept(world: World) -> None:
    await world.with_accounts(ANN)
    key, value = await world.api_keys.create(ANN.principal(), "laptop", None)
    assert world.database.tables.api_keys == {key.id: key}
    assert key.key_hash == digest(value)
    assert value.rpartition("_")[2] not in repr(key)


async def test_use_is_noted_once_a_minute(world: World) -> None:
    await world.with_accounts(ANN)
    key, value = await world.api_keys.create(ANN.principal(), "laptop", None)
    noted = []
    for _ in range(3):
        await world.api_keys.verify(value)
        noted.append(world.database.tables.api_keys[key.id].last_used_at)
        world.clock.advance(seconds=30)
    assert noted == [NOON, NOON, NOON + timedelta(minutes=1)]


async def test_keys_that_are_not_valid_are_not_found(world: World) -> None:
    await world.with_accounts(ANN)
    key, value = await world.api_keys.create(ANN.principal(), "laptop", None)
    with pytest.raises(NotFoundError):
        await world.api_keys.verify(value + "x")
    async with world.database() as work:
        await work.accounts.save(replace(ANN, disabled=True))
        await work.commit()
    with pytest.raises(NotFoundError):
        await world.api_keys.verify(value)
    await world.api_keys.end(ANN.principal(), key.id)
    with pytest.raises(NotFoundError):
        await world.api_keys.verify(value)
    assert world.revocations.api_keys == {key.key_hash}


async def test_users_see_and_end_own_keys_administrators_all(world: World) -> None:
    await world.with_accounts(ROOT, ANN, BOB)
    anns, _ = await world.api_keys.create(ANN.principal(), "ann's", None)
    roots, _ = await world.api_keys.create(ROOT.principal(), "root's", ROOT.id)
    assert await world.api_keys.page(ANN.principal(), None, 10) == [anns]
    assert await world.api_keys.page(ROOT.principal(), None, 10) == [anns, roots]
    for stranger, key_id in ((BOB, anns.id), (ANN, roots.id), (ANN, uuid4())):
        with pytest.raises(NotFoundError):
            await world.api_keys.end(stranger.principal(), key_id)
    await world.api_keys.end(ROOT.principal(), anns.id)
    assert await world.api_keys.page(ROOT.principal(), anns.id, 10) == [roots]


async def test_an_administrator_makes_keys_for_service_accounts_only(world: World) -> None:
    await world.with_accounts(ROOT, ANN, ROBOT)
    _, value = await world.api_keys.create(ROOT.principal(), "ci", ROBOT.id)
    assert await world.api_keys.verify(value) == ROBOT.principal()
    with pytest.raises(InvalidInputError):
        await world.api_keys.create(ROOT.principal(), "spy", ANN.id)
    with pytest.raises(NotFoundError):
        await world.api_keys.create(ROOT.principal(), "nobody's", uuid4())
    with pytest.raises(NotFoundError):
        await world.api_keys.create(ANN.principal(), "borrowed", ROBOT.id)


async def test_a_service_account_signs_in_with_the_secret_shown_once(world: World) -> None:
    account, secret = await world.service_accounts.create("ci", [UserRole.EDITOR], ["ops"])
    assert await world.service_accounts.page(None, 10) == [account]
    assert (await world.sign_in.with_client_secret(str(account.id), secret)).account == account
    assert account.secret_hash == digest(secret)


async def test_a_removed_service_account_signs_in_no_more(world: World) -> None:
    await world.with_accounts(ANN)
    account, _ = await world.service_accounts.create("ci", [UserRole.EDITOR], [])
    await world.service_accounts.remove(account.id)
    assert world.revocations.users == {account.id: NOON}
    for missing in (account.id, ANN.id):
        with pytest.raises(NotFoundError):
            await world.service_accounts.remove(missing)
