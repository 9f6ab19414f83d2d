"""Sessions and tickets end when they should, and belong to one user."""

from dataclasses import replace
from uuid import uuid4

import pytest

from auth_service.services.tickets import TICKET_SECONDS
from flash_core.errors import NotFoundError, UnauthenticatedError
from flash_core.models.user import UserRole
from tests.unit.auth_service.world import World, person, program

ROOT, ANN, BOB = person("root", UserRole.ADMIN), person("ann"), person("bob")


async def test_users_see_own_sessions_administrators_anyones(world: World) -> None:
    await world.with_accounts(ROOT, ANN, BOB)
    first, second = await world.session_of(ANN, "1"), await world.session_of(ANN, "2")
    assert await world.sessions.page(ANN.principal(), None, None, 10) == [first, second]
    assert await world.sessions.page(ANN.principal(), ANN.id, first.id, 10) == [second]
    assert await world.sessions.page(ROOT.principal(), ANN.id, None, 1) == [first]
    with pytest.raises(NotFoundError):
        await world.sessions.page(BOB.principal(), ANN.id, None, 10)


async def test_users_end_own_sessions_administrators_anyones(world: World) -> None:
    await world.with_accounts(ROOT, ANN, BOB)
    first, second = await world.session_of(ANN, "1"), await world.session_of(ANN, "2")
    for stranger, session_id in ((BOB, first.id), (ANN, uuid4())):
        with pytest.raises(NotFoundError):
            await world.sessions.end(stranger.principal(), session_id)
    await world.sessions.end(ANN.principal(), first.id)
    await world.sessions.end(ROOT.principal(), second.id)
    assert world.revocations.sessions == {first.id, second.id}
    assert not world.database.tables.sessions


async def test_signing_out_ends_this_session(world: World) -> None:
    await world.with_accounts(ANN)
    first, second = await world.session_of(ANN, "1"), await world.session_of(ANN, "2")
    for _ in range(2):  # a second time it has ended already
        await world.sessions.log_out(ANN.principal(first.id))
    assert world.revocations.sessions == {first.id}
    assert set(world.database.tables.sessions) == {second.id}


async def test_signing_out_everywhere_ends_all_of_the_users_sessions(world: World) -> None:
    await world.with_accounts(ANN, BOB)
    anns = {(await world.session_of(ANN, token)).id for token in "12"}
    bobs = await world.session_of(BOB, "3")
    await world.sessions.log_out(ANN.principal(), everywhere=True)
    assert world.revocations.sessions == anns
    assert set(world.database.tables.sessions) == {bobs.id}


async def test_a_program_has_no_session_to_sign_out_of(world: World) -> None:
    await world.sessions.log_out(program("robot").principal())
    assert not world.revocations.sessions


async def test_a_ticket_stands_for_its_user_once(world: World) -> None:
    await world.with_accounts(ANN)
    session = await world.session_of(ANN)
    ticket = await world.tickets.issue(ANN.principal(session.id))
    assert list(world.tickets_store.times_to_live.values()) == [TICKET_SECONDS]
    assert ticket not in world.tickets_store.tickets
    assert await world.tickets.redeem(ticket) == ANN.principal(session.id)
    with pytest.raises(NotFoundError):
        await world.tickets.redeem(ticket)


async def test_a_program_may_have_a_ticket(world: World) -> None:
    robot = program("robot")
    await world.with_accounts(robot)
    assert await world.tickets.redeem(await world.tickets.issue(robot.principal())) == robot.principal()


async def test_a_ticket_ends_with_its_session_and_its_user(world: World) -> None:
    await world.with_accounts(ANN, BOB)
    session = await world.session_of(ANN)
    of_session, of_user = (
        await world.tickets.issue(ANN.principal(session.id)),
        await world.tickets.issue(BOB.principal()),
    )
    await world.sessions.end(ANN.principal(), session.id)
    async with world.database() as work:
        await work.accounts.save(replace(BOB, disabled=True))
        await work.commit()
    for ticket in (of_session, of_user):
        with pytest.raises(NotFoundError):
            await world.tickets.redeem(ticket)


async def test_the_own_account_is_shown_while_it_exists(world: World) -> None:
    await world.with_accounts(ANN, person("gone", disabled=True))
    assert await world.own_account.get(ANN.principal()) == ANN
    for missing in (BOB, person("gone")):
        with pytest.raises(UnauthenticatedError):
            await world.own_account.get(missing.principal())
