"""The configuration of a Notion source, checked field by field."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flash_core.errors import FieldError, FlashError, InvalidInputError
from indexing_service.interfaces.providers import Access

_API_URL: Final = "https://api.notion.com"
_API_VERSION: Final = "2025-09-03"
"""The first one with data sources; later ones may be named, earlier ones not."""
_CONFIG: Final = {"pages", "data_sources", "api_version", "api_url"}
_MOST: Final = 500
_ID: Final = re.compile(r"[0-9a-f]{32}")
_VERSION: Final = re.compile(r"20\d\d-[01]\d-[0-3]\d")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,500}")


@dataclass(frozen=True, slots=True)
class Configuration:
    """`pages` and `data_sources`: what it is limited to, by ids; both empty: all that the integration may see."""

    pages: frozenset[str]
    data_sources: frozenset[str]
    api_version: str
    api_url: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Configuration":
        """Of what `checked` let pass."""
        return cls(
            pages=frozenset(map(identifier, config.get("pages") or ())),
            data_sources=frozenset(map(identifier, config.get("data_sources") or ())),
            api_version=config.get("api_version") or _API_VERSION,
            api_url=config.get("api_url") or _API_URL,
        )

    @property
    def chosen(self) -> frozenset[str]:
        return self.pages | self.data_sources


def identifier(text: str) -> str:
    """The id in an id or in a page's address, as Notion's answers have it; "" if there is none."""
    path = text.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0].rstrip("/").rpartition("/")[2].lower()
    digits = path.replace("-", "")[-32:]
    if not _ID.fullmatch(digits):
        return ""
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def checked(access: Access, permit: Callable[[str], None]) -> Access:
    """As it is stored; `permit` raises for an address that may not be reached. Raises `InvalidInputError`."""
    config = {name: value for name, value in access.config.items() if value is not None}
    errors = [FieldError(f"config.{name}", "There is no such setting.") for name in sorted(set(config) - _CONFIG)]
    for name in ("pages", "data_sources"):
        if not _is_ids(config.get(name, [])):
            detail = f"A list of up to {_MOST} ids or addresses of Notion is needed."
            errors.append(FieldError(f"config.{name}", detail))
    version = config.get("api_version", _API_VERSION)
    if not isinstance(version, str) or not _VERSION.fullmatch(version) or version < _API_VERSION:
        errors.append(FieldError("config.api_version", f"A version such as {_API_VERSION}, or a later one, is needed."))
    errors += _address_errors(config.get("api_url", _API_URL), permit)
    errors += _credential_errors(access.credentials)
    if errors:
        raise InvalidInputError(errors[0].message, errors)
    return Access(config, dict(access.credentials))


def _is_ids(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MOST
        and all(isinstance(one, str) and len(one) <= _MOST and identifier(one) for one in value)
    )


def _address_errors(url: object, permit: Callable[[str], None]) -> list[FieldError]:
    if not isinstance(url, str):
        return [FieldError("config.api_url", "An address is needed.")]
    try:
        permit(url)
    except FlashError as error:
        return [FieldError("config.api_url", str(error))]
    return []


def _credential_errors(credentials: Mapping[str, str]) -> list[FieldError]:
    unknown = sorted(set(credentials) - {"token"})
    errors = [FieldError(f"credentials.{name}", "There is no such credential.") for name in unknown]
    token = credentials.get("token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        errors.append(FieldError("credentials.token", "The integration's token is needed."))
    return errors
