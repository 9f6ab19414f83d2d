from typing import Any

import pytest

from flash_core.errors import InvalidInputError
from indexing_service.interfaces.providers import Access
from indexing_service.providers.azure_devops.provider import AzureDevOpsWikiProvider
from indexing_service.providers.azure_devops.settings import checked

CONFIG: dict[str, Any] = {"organization_url": "https://dev.azure.com/acme", "project": "Hand Book"}
PAT = {"pat": "s3cret"}
ENTRA = {"tenant_id": "contoso.example", "client_id": "c1", "client_secret": "s3cret~value"}


def anywhere(_: str) -> str:
    return ""


def wrong(config: dict[str, Any], credentials: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        checked(Access(config, credentials), anywhere)
    assert all(error.message for error in caught.value.errors)
    assert "s3cret" not in f"{caught.value} {caught.value.errors}"
    return [error.field for error in caught.value.errors]


@pytest.mark.parametrize(
    "address",
    [
        "https://dev.azure.com/acme",
        "https://dev.azure.com/acme/",
        "https://acme.visualstudio.com",
        "https://tfs.example/tfs/DefaultCollection",
        "http://tfs:8080/tfs/DefaultCollection",
    ],
)
def test_an_organisation_is_in_the_cloud_or_on_a_server(address: str) -> None:
    stored = checked(Access(CONFIG | {"organization_url": address}, PAT), anywhere)
    assert stored.config["organization_url"] == address.rstrip("/")


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        7,
        "acme",
        "ftp://dev.azure.com/acme",
        "https://dev.azure.com",
        "https://dev.azure.com/acme/Project",
        "https://me:s3cret@dev.azure.com/acme",
        "https://dev.azure.com/acme?x=1",
        "https://dev.azure.com/ac me",
        "https://dev.azure.com:port/acme",
        "https://[broken/acme",
        "https:///acme",
        "https://dev.azure.com/acme\n",
    ],
)
def test_what_is_no_organisation_is_refused(address: object) -> None:
    assert wrong(CONFIG | {"organization_url": address}, PAT) == ["config.organization_url"]


def test_an_address_that_may_not_be_reached_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        checked(Access(CONFIG | {"authority": "https://a.example"}, ENTRA), lambda url: f"not {url}")
    assert [(error.field, error.message) for error in caught.value.errors] == [
        ("config.organization_url", "not https://dev.azure.com/acme"),
        ("config.authority", "not https://a.example"),
    ]


def test_all_settings_are_kept_and_prefixes_become_paths() -> None:
    config = CONFIG | {
        "wikis": ["Hand Book.wiki"],
        "branch": "main",
        "paths": ["Guides/", "/Runbooks"],
        "api_version": "6.0",
        "authority": "https://login.microsoftonline.us",
    }
    stored = checked(Access(config, ENTRA), anywhere)
    assert stored.config == config | {"paths": ["/Guides", "/Runbooks"]}
    assert stored.credentials == ENTRA
    assert checked(stored, anywhere) == stored


def test_settings_that_were_left_empty_are_not_kept() -> None:
    assert checked(Access(CONFIG | {"branch": None}, PAT), anywhere).config == CONFIG


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("project", None),
        ("project", "  "),
        ("project", "a/b"),
        ("wikis", "one"),
        ("wikis", [1]),
        ("wikis", ["x"] * 101),
        ("branch", ""),
        ("branch", "a\nb"),
        ("paths", ["a" * 501]),
        ("api_version", "8.0"),
        ("api_version", 7.1),
        ("secret", "x"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: object) -> None:
    assert wrong(CONFIG | {name: value}, PAT) == [f"config.{name}"]


@pytest.mark.parametrize("authority", ["https://login.example/tenant", "login.example", 3])
def test_an_authority_is_an_address_alone(authority: object) -> None:
    assert wrong(CONFIG | {"authority": authority}, ENTRA) == ["config.authority"]


def test_an_authority_goes_with_an_application() -> None:
    assert wrong(CONFIG | {"authority": "https://login.example"}, PAT) == ["config.authority"]


@pytest.mark.parametrize(
    ("credentials", "fields"),
    [
        ({}, ["pat"]),
        ({"pat": ""}, ["pat"]),
        ({"pat": "s3cret value"}, ["pat"]),
        ({"pat": "s3crét"}, ["pat"]),
        (PAT | {"password": "s3cret"}, ["password"]),
        (PAT | ENTRA, ["pat"]),
        ({"tenant_id": "contoso"}, ["client_id", "client_secret"]),
        (ENTRA | {"tenant_id": "../x"}, ["tenant_id"]),
        (ENTRA | {"client_secret": ""}, ["client_secret"]),
    ],
)
def test_credentials_are_one_whole_kind(credentials: dict[str, str], fields: list[str]) -> None:
    assert wrong(CONFIG, credentials) == [f"credentials.{name}" for name in fields]


async def test_an_address_without_tls_must_be_allowed(provider: AzureDevOpsWikiProvider) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await provider.validated(Access(CONFIG | {"organization_url": "http://tfs.example/tfs/Docs"}, PAT))
    assert [error.field for error in caught.value.errors] == ["config.organization_url"]
    stored = await provider.validated(Access(CONFIG | {"organization_url": "http://127.0.0.1:8080/tfs/Docs"}, PAT))
    assert stored.credentials == PAT
