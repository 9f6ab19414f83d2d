"""What an administrator changes acts at once, and somebody always can administrate."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.interfaces import Account
from flash_core.errors import ConflictError, NotFoundError
from flash_core.models.user import UserRole
from flash_core.schemas.auth import CreateUserRequest, UpdateUserRequest
from tests.unit.auth_service.world import NOON, World, person, program

ROOT = person("root", UserRole.ADMIN)
ANN = person("ann", groups=("hr",))


async def test_a_new_user_can_be_found_and_the_groups_are_made(world: World) -> None:
    wanted = CreateUserRequest(email="Bob@Example.com", password="long enough", name="Bob", groups=["b", "a", "b"])
    made = await world.users.create(wanted)
    assert await world.users.get(made.id) == made
    assert made.email == "bob@example.com"
    assert made.groups == {"a", "b"}
    assert made.roles == {UserRole.USER}
    assert made.password_hash == "hash of long enough"
    assert set(world.database.tables.groups) == {"a", "b"}


async def test_an_email_is_taken_once(world: World) -> None:
    await world.with_accounts(ANN)
    with pytest.raises(ConflictError, match="e-mail"):
        await world.users.create(CreateUserRequest(email="ANN@example.com", password="long enough"))


async def test_the_list_shows_people_only_page_by_page(world: World) -> None:
    await world.with_accounts(ROOT, program("robot"), ANN)
    [first] = await world.users.page(None, 1)
    [second] = await world.users.page(first.id, 10)
    assert [first, second] == [ROOT, ANN]


@pytest.mark.parametrize(
    "wanted", [{"groups": ["ops"]}, {"roles": ["editor"]}, {"disabled": True}, {"password": "another one"}]
)
async def test_a_change_of_what_a_token_says_voids_the_tokens(world: World, wanted: dict[str, object]) -> None:
    await world.with_accounts(ANN)
    after = await world.users.change(ANN.id, UpdateUserRequest.model_validate(wanted))
    assert world.account(ANN.id) == after != ANN
    assert world.revocations.users == {ANN.id: NOON}


@pytest.mark.parametrize("wanted", [{}, {"name": "Anna"}, {"groups": ["hr"]}, {"roles": None, "name": None}])
async def test_a_change_of_the_name_alone_voids_nothing(world: World, wanted: dict[str, object]) -> None:
    await world.with_accounts(ANN)
    await world.users.change(ANN.id, UpdateUserRequest.model_validate(wanted))
    assert not world.revocations.users


@pytest.mark.parametrize("wanted", [{"disabled": True}, {"password": "another one"}])
async def test_a_new_password_or_a_disabled_account_ends_the_sessions(world: World, wanted: dict[str, object]) -> None:
    await world.with_accounts(ANN)
    session = await world.session_of(ANN)
    await world.users.change(ANN.id, UpdateUserRequest.model_validate(wanted))
    assert world.revocations.sessions == {session.id}
    assert not world.database.tables.sessions


async def test_new_groups_leave_the_sessions_alone(world: World) -> None:
    await world.with_accounts(ANN)
    await world.session_of(ANN)
    await world.users.change(ANN.id, UpdateUserRequest(groups=[]))
    assert len(world.database.tables.sessions) == 1


async def test_a_removed_user_leaves_nothing_that_signs_in(world: World) -> None:
    await world.with_accounts(ROOT, ANN)
    session = await world.session_of(ANN)
    await world.api_keys.create(ANN.principal(), "laptop", None)
    await world.users.remove(ANN.id)
    tables = world.database.tables
    assert (set(tables.accounts), tables.sessions, tables.tokens, tables.api_keys) == ({ROOT.id}, {}, {}, {})
    assert (world.revocations.users, world.revocations.sessions) == ({ANN.id: NOON}, {session.id})


async def test_who_is_not_there_is_not_found(world: World) -> None:
    robot = program("robot")
    await world.with_accounts(robot)
    for missing in (uuid4(), robot.id):
        with pytest.raises(NotFoundError):
            await world.users.get(missing)
        with pytest.raises(NotFoundError):
            await world.users.change(missing, UpdateUserRequest(name="x"))
        with pytest.raises(NotFoundError):
            await world.users.remove(missing)


async def test_the_last_administrator_stays(world: World) -> None:
    await world.with_accounts(
        ROOT, ANN, person("former", UserRole.ADMIN, disabled=True), program("bot", UserRole.ADMIN)
    )
    for wanted in ({"roles": ["editor"]}, {"disabled": True}):
        with pytest.raises(ConflictError, match="last administrator"):
            await world.users.change(ROOT.id, UpdateUserRequest.model_validate(wanted))
    with pytest.raises(ConflictError, match="last administrator"):
        await world.users.remove(ROOT.id)
    assert world.account(ROOT.id) == ROOT
    await world.users.change(ROOT.id, UpdateUserRequest(name="Still here", roles=[UserRole.ADMIN, UserRole.EDITOR]))


async def test_with_another_administrator_one_may_go(world: World) -> None:
    await world.with_accounts(ROOT, ANN)
    await world.users.change(ANN.id, UpdateUserRequest(roles=[UserRole.ADMIN]))
    await world.users.remove(ROOT.id)
    assert world.account(ANN.id).governs


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["promote", "demote", "disable", "enable", "remove"]),
    ),
    max_size=12,
)
CHANGES = {
    "promote": UpdateUserRequest(roles=[UserRole.ADMIN]),
    "demote": UpdateUserRequest(roles=[UserRole.USER]),
    "disable": UpdateUserRequest(disabled=True),
    "enable": UpdateUserRequest(disabled=False),
}


@given(steps=STEPS)
async def test_whatever_is_tried_somebody_can_administrate(steps: list[tuple[int, str]]) -> None:
    people: list[Account] = [ROOT, ANN, person("bob", UserRole.ADMIN)]
    world = await World().with_accounts(*people)
    for index, step in steps:
        try:
            if step == "remove":
                await world.users.remove(people[index].id)
            else:
                await world.users.change(people[index].id, CHANGES[step])
        except (ConflictError, NotFoundError):
            continue
        assert any(account.governs for account in world.database.tables.accounts.values())
