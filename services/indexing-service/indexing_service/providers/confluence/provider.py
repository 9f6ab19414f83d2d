"""Confluence as a type of source: its configuration, field by field, and its connection."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from flash_core.clients.outgoing import OutgoingPolicy, open_outgoing
from flash_core.errors import FieldError, InvalidInputError, UpstreamRejectedError
from flash_core.interfaces.clock import ClockInterface
from flash_core.utils.clock import SystemClock
from indexing_service.interfaces.providers import Access, DocumentationProviderInterface, DocumentationSourceInterface
from indexing_service.providers.confluence.cloud import CloudSite
from indexing_service.providers.confluence.data_center import DataCenterSite
from indexing_service.providers.confluence.recent import Recent
from indexing_service.providers.confluence.restrictions import Readers, Restrictions
from indexing_service.providers.confluence.settings import Settings
from indexing_service.providers.confluence.source import ConfluenceSource
from indexing_service.providers.rest import RestClient

CLOUD: Final = "cloud"
DATA_CENTER: Final = "data_center"
_CLOUD_HOSTS: Final = (".atlassian.net", "api.atlassian.com")
_MOST: Final = 100
_MOST_MAPPED: Final = 1_000
_LONGEST: Final = 255
_LONGEST_URL: Final = 2_000
_KEY: Final = re.compile(r"~?[A-Za-z0-9_.:-]{1,255}")
_LABEL: Final = re.compile(r"[^\s\"\\]{1,255}")
_REMEMBERED_SECONDS: Final = 30.0
"""What stands above a page is not asked for again so soon; what changes there counts within a minute."""


class ConfluenceProvider(DocumentationProviderInterface):
    def __init__(self, outgoing: OutgoingPolicy, clock: ClockInterface | None = None) -> None:
        self._outgoing = outgoing
        self._clock = clock or SystemClock()

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset({"base_url"})

    async def validated(self, access: Access) -> Access:
        config = {name: value for name, value in access.config.items() if value is not None}
        errors = [FieldError(f"config.{name}", "There is no such setting.") for name in sorted(set(config) - _CONFIG)]
        address, problem = self._address(config.get("base_url"))
        errors += [FieldError("config.base_url", problem)] if problem else []
        config["deployment"] = deployment = config.get("deployment", _guessed(address, access.credentials))
        errors += [
            FieldError(f"config.{name}", says) for name, says in _RULES.items() if not _VALID[name](config.get(name))
        ]
        errors += _credential_errors(deployment, access.credentials)
        if errors:
            raise InvalidInputError(errors[0].message, errors)
        base_url = address.removesuffix("/wiki") if deployment == CLOUD else address
        return Access({**config, "base_url": base_url}, dict(access.credentials))

    @asynccontextmanager
    async def connect(self, access: Access) -> AsyncIterator[DocumentationSourceInterface]:
        base_url, credentials = str(access.config["base_url"]), access.credentials
        auth, headers = _sign_in(credentials)
        settings = Settings.of(access.config)
        async with open_outgoing(base_url, self._outgoing, auth=auth, headers=headers) as http:
            rest = RestClient(http)
            cloud = access.config["deployment"] == CLOUD
            site = CloudSite(rest, base_url, Recent(_REMEMBERED_SECONDS)) if cloud else DataCenterSite(rest, base_url)
            restrictions = Restrictions(site, Readers(settings.group_map), Recent(_REMEMBERED_SECONDS))
            yield ConfluenceSource(site, settings, restrictions, self._clock)

    def _address(self, url: object) -> tuple[str, str]:
        """Without a slash at the end, and what is wrong with it."""
        if not isinstance(url, str) or not url or len(url) > _LONGEST_URL:
            return "", "The address is needed, such as `https://acme.atlassian.net`."
        try:
            self._outgoing.permit(url)
        except UpstreamRejectedError as error:
            return "", str(error)
        return url.rstrip("/"), "The address has no `?` and no `#`." if "?" in url or "#" in url else ""


def _guessed(address: str, credentials: Mapping[str, str]) -> str:
    """By Atlassian's own addresses, elsewhere by what only one of them is signed in to with."""
    host = urlsplit(address).hostname or ""
    return CLOUD if host.endswith(_CLOUD_HOSTS) or {"email", "api_token"} & set(credentials) else DATA_CENTER


def _sign_in(credentials: Mapping[str, str]) -> tuple[httpx2.Auth | None, Mapping[str, str]]:
    headers = {"Accept": "application/json"}
    if "token" in credentials:
        return None, {**headers, "Authorization": f"Bearer {credentials['token']}"}
    name = credentials.get("email") or credentials.get("username") or ""
    return httpx2.BasicAuth(name, credentials.get("api_token") or credentials.get("password") or ""), headers


def _credential_errors(deployment: object, credentials: Mapping[str, str]) -> list[FieldError]:
    needed: tuple[str, ...]
    if deployment not in {CLOUD, DATA_CENTER}:
        return []
    if deployment == CLOUD:
        needed, says = ("email", "api_token"), "The account's e-mail address and an API token are needed for Cloud."
    else:
        needed = ("username", "password") if {"username", "password"} & set(credentials) else ("token",)
        says = "A personal access token is needed for Data Center, or a user name and a password."
    unknown = sorted(set(credentials) - set(needed))
    other = f"There is no such credential where `deployment` is `{deployment}`."
    return [
        FieldError(f"credentials.{name}", says) for name in needed if not _is_secret(name, credentials.get(name))
    ] + [FieldError(f"credentials.{name}", other) for name in unknown]


def _is_secret(name: str, value: object) -> bool:
    """A token goes into a header as it is."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        return False
    return name != "token" or value.isascii()


def _strings(pattern: "re.Pattern[str]") -> Callable[[object], bool]:
    def valid(value: object) -> bool:
        return value is None or (
            isinstance(value, list)
            and len(value) <= _MOST
            and all(isinstance(one, str) and pattern.fullmatch(one) for one in value)
        )

    return valid


def _is_group_map(value: object) -> bool:
    return value is None or (
        isinstance(value, dict)
        and len(value) <= _MOST_MAPPED
        and all(_is_name(name) and _is_name(group) for name, group in value.items())
    )


def _is_name(value: object) -> bool:
    """AskFlash's own marks for groups begin with a space, or are a star."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and value == value.strip() and value != "*"


_VALID: Final[Mapping[str, Callable[[Any], bool]]] = {
    "deployment": lambda value: value in {CLOUD, DATA_CENTER},
    "spaces": _strings(_KEY),
    "labels": _strings(_LABEL),
    "exclude_labels": _strings(_LABEL),
    "include_blogs": lambda value: value is None or isinstance(value, bool),
    "group_map": _is_group_map,
}
_RULES: Final[Mapping[str, str]] = {
    "deployment": f"`{CLOUD}` or `{DATA_CENTER}` is needed.",
    "spaces": f"A list of up to {_MOST} keys of spaces, such as `DEV`, is needed.",
    "labels": f"A list of up to {_MOST} labels is needed.",
    "exclude_labels": f"A list of up to {_MOST} labels is needed.",
    "include_blogs": "`true` or `false` is needed.",
    "group_map": "Groups of Confluence or e-mail addresses of its users are needed, each with a group of AskFlash.",
}
_CONFIG: Final = {"base_url", *_RULES}
