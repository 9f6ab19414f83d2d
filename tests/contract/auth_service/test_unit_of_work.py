"""The auth database keeps its promises, in memory and in PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from auth_service.interfaces import (
    Account,
    AccountKind,
    ApiKey,
    AuthUnitOfWorkFactory,
    Group,
    Session,
    SigningKey,
)
from flash_core.errors import ConflictError
from flash_core.models.user import UserRole
from flash_core.utils.ids import new_id
from tests.unit.auth_service.world import NOON, person, program

Transaction = AuthUnitOfWorkFactory
HOUR = timedelta(hours=1)
ROOT = person("root", UserRole.ADMIN)
ANN = person("ann", UserRole.USER, UserRole.EDITOR, groups=("hr", "ops"))
ROBOT = program("robot", UserRole.ADMIN)


async def keep(transaction: Transaction, *accounts: Account) -> None:
    async with transaction() as work:
        for account in accounts:
            await work.accounts.add(account)
        await work.commit()


def session_of(account: Account) -> Session:
    return Session(new_id(), account.id, NOON, NOON + HOUR, "a browser")


def key_of(account: Account, key_hash: bytes) -> ApiKey:
    return ApiKey(new_id(), account.id, "laptop", "abcd1234", key_hash, NOON)


async def _add_and_fail(transaction: Transaction) -> None:
    async with transaction() as work:
        await work.accounts.add(ANN)
        raise ZeroDivisionError


async def test_leaving_without_a_commit_changes_nothing(transaction: Transaction) -> None:
    async with transaction() as work:
        await work.accounts.add(ANN)
    with pytest.raises(ZeroDivisionError):
        await _add_and_fail(transaction)
    async with transaction() as work:
        assert await work.accounts.get(ANN.id) is None
        assert not await work.groups.page(None, 10)


async def test_accounts_come_back_as_they_were(transaction: Transaction) -> None:
    await keep(transaction, ANN, ROBOT)
    async with transaction() as work:
        assert await work.accounts.get(ANN.id) == ANN
        assert await work.accounts.get(ANN.id, lock=True) == ANN
        assert await work.accounts.get(ROBOT.id) == ROBOT
        assert await work.accounts.by_email("ann@example.com") == ANN
        assert await work.accounts.by_email("nobody@example.com") is None
        assert await work.accounts.get(uuid4()) is None
        assert await work.accounts.existing([ANN.id, ROBOT.id, uuid4()]) == {ANN.id, ROBOT.id}
        assert await work.accounts.existing([]) == frozenset()


async def test_accounts_are_listed_by_kind_and_id(transaction: Transaction) -> None:
    await keep(transaction, ROBOT, ANN, ROOT)
    async with transaction() as work:
        assert await work.accounts.page(AccountKind.PERSON, None, 10) == [ROOT, ANN]
        assert await work.accounts.page(AccountKind.PERSON, None, 1) == [ROOT]
        assert await work.accounts.page(AccountKind.PERSON, ROOT.id, 10) == [ANN]
        assert await work.accounts.page(AccountKind.PERSON, ANN.id, 10) == []
        assert await work.accounts.page(AccountKind.SERVICE, None, 10) == [ROBOT]


async def test_an_email_belongs_to_one_account(transaction: Transaction) -> None:
    await keep(transaction, ANN)
    async with transaction() as work:
        with pytest.raises(ConflictError, match="e-mail"):
            await work.accounts.add(replace(person("ann"), groups=frozenset({"new"})))
    await keep(transaction, ROBOT, program("another"))  # programs have none, any number of them
    async with transaction() as work:
        assert await work.accounts.by_email("ann@example.com") == ANN


async def test_a_saved_account_has_the_new_values_and_groups(transaction: Transaction) -> None:
    await keep(transaction, ANN)
    changed = replace(
        ANN,
        name="Anna",
        roles=frozenset({UserRole.ADMIN}),
        groups=frozenset({"hr", "fin"}),
        disabled=True,
        password_hash="hash of another",
    )
    async with transaction() as work:
        assert await work.accounts.get(ANN.id, lock=True) == ANN
        await work.accounts.save(changed)
        assert await work.accounts.get(ANN.id) == changed
        await work.commit()
    async with transaction() as work:
        assert await work.accounts.get(ANN.id) == changed
        assert {group.name for group in await work.groups.page(None, 10)} == {"hr", "ops", "fin"}
        await work.accounts.save(replace(changed, groups=frozenset()))
        assert (await work.accounts.get(ANN.id)) == replace(changed, groups=frozenset())


async def test_only_people_who_are_enabled_and_administrators_govern(transaction: Transaction) -> None:
    await keep(transaction, ROOT, ANN, ROBOT, person("former", UserRole.ADMIN, disabled=True))
    async with transaction() as work:
        assert await work.accounts.lock_governing() == {ROOT.id}
        await work.accounts.remove(ROOT.id)
        assert await work.accounts.lock_governing() == frozenset()


async def test_a_removed_account_takes_its_things_along(transaction: Transaction) -> None:
    await keep(transaction, ANN, ROOT)
    session, key, roots = session_of(ANN), key_of(ANN, b"ann's"), key_of(ROOT, b"root's")
    async with transaction() as work:
        await work.sessions.start(session, b"token")
        await work.api_keys.add(key)
        await work.api_keys.add(roots)
        await work.accounts.remove(ANN.id)
        await work.commit()
    async with transaction() as work:
        assert await work.accounts.get(ANN.id) is None
        assert await work.sessions.get(session.id) is None
        assert await work.sessions.of_token(b"token") is None
        assert await work.api_keys.page(None, None, 10) == [roots]
        assert [group.members for group in await work.groups.page(None, 10)] == [frozenset(), frozenset()]


async def test_groups_know_their_members(transaction: Transaction) -> None:
    await keep(transaction, ANN, ROOT)
    group = Group(new_id(), "board", frozenset({ROOT.id}))
    async with transaction() as work:
        await work.groups.add(group)
        await work.commit()
    async with transaction() as work:
        assert await work.groups.get(group.id) == group
        assert await work.groups.get(uuid4()) is None
        assert (await work.accounts.get(ROOT.id)) == replace(ROOT, groups=frozenset({"board"}))
        await work.groups.set_members(group.id, {ANN.id})
        assert await work.groups.get(group.id) == replace(group, members=frozenset({ANN.id}))
        await work.groups.set_members(group.id, ())
        assert await work.groups.get(group.id) == replace(group, members=frozenset())


async def test_groups_are_listed_by_id_and_can_go(transaction: Transaction) -> None:
    await keep(transaction, ANN)
    async with transaction() as work:
        first, second = await work.groups.page(None, 10)
        assert {first.name, second.name} == {"hr", "ops"}
        assert first.id < second.id
        assert await work.groups.page(None, 1) == [first]
        assert await work.groups.page(first.id, 10) == [second]
        await work.groups.remove(first.id)
        assert await work.groups.get(first.id) is None
        await work.commit()
    async with transaction() as work:
        assert (await work.accounts.get(ANN.id)) == replace(ANN, groups=frozenset({second.name}))


async def test_a_groups_name_is_taken_once(transaction: Transaction) -> None:
    await keep(transaction, ANN)
    async with transaction() as work:
        with pytest.raises(ConflictError, match="name"):
            await work.groups.add(Group(new_id(), "hr"))


async def test_a_refresh_token_is_used_once(transaction: Transaction) -> None:
    await keep(transaction, ANN)
    session = session_of(ANN)
    async with transaction() as work:
        await work.sessions.start(session, b"first")
        await work.commit()
    async with transaction() as work:
        assert await work.sessions.get(session.id) == session
        assert await work.sessions.get(session.id, lock=True) == session
        assert await work.sessions.get(uuid4(), lock=True) is None
        assert not await work.sessions.use(b"unknown", NOON)
        assert await work.sessions.use(b"first", NOON)
        assert not await work.sessions.use(b"first", NOON)
        assert await work.sessions.of_token(b"first") == session.id
        assert await work.sessions.of_token(b"unknown") is None


async def test_a_renewed_session_lives_longer_and_has_another_token(transaction: Transaction) -> None:
    await keep(transaction, ANN)
    session = session_of(ANN)
    async with transaction() as work:
        await work.sessions.start(session, b"first")
        await work.sessions.renew(session.id, b"second", NOON + 2 * HOUR)
        await work.commit()
    async with transaction() as work:
        assert await work.sessions.get(session.id) == replace(session, expires_at=NOON + 2 * HOUR)
        assert await work.sessions.use(b"second", NOON)
        assert await work.sessions.end(session.id)
        assert not await work.sessions.end(session.id)
        assert await work.sessions.of_token(b"second") is None


async def test_sessions_are_listed_and_ended_by_user(transaction: Transaction) -> None:
    await keep(transaction, ANN, ROOT)
    first, second, roots = session_of(ANN), session_of(ANN), session_of(ROOT)
    async with transaction() as work:
        for number, session in enumerate((first, second, roots)):
            await work.sessions.start(session, bytes([number]))
        await work.commit()
    async with transaction() as work:
        assert await work.sessions.page(ANN.id, None, 10) == [first, second]
        assert await work.sessions.page(ANN.id, None, 1) == [first]
        assert await work.sessions.page(ANN.id, first.id, 10) == [second]
        assert set(await work.sessions.end_all(ANN.id)) == {first.id, second.id}
        assert await work.sessions.end_all(ANN.id) == []
        assert await work.sessions.page(ROOT.id, None, 10) == [roots]


async def test_what_has_expired_is_purged(transaction: Transaction) -> None:
    await keep(transaction, ANN)
    old, young = session_of(ANN), replace(session_of(ANN), expires_at=NOON + 2 * HOUR)
    async with transaction() as work:
        await work.sessions.start(old, b"old")
        await work.sessions.start(young, b"used long ago")
        assert await work.sessions.use(b"used long ago", NOON)
        await work.sessions.renew(young.id, b"fresh", young.expires_at)
        assert await work.sessions.purge(NOON + HOUR, NOON + timedelta(seconds=1)) == 1
        assert await work.sessions.purge(NOON + HOUR, NOON) == 0
        await work.commit()
    async with transaction() as work:
        assert await work.sessions.page(ANN.id, None, 10) == [young]
        assert [await work.sessions.of_token(token) for token in (b"old", b"used long ago", b"fresh")] == [
            None,
            None,
            young.id,
        ]


async def test_api_keys_are_found_by_hash_listed_and_ended(transaction: Transaction) -> None:
    await keep(transaction, ANN, ROOT)
    anns, roots = key_of(ANN, b"ann's"), key_of(ROOT, b"root's")
    async with transaction() as work:
        await work.api_keys.add(anns)
        await work.api_keys.add(roots)
        await work.api_keys.used(roots.id, NOON + HOUR)
        await work.commit()
    used = replace(roots, last_used_at=NOON + HOUR)
    async with transaction() as work:
        assert await work.api_keys.by_hash(b"ann's") == anns
        assert await work.api_keys.by_hash(b"another") is None
        assert await work.api_keys.get(roots.id) == used
        assert await work.api_keys.get(uuid4()) is None
        assert await work.api_keys.page(None, None, 10) == [anns, used]
        assert await work.api_keys.page(None, anns.id, 10) == [used]
        assert await work.api_keys.page(None, None, 1) == [anns]
        assert await work.api_keys.page(ROOT.id, None, 10) == [used]
        await work.api_keys.remove(anns.id)
        assert await work.api_keys.get(anns.id) is None


async def test_signing_keys_come_in_the_order_of_their_making(transaction: Transaction) -> None:
    older = SigningKey("b", {"kid": "b", "kty": "OKP"}, b"sealed", NOON, activated_at=NOON)
    newer = SigningKey("a", {"kid": "a", "kty": "OKP"}, b"sealed", NOON + HOUR)
    async with transaction() as work:
        await work.signing_keys.lock()
        assert list(await work.signing_keys.all()) == []
        await work.signing_keys.save(newer)
        await work.signing_keys.save(older)
        await work.commit()
    retired = replace(older, retired_at=NOON + HOUR)
    async with transaction() as work:
        assert await work.signing_keys.all() == [older, newer]
        await work.signing_keys.save(retired)
        await work.commit()
    async with transaction() as work:
        assert await work.signing_keys.all() == [retired, newer]
        await work.signing_keys.remove("b")
        assert await work.signing_keys.all() == [newer]
