"""Signing in, staying signed in, signing out."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from auth_service.interfaces import (
    AccessTokensInterface,
    Account,
    AuthUnitOfWorkFactory,
    PasswordHasherInterface,
    RevocationsInterface,
    Session,
)
from auth_service.services.errors import (
    ClientRefusedError,
    CredentialsRefusedError,
    GrantUnsupportedError,
    RefreshRefusedError,
)
from auth_service.services.opaque import csrf_of, digest, new_value
from flash_core.errors import ForbiddenError, RateLimitedError
from flash_core.interfaces.clock import ClockInterface
from flash_core.interfaces.rate_limit import RateLimit, RateLimiterInterface
from flash_core.utils.ids import new_id

log = structlog.get_logger(__name__)

SESSION_TTL = timedelta(days=30)
FAILURES_OF_AN_ACCOUNT = RateLimit(count=4, seconds=60, burst=10)
FAILURES_OF_AN_ADDRESS = RateLimit(count=20, seconds=60, burst=60)
_USER_AGENT_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a sign-in comes from. `page`: its tokens go into cookies, so they need a CSRF token."""

    address: str
    user_agent: str = ""
    page: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The tokens of a sign-in or a refresh; a service account has no session to refresh."""

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    csrf: str | None = field(default=None, repr=False)


class SignIn:
    """Every refresh token works once. A second use means that two hold it, so the whole session ends: there is no
    grace for a client that sends the same refresh twice at the same moment.
    """

    def __init__(
        self,
        unit_of_work: AuthUnitOfWorkFactory,
        hasher: PasswordHasherInterface,
        tokens: AccessTokensInterface,
        revocations: RevocationsInterface,
        limiter: RateLimiterInterface,
        clock: ClockInterface,
        *,
        password_grant: bool = True,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._tokens = tokens
        self._revocations = revocations
        self._limiter = limiter
        self._clock = clock
        self._password_grant = password_grant

    async def with_password(self, email: str, password: str, caller: Caller) -> SignedIn:
        """Raise `CredentialsRefusedError`, whatever is wrong, or `RateLimitedError` after many failures."""
        if not (caller.page or self._password_grant):
            raise GrantUnsupportedError("Signing in by password is switched off here.")
        email = email.strip().lower()
        charged = await self._charge(email, caller)
        async with self._unit_of_work() as work:
            known = await work.accounts.by_email(email)
        if not await self._hasher.verify(known.password_hash if known else None, password) or known is None:
            log.info("sign_in.refused")
            raise CredentialsRefusedError("The e-mail or the password is wrong.")
        signed_in = await self._open(known, caller)
        for key, limit in charged:  # only failures count
            await self._limiter.give_back(key, limit)
        return signed_in

    async def with_refresh_token(self, refresh_token: str, *, page: bool = False) -> SignedIn:
        """The next tokens of the session. Raises `RefreshRefusedError`, and then the session has ended."""
        now = self._clock.now()
        following = new_value()
        renewed = await self._renew(refresh_token, following, now)
        if renewed is None:
            await self._end_session_of(refresh_token)
            raise RefreshRefusedError("The refresh token is not valid any more; sign in again.")
        account, session_id = renewed
        return await self._signed_in(account, session_id, following, now, page=page)

    async def with_page_cookie(self, refresh_token: str, csrf: str) -> SignedIn:
        """The same for the page, whose script has to know the CSRF token. Raises `ForbiddenError` where it does not."""
        if not refresh_token:
            raise RefreshRefusedError("There is no session to go on with; sign in.")
        if not hmac.compare_digest(csrf.encode(), csrf_of(refresh_token).encode()):
            raise ForbiddenError("The X-CSRF-Token header does not match the session.")
        return await self.with_refresh_token(refresh_token, page=True)

    async def with_client_secret(self, client_id: str, client_secret: str) -> SignedIn:
        """A service account's access token. Raises `ClientRefusedError`."""
        now = self._clock.now()
        async with self._unit_of_work() as work:
            account = await work.accounts.get(_uuid(client_id))
        if account is None or account.disabled or account.secret_hash != digest(client_secret):
            raise ClientRefusedError("The client id or the client secret is wrong.")
        return SignedIn(account, await self._tokens.issue(account.principal(), now))

    async def _charge(self, email: str, caller: Caller) -> list[tuple[str, RateLimit]]:
        """Count this attempt as a failure in advance, so that guesses sent all at once are counted too."""
        hidden = hashlib.sha256(email.encode()).hexdigest()[:32]
        charges = [
            (f"sign-in:account:{hidden}", FAILURES_OF_AN_ACCOUNT),
            (f"sign-in:address:{caller.address}", FAILURES_OF_AN_ADDRESS),
        ]
        for key, limit in charges:
            wait = await self._limiter.take(key, limit)
            if wait > 0:
                log.warning("sign_in.throttled", by=key.split(":")[1])
                raise RateLimitedError("Too many failed sign-ins; try again later.", retry_after=wait)
        return charges

    async def _open(self, known: Account, caller: Caller) -> SignedIn:
        now = self._clock.now()
        refresh_token = new_value()
        session = Session(new_id(), known.id, now, now + SESSION_TTL, caller.user_agent[:_USER_AGENT_LENGTH])
        async with self._unit_of_work() as work:
            account = await work.accounts.get(known.id, lock=True)
            if account is None or account.disabled or account.password_hash != known.password_hash:
                raise CredentialsRefusedError("The e-mail or the password is wrong.")
            await work.sessions.start(session, digest(refresh_token))
            await work.commit()
        log.info("session.started", session_id=str(session.id), user_id=str(account.id))
        return await self._signed_in(account, session.id, refresh_token, now, page=caller.page)

    async def _signed_in(
        self, account: Account, session_id: UUID, refresh_token: str, at: datetime, *, page: bool
    ) -> SignedIn:
        csrf = csrf_of(refresh_token) if page else None
        access_token = await self._tokens.issue(account.principal(session_id), at, csrf=csrf)
        return SignedIn(account, access_token, refresh_token, csrf)

    async def _renew(self, refresh_token: str, following: str, now: datetime) -> tuple[Account, UUID] | None:
        """The session is locked before its token, as where it is ended: the two must not wait for each other."""
        async with self._unit_of_work() as work:
            session_id = await work.sessions.of_token(digest(refresh_token))
            session = await work.sessions.get(session_id, lock=True) if session_id else None
            account = await work.accounts.get(session.user_id) if session else None
            if session is None or session.expires_at <= now or account is None or account.disabled:
                return None
            if not await work.sessions.use(digest(refresh_token), now):
                return None
            await work.sessions.renew(session.id, digest(following), now + SESSION_TTL)
            await work.commit()
        return account, session.id

    async def _end_session_of(self, refresh_token: str) -> None:
        """A known token that is refused was used before, by whomever, or its time is over."""
        async with self._unit_of_work() as work:
            session_id = await work.sessions.of_token(digest(refresh_token))
            if session_id is None:
                return
            await work.sessions.end(session_id)
            await work.commit()
        log.warning("session.refresh_refused", session_id=str(session_id))
        await self._revocations.sessions_ended([session_id])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ClientRefusedError("The client id or the client secret is wrong.") from None
