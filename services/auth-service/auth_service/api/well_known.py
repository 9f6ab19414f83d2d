"""For those who verify tokens: the public keys and the endpoints."""

from typing import Any

from fastapi import APIRouter, Response

from auth_service.api.dependencies import ContainerDep
from flash_core.schemas.auth import ISSUER

router = APIRouter(prefix="/.well-known", tags=["auth"])


@router.get("/jwks.json")
async def jwks(container: ContainerDep, response: Response) -> dict[str, Any]:
    """RFC 7517. A key is here long before it signs, so it may be remembered for some minutes."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return {"keys": await container.tokens.public_keys()}


@router.get("/openid-configuration")
async def openid_configuration(container: ContainerDep) -> dict[str, Any]:
    """RFC 8414's members for what is served here."""
    base = container.settings.public_url.rstrip("/")
    grants = ["refresh_token", "client_credentials"]
    return {
        "issuer": ISSUER,
        "token_endpoint": f"{base}/api/v1/auth/token",
        "userinfo_endpoint": f"{base}/api/v1/auth/me",
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "grant_types_supported": ["password", *grants] if container.settings.auth_password_grant else grants,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
    }
