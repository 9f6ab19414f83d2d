"""What a source of Azure DevOps wikis may be told, checked field by field."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from flash_core.errors import FieldError, InvalidInputError
from indexing_service.interfaces.providers import Access
from indexing_service.providers.azure_devops.paths import prefix

API_VERSION: Final = "7.1"
AUTHORITY: Final = "https://login.microsoftonline.com"
_CLOUD: Final = "dev.azure.com"
_ENTRA: Final = ("tenant_id", "client_id", "client_secret")
_MAX_TEXT: Final = 500
_MAX_SECRET: Final = 4_000
_MAX_LIST: Final = 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_VERSION = re.compile(r"[67]\.[0-9]")
_DIRECTORY_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,200}")
_VISIBLE = re.compile(r"[!-~]+")

Reachable = Callable[[str], str]
"""Why requests may not go to this address, "" if they may."""


def checked(access: Access, reachable: Reachable) -> Access:
    """As it is stored. Raises `InvalidInputError`, which names each field that is wrong."""
    config = {name: value for name, value in access.config.items() if value is not None}
    errors = [*_config_errors(config, reachable), *_credential_errors(access.credentials)]
    if "authority" in config and "pat" in access.credentials:
        errors.append(FieldError("config.authority", "It belongs to tenant_id, client_id and client_secret."))
    if errors:
        raise InvalidInputError(errors[0].message, errors)
    config["organization_url"] = config["organization_url"].rstrip("/")
    if "paths" in config:
        config["paths"] = [prefix(path) for path in config["paths"]]
    return Access(config, dict(access.credentials))


def _config_errors(config: Mapping[str, Any], reachable: Reachable) -> Iterator[FieldError]:
    for name in sorted(set(config) - set(_PROBLEMS) - {"organization_url", "authority"}):
        yield FieldError(f"config.{name}", "There is no such setting.")
    for name, problem in _PROBLEMS.items():
        if name in config or name == "project":
            yield from _found(f"config.{name}", problem(config.get(name)))
    address = config.get("organization_url")
    yield from _found("config.organization_url", _organization_problem(address) or reachable(str(address)))
    if "authority" in config:
        authority = config["authority"]
        yield from _found("config.authority", _authority_problem(authority) or reachable(str(authority)))


def _found(field: str, problem: str) -> Iterator[FieldError]:
    if problem:
        yield FieldError(field, problem)


def _organization_problem(address: object) -> str:
    problem = _address_problem(address)
    if problem:
        return problem
    parts = urlsplit(str(address))
    steps = parts.path.strip("/")
    if parts.hostname == _CLOUD and (not steps or "/" in steps):
        return f"The address of the organisation alone is needed, such as `https://{_CLOUD}/acme`."
    return ""


def _authority_problem(address: object) -> str:
    problem = _address_problem(address)
    if problem:
        return problem
    return "It has no path: the tenant is a credential." if urlsplit(str(address)).path.strip("/") else ""


def _address_problem(address: object) -> str:
    if not _is_text(address) or " " in str(address):
        return "An address is needed, such as `https://dev.azure.com/acme`."
    try:
        parts = urlsplit(str(address))
        _ = parts.port
    except ValueError:
        return "This is not an address."
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "An address that begins with https:// is needed."
    if parts.username is not None or parts.password is not None:
        return "An address holds no name and no password: they are credentials."
    return "The address has no `?` and no `#`." if parts.query or parts.fragment else ""


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _MAX_TEXT and not _CONTROL.search(value)


def _project_problem(project: object) -> str:
    named = _is_text(project) and not any(sign in str(project) for sign in "/\\")
    return "" if named else "The name or the id of a project is needed."


def _text_problem(text: object) -> str:
    return "" if _is_text(text) else "A text of one line is needed."


def _list_problem(values: object) -> str:
    if isinstance(values, list) and len(values) <= _MAX_LIST and all(map(_is_text, values)):
        return ""
    return f"A list of up to {_MAX_LIST} names is needed."


def _version_problem(version: object) -> str:
    if isinstance(version, str) and _VERSION.fullmatch(version):
        return ""
    return "A version such as 7.1 is needed: 7.0 for Server 2022, 6.0 for Server 2020."


_PROBLEMS: Final[Mapping[str, Callable[[object], str]]] = {
    "project": _project_problem,
    "wikis": _list_problem,
    "branch": _text_problem,
    "paths": _list_problem,
    "api_version": _version_problem,
}


def _credential_errors(credentials: Mapping[str, str]) -> Iterator[FieldError]:
    for name in sorted(set(credentials) - {"pat", *_ENTRA}):
        yield FieldError(f"credentials.{name}", "There is no such credential.")
    application = [name for name in _ENTRA if name in credentials]
    if "pat" in credentials and application:
        yield FieldError("credentials.pat", "Either a personal access token is needed, or an application; not both.")
    elif not application:
        yield from _found("credentials.pat", _secret_problem(credentials.get("pat")))
    else:
        yield from _application_errors(credentials)


def _application_errors(credentials: Mapping[str, str]) -> Iterator[FieldError]:
    for name in ("tenant_id", "client_id"):
        value = credentials.get(name)
        if not isinstance(value, str) or not _DIRECTORY_NAME.fullmatch(value):
            yield FieldError(f"credentials.{name}", "The id is needed, as Entra shows it.")
    yield from _found("credentials.client_secret", _secret_problem(credentials.get("client_secret")))


def _secret_problem(value: object) -> str:
    if isinstance(value, str) and len(value) <= _MAX_SECRET and _VISIBLE.fullmatch(value):
        return ""
    return "A secret of one line, without spaces, is needed."
