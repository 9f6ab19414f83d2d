"""Why a proof is refused, where the token endpoint tells the reasons apart (RFC 6749 § 5.2)."""

from flash_core.errors import BadRequestError, UnauthenticatedError


class CredentialsRefusedError(UnauthenticatedError):
    """`invalid_grant`: a wrong name, a wrong password or a disabled account; which one stays unsaid."""


class RefreshRefusedError(UnauthenticatedError):
    """`invalid_grant`: a refresh token that is unknown, expired or was used before."""


class ClientRefusedError(UnauthenticatedError):
    """`invalid_client`: a wrong client id or secret."""


class GrantUnsupportedError(BadRequestError):
    """`unsupported_grant_type`: not served, or switched off."""
