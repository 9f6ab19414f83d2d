"""Ways to sign in to Azure DevOps."""

import re
from collections.abc import AsyncGenerator, Callable
from time import monotonic
from typing import Final

import httpx2

from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError

_SCOPE: Final = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Azure DevOps as a resource of Entra; the same in every tenant."""
_EARLY_SECONDS: Final = 300
_BUSY: Final = 429
_BROKEN: Final = 500
_CODE = re.compile(r"AADSTS\d+")


def personal_token(token: str) -> httpx2.Auth:
    """Azure DevOps reads a personal access token as the password of nobody."""
    return httpx2.BasicAuth("", token)


class EntraApplication(httpx2.Auth):
    """An application of a tenant, by its secret. Its token serves until shortly before it expires.

    https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
    """

    def __init__(
        self, authority: str, tenant: str, client_id: str, secret: str, clock: Callable[[], float] = monotonic
    ) -> None:
        self._url = f"{authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
            "scope": _SCOPE,
        }
        self._clock = clock
        self._token = ""
        self._until = 0.0

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        if self._clock() >= self._until:
            answer = yield httpx2.Request("POST", self._url, data=self._form, headers={"Accept": "application/json"})
            await answer.aread()
            self._keep(answer)
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def _keep(self, answer: httpx2.Response) -> None:
        if answer.status_code == _BUSY or answer.status_code >= _BROKEN:
            raise UpstreamUnavailableError("Entra does not give out a token now.")
        if not answer.is_success:
            code = _CODE.search(answer.text)
            raise UpstreamRejectedError(
                f"Entra refused the application ({code[0] if code else answer.status_code}). "
                "Check tenant_id, client_id and client_secret, and that the secret has not expired."
            )
        try:
            body = answer.json()
            self._token = str(body["access_token"])
            self._until = self._clock() + max(0.0, float(body["expires_in"]) - _EARLY_SECONDS)
        except (ValueError, KeyError, TypeError) as error:
            raise UpstreamUnavailableError("This is not how Entra answers: check the authority.") from error
