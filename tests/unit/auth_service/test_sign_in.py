"""Signing in tells nothing to those who guess; a refresh token works once."""

from dataclasses import replace

import pytest

from auth_service.interfaces import Account
from auth_service.services.errors import (
    ClientRefusedError,
    CredentialsRefusedError,
    GrantUnsupportedError,
    RefreshRefusedError,
)
from auth_service.services.opaque import csrf_of, digest
from auth_service.services.sign_in import FAILURES_OF_AN_ACCOUNT, FAILURES_OF_AN_ADDRESS, SESSION_TTL, SignedIn
from flash_core.errors import ForbiddenError, RateLimitedError
from flash_core.models.user import UserRole
from tests.unit.auth_service.fakes import FakeHasher
from tests.unit.auth_service.world import HOME, NOON, PAGE, World, person, program

ANN = person("ann", UserRole.EDITOR, groups=("hr",))


async def signed_in(world: World, account: Account = ANN) -> SignedIn:
    await world.with_accounts(account)
    return await world.sign_in.with_password(f"{account.email}", f"{account.name.lower()}'s password", HOME)


async def test_the_right_password_starts_a_session(world: World) -> None:
    result = await signed_in(world)
    [session] = world.database.tables.sessions.values()
    [(principal, at, csrf)] = world.tokens.issued
    assert (principal, at, csrf) == (ANN.principal(session.id), NOON, None)
    assert (session.user_id, session.expires_at, session.user_agent) == (ANN.id, NOON + SESSION_TTL, "a browser")
    assert (result.account, result.access_token, result.csrf) == (ANN, "token 1", None)
    assert digest(result.refresh_token or "") in world.database.tables.tokens


async def test_the_email_is_found_however_it_is_written(world: World) -> None:
    await world.with_accounts(ANN)
    assert (await world.sign_in.with_password(" ANN@Example.COM ", "ann's password", HOME)).account == ANN


async def test_a_long_user_agent_is_cut(world: World) -> None:
    await world.with_accounts(ANN)
    await world.sign_in.with_password("ann@example.com", "ann's password", replace(HOME, user_agent="x" * 1_000))
    assert [len(session.user_agent) for session in world.database.tables.sessions.values()] == [300]


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@example.com", "wrong"),
        ("nobody@example.com", "ann's password"),
        ("gone@example.com", "gone's password"),
        ("", ""),
    ],
)
async def test_whatever_is_wrong_the_answer_is_the_same(world: World, email: str, password: str) -> None:
    await world.with_accounts(ANN, person("gone", disabled=True))
    with pytest.raises(CredentialsRefusedError, match=r"^The e-mail or the password is wrong\.$"):
        await world.sign_in.with_password(email, password, HOME)
    assert len(world.hasher.verified) == 1  # as slow for an account that is not there
    assert not world.database.tables.sessions


async def test_a_password_that_changes_while_it_is_checked_is_refused(world: World) -> None:
    await world.with_accounts(ANN)

    class Slow(FakeHasher):
        async def verify(self, password_hash: str | None, password: str) -> bool:
            async with world.database() as work:
                await work.accounts.save(replace(ANN, password_hash="hash of another"))
                await work.commit()
            return await super().verify(password_hash, password)

    world.hasher = Slow()
    with pytest.raises(CredentialsRefusedError):
        await world.sign_in.with_password("ann@example.com", "ann's password", HOME)


async def test_the_page_gets_a_csrf_token_that_belongs_to_its_refresh_token(world: World) -> None:
    await world.with_accounts(ANN)
    result = await world.sign_in.with_password("ann@example.com", "ann's password", PAGE)
    assert result.csrf == csrf_of(result.refresh_token or "")
    assert world.tokens.issued[0][2] == result.csrf


async def test_the_password_grant_can_be_switched_off_without_closing_the_page() -> None:
    world = await World(password_grant=False).with_accounts(ANN)
    with pytest.raises(GrantUnsupportedError):
        await world.sign_in.with_password("ann@example.com", "ann's password", HOME)
    assert (await world.sign_in.with_password("ann@example.com", "ann's password", PAGE)).account == ANN


async def guess(world: World, times: int, email: str = "ann@example.com") -> None:
    for _ in range(times):
        with pytest.raises(CredentialsRefusedError):
            await world.sign_in.with_password(email, "wrong", HOME)


async def test_after_many_failures_even_the_right_password_has_to_wait(world: World) -> None:
    await world.with_accounts(ANN)
    await guess(world, FAILURES_OF_AN_ACCOUNT.burst)
    with pytest.raises(RateLimitedError) as refused:
        await world.sign_in.with_password("ann@example.com", "ann's password", HOME)
    assert refused.value.retry_after == FAILURES_OF_AN_ACCOUNT.interval
    world.clock.advance(seconds=refused.value.retry_after)
    assert (await world.sign_in.with_password("ann@example.com", "ann's password", HOME)).account == ANN


async def test_an_account_that_is_not_there_is_throttled_alike(world: World) -> None:
    await guess(world, FAILURES_OF_AN_ACCOUNT.burst, "nobody@example.com")
    with pytest.raises(RateLimitedError):
        await world.sign_in.with_password("nobody@example.com", "wrong", HOME)


async def test_an_address_that_tries_many_accounts_is_stopped(world: World) -> None:
    await world.with_accounts(ANN)
    for number in range(FAILURES_OF_AN_ADDRESS.burst):
        await guess(world, 1, f"user{number}@example.com")
    with pytest.raises(RateLimitedError):
        await world.sign_in.with_password("ann@example.com", "ann's password", HOME)
    elsewhere = replace(HOME, address="192.0.2.2")
    assert (await world.sign_in.with_password("ann@example.com", "ann's password", elsewhere)).account == ANN


async def test_successes_do_not_count(world: World) -> None:
    await world.with_accounts(ANN)
    for _ in range(FAILURES_OF_AN_ADDRESS.burst + FAILURES_OF_AN_ACCOUNT.burst):
        await world.sign_in.with_password("ann@example.com", "ann's password", HOME)


async def test_no_address_or_email_stands_in_a_counters_name_in_clear(world: World) -> None:
    await guess(world, 1)
    assert not any("ann" in key for key in world.limiter.arrivals)


async def test_a_refresh_gives_the_next_tokens_with_what_the_user_is_now(world: World) -> None:
    first = await signed_in(world)
    [session] = world.database.tables.sessions.values()
    async with world.database() as work:
        await work.accounts.save(replace(ANN, groups=frozenset({"ops"})))
        await work.commit()
    world.clock.advance(days=3)
    second = await world.sign_in.with_refresh_token(first.refresh_token or "")
    assert second.refresh_token != first.refresh_token
    assert world.tokens.issued[1][0].groups == {"ops"}
    assert world.tokens.issued[1][0].session_id == session.id
    assert world.database.tables.sessions[session.id].expires_at == NOON + SESSION_TTL + (world.clock.at - NOON)


async def test_a_refresh_token_used_again_ends_the_session_for_both_holders(world: World) -> None:
    first = await signed_in(world)
    [session_id] = world.database.tables.sessions
    second = await world.sign_in.with_refresh_token(first.refresh_token or "")
    with pytest.raises(RefreshRefusedError):
        await world.sign_in.with_refresh_token(first.refresh_token or "")
    assert world.revocations.sessions == {session_id}
    with pytest.raises(RefreshRefusedError):
        await world.sign_in.with_refresh_token(second.refresh_token or "")


async def test_a_refresh_token_that_nobody_gave_out_ends_nothing(world: World) -> None:
    await signed_in(world)
    with pytest.raises(RefreshRefusedError):
        await world.sign_in.with_refresh_token("invented")
    assert len(world.database.tables.sessions) == 1
    assert not world.revocations.sessions


async def test_an_expired_session_does_not_go_on(world: World) -> None:
    first = await signed_in(world)
    world.clock.advance(days=30)
    with pytest.raises(RefreshRefusedError):
        await world.sign_in.with_refresh_token(first.refresh_token or "")
    assert not world.database.tables.sessions


async def test_a_disabled_user_does_not_go_on(world: World) -> None:
    first = await signed_in(world)
    async with world.database() as work:
        await work.accounts.save(replace(ANN, disabled=True))
        await work.commit()
    with pytest.raises(RefreshRefusedError):
        await world.sign_in.with_refresh_token(first.refresh_token or "")


async def test_the_page_goes_on_with_its_cookie_and_its_csrf_token(world: World) -> None:
    await world.with_accounts(ANN)
    first = await world.sign_in.with_password("ann@example.com", "ann's password", PAGE)
    second = await world.sign_in.with_page_cookie(first.refresh_token or "", first.csrf or "")
    assert second.csrf == csrf_of(second.refresh_token or "")
    assert second.csrf != first.csrf


@pytest.mark.parametrize("csrf", ["", "wrong", "ü"])
async def test_another_site_can_not_go_on_with_the_pages_cookie(world: World, csrf: str) -> None:
    first = await signed_in(world)
    with pytest.raises(ForbiddenError):
        await world.sign_in.with_page_cookie(first.refresh_token or "", csrf)
    assert (await world.sign_in.with_refresh_token(first.refresh_token or "")).account == ANN


async def test_without_a_cookie_there_is_no_session_to_go_on_with(world: World) -> None:
    with pytest.raises(RefreshRefusedError):
        await world.sign_in.with_page_cookie("", "")


async def test_a_service_account_gets_a_token_without_a_session(world: World) -> None:
    robot = program("robot", UserRole.EDITOR)
    await world.with_accounts(robot)
    result = await world.sign_in.with_client_secret(str(robot.id), "robot's secret")
    assert (result.refresh_token, result.csrf) == (None, None)
    assert world.tokens.issued == [(robot.principal(), NOON, None)]


async def test_wrong_clients_are_refused(world: World) -> None:
    robot, broken = program("robot"), replace(program("broken"), disabled=True)
    await world.with_accounts(robot, broken, ANN)
    for client_id, secret in (
        (str(robot.id), "wrong"),
        (str(broken.id), "broken's secret"),
        (str(ANN.id), "ann's password"),
        ("not an id", "robot's secret"),
    ):
        with pytest.raises(ClientRefusedError):
            await world.sign_in.with_client_secret(client_id, secret)


def test_secrets_are_not_shown_when_something_is_printed() -> None:
    shown = repr(SignedIn(ANN, "the-access", "the-refresh", "the-csrf"))
    assert "the-" not in shown
    assert "hash of" not in shown
