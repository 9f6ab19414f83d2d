"""The configuration of a repository, checked field by field."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from flash_core.errors import FieldError, InvalidInputError
from indexing_service.interfaces.providers import Access
from indexing_service.providers.git import links
from indexing_service.services.files import DEFAULT_INCLUDE, pattern_errors

_CONFIG: Final = {"url", "branch", "subfolder", "include", "exclude", "web_url", "azure_wiki"}
_CREDENTIALS: Final = {"username", "token"}
_MAX: Final = 2_000
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f]")
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_HOST: Final = re.compile(r"([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:.]+\])(:\d+)?")
"""What can be read in one way only: the address is checked here, and connected to by another program."""
_BAD_BRANCH: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[/.-]|/\.|[/.]$|\.lock(/|$)")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where a repository is, and which of its files are documents."""

    url: str
    branch: str | None
    subfolder: str
    include: Sequence[str]
    exclude: Sequence[str]
    web_url: str | None
    azure_wiki: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Configuration":
        """Of what `checked` let pass."""
        wiki = bool(config.get("azure_wiki"))
        return cls(
            url=config["url"],
            branch=config.get("branch"),
            subfolder=str(config.get("subfolder") or "").strip("/"),
            include=config.get("include") or DEFAULT_INCLUDE,
            exclude=config.get("exclude") or (),
            web_url=config.get("web_url") or links.guessed(config["url"], wiki=wiki),
            azure_wiki=wiki,
        )

    @property
    def is_folder(self) -> bool:
        return is_folder(self.url)


def is_folder(url: str) -> bool:
    return url.startswith(("/", "file://"))


def folder_of(url: str) -> str:
    """The path on this machine that it names."""
    return unquote(urlsplit(url).path) if url.startswith("file://") else url


def checked(access: Access, url_problem: Callable[[str], str]) -> Access:
    """As it is stored; `url_problem` says why an address may not be reached. Raises `InvalidInputError`."""
    unknown_config = sorted(set(access.config) - _CONFIG)
    unknown_credentials = sorted(set(access.credentials) - _CREDENTIALS)
    errors = [FieldError(f"config.{name}", "There is no such setting.") for name in unknown_config]
    errors += [FieldError(f"credentials.{name}", "There is no such credential.") for name in unknown_credentials]
    config = {name: value for name, value in access.config.items() if value is not None}
    errors += _found("config.url", _url_problem(config.get("url"), url_problem))
    for name, problem in _PROBLEMS.items():
        if name in config:
            errors += _found(f"config.{name}", problem(config[name]))
    for name in ("include", "exclude"):
        if name in config:
            errors += pattern_errors(f"config.{name}", config[name])
    errors += _credential_errors(access.credentials)
    if errors:
        raise InvalidInputError(errors[0].message, errors)
    return Access(config, dict(access.credentials))


def _found(field: str, problem: str) -> list[FieldError]:
    return [FieldError(field, problem)] if problem else []


def _url_problem(url: object, reachable: Callable[[str], str]) -> str:
    if not isinstance(url, str) or not 0 < len(url) <= _MAX or _CONTROL.search(url):
        return "The address of a repository is needed, such as `https://example.com/team/docs.git`."
    return (not is_folder(url) and _address_problem(url)) or reachable(url)


def _address_problem(url: str) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "This is not an address."
    if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.path.strip("/"):
        return "Repositories are read by https://."
    if parts.username is not None or parts.password is not None:
        return "An address holds no name and no password: they are credentials."
    if not _HOST.fullmatch(parts.netloc):
        return "The host is needed in its plain form (`xn--…` for letters beyond ASCII), without a dot at its end."
    if parts.query or parts.fragment:
        return "The address that `git clone` takes has no `?` and no `#`."
    return ""


def _branch_problem(branch: object) -> str:
    if not isinstance(branch, str) or not 0 < len(branch) <= _MAX or _BAD_BRANCH.search(branch):
        return "This can't be the name of a branch."
    return ""


def _subfolder_problem(folder: object) -> str:
    if not isinstance(folder, str) or len(folder) > _MAX or "\x00" in folder:
        return "A folder of the repository, such as `docs`, is needed."
    if any(part in {".", ".."} for part in PurePosixPath(folder).parts) or "\n" in folder:
        return "A folder within the repository is needed."
    return ""


def _template_problem(template: object) -> str:
    if not isinstance(template, str) or len(template) > _MAX or not template.startswith(("https://", "http://")):
        return "An address such as `https://example.com/docs/{path}` is needed."
    unknown = [name for name in _PLACE.findall(template) if name not in links.PLACES]
    if unknown:
        return f"`{{{unknown[0]}}}` is not one of {', '.join(f'`{{{name}}}`' for name in links.PLACES)}."
    return ""


def _flag_problem(flag: object) -> str:
    return "" if isinstance(flag, bool) else "`true` or `false` is needed."


_PROBLEMS: Final[Mapping[str, Callable[[object], str]]] = {
    "branch": _branch_problem,
    "subfolder": _subfolder_problem,
    "web_url": _template_problem,
    "azure_wiki": _flag_problem,
}


def _credential_errors(credentials: Mapping[str, str]) -> list[FieldError]:
    errors = [
        FieldError(f"credentials.{name}", "A text of one line is needed.")
        for name in sorted(_CREDENTIALS & set(credentials))
        if not isinstance(credentials[name], str) or not credentials[name] or "\n" in credentials[name]
    ]
    if "username" in credentials and "token" not in credentials:
        errors.append(FieldError("credentials.token", "A token is needed with the name."))
    return errors
