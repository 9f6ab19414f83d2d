"""Who is asking."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

from flash_core.models.user import Principal


class AuthenticatorInterface(Protocol):
    """Turns a proof into a principal. Raises `UnauthenticatedError` for anything not valid now."""

    @abstractmethod
    async def bearer(self, token: str) -> Principal:
        """A JWT of the auth service or an API key."""

    @abstractmethod
    async def cookie(self, token: str) -> tuple[Principal, str]:
        """The page's session cookie: the principal and the CSRF token bound to it."""

    @abstractmethod
    def internal(self, token: str) -> Principal | None:
        """A sibling service's token: the user on whose behalf it calls, or None when it calls for itself."""


class IdentitySourceInterface(Protocol):
    """What only the auth service knows and everyone who verifies needs. Raises `UpstreamUnavailableError` when away."""

    @abstractmethod
    async def public_keys(self) -> Mapping[str, Any]:
        """The JWK set of RFC 7517."""

    @abstractmethod
    async def api_key(self, key: str) -> Principal:
        """Whom the key stands for. Raises `UnauthenticatedError` for one that is not, or no longer, valid."""


class ServiceTokenInterface(Protocol):
    """Proof, for a sibling service, that a service of this fleet calls (on behalf of `principal`)."""

    @abstractmethod
    def issue(self, principal: Principal | None = None) -> str: ...
