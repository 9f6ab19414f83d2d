"""`IdentitySourceInterface` for the auth service itself, which knows what the others ask it."""

from collections.abc import Mapping
from typing import Any

from auth_service.interfaces import AccessTokensInterface
from auth_service.services.api_keys import ApiKeys
from flash_core.errors import NotFoundError, UnauthenticatedError
from flash_core.interfaces.identity import IdentitySourceInterface
from flash_core.models.user import Principal


class LocalIdentity(IdentitySourceInterface):
    def __init__(self, tokens: AccessTokensInterface, api_keys: ApiKeys) -> None:
        self._tokens = tokens
        self._api_keys = api_keys

    async def public_keys(self) -> Mapping[str, Any]:
        return {"keys": [dict(key) for key in await self._tokens.public_keys()]}

    async def api_key(self, key: str) -> Principal:
        try:
            return await self._api_keys.verify(key)
        except NotFoundError as error:
            raise UnauthenticatedError("The API key is not valid.") from error
