"""How a Confluence is configured, and what a check says of it."""

from typing import Any

import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.errors import InvalidInputError
from indexing_service.interfaces.providers import Access
from indexing_service.providers.confluence.provider import ConfluenceProvider
from tests.servers.confluence_world import API_TOKEN, EMAIL, PASSWORD, PERSONAL_TOKEN, USER, Confluence
from tests.unit.indexing_service.confluence.world import PROVIDER_POLICY, access_to, connected, listed

CLOUD = "https://acme.atlassian.net"
SECRETS = {"email": EMAIL, "api_token": API_TOKEN}


async def validated(config: dict[str, Any], credentials: dict[str, str]) -> Access:
    return await ConfluenceProvider(OutgoingPolicy()).validated(Access(config, credentials))


async def refused(config: dict[str, Any], credentials: dict[str, str]) -> set[str]:
    with pytest.raises(InvalidInputError) as caught:
        await validated(config, credentials)
    return {error.field for error in caught.value.errors}


@pytest.mark.parametrize(
    ("given", "kept", "deployment"),
    [
        ("https://acme.atlassian.net", CLOUD, "cloud"),
        ("https://acme.atlassian.net/wiki/", CLOUD, "cloud"),
        (
            "https://api.atlassian.com/ex/confluence/11-22/wiki",
            "https://api.atlassian.com/ex/confluence/11-22",
            "cloud",
        ),
    ],
)
async def test_cloud_is_recognised_by_its_address(given: str, kept: str, deployment: str) -> None:
    config = (await validated({"base_url": given}, SECRETS)).config
    assert (config["base_url"], config["deployment"]) == (kept, deployment)


async def test_other_addresses_are_data_centers() -> None:
    config = (await validated({"base_url": "https://docs.acme.example/confluence/"}, {"token": "t"})).config
    assert config == {"base_url": "https://docs.acme.example/confluence", "deployment": "data_center"}


async def test_elsewhere_the_credentials_say_which_kind_it_is() -> None:
    config = (await validated({"base_url": "https://wiki.acme.example/wiki"}, SECRETS)).config
    assert config == {"base_url": "https://wiki.acme.example", "deployment": "cloud"}


async def test_credentials_of_the_other_kind_are_refused_with_the_setting_that_tells_them_apart() -> None:
    with pytest.raises(InvalidInputError) as caught:
        await validated({"base_url": "https://wiki.acme.example", "deployment": "data_center"}, SECRETS)
    assert {error.field for error in caught.value.errors} == {f"credentials.{name}" for name in (*SECRETS, "token")}
    assert all("deployment" in error.message or "Data Center" in error.message for error in caught.value.errors)


async def test_a_cloud_with_an_address_of_its_own_can_be_named() -> None:
    config = (await validated({"base_url": "https://wiki.acme.example", "deployment": "cloud"}, SECRETS)).config
    assert config["deployment"] == "cloud"


async def test_everything_can_be_set() -> None:
    config = {
        "base_url": CLOUD,
        "deployment": "cloud",
        "spaces": ["DEV", "~7120"],
        "labels": ["public"],
        "exclude_labels": [],
        "include_blogs": False,
        "group_map": {"leads": "managers", "eve@acme.example": "eve"},
    }
    assert (await validated(config, SECRETS)).config == config


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("base_url", None),
        ("base_url", 7),
        ("base_url", "http://acme.atlassian.net"),
        ("base_url", "https://10.0.0.1"),
        ("base_url", "https://user:secret@acme.atlassian.net"),
        ("base_url", f"{CLOUD}?x=1"),
        ("base_url", f"{CLOUD}/{'x' * 2_000}"),
        ("deployment", "server"),
        ("spaces", "DEV"),
        ("spaces", ['DEV") or type in ("comment']),
        ("spaces", ["A"] * 101),
        ("labels", [7]),
        ("exclude_labels", ['a"b']),
        ("include_blogs", "yes"),
        ("group_map", ["leads"]),
        ("group_map", {"leads": 7}),
        ("group_map", {"leads": " nobody"}),
        ("group_map", {"leads": "*"}),
        ("space", ["DEV"]),
    ],
)
async def test_wrong_settings_are_named(setting: str, value: object) -> None:
    config = {"base_url": CLOUD, "deployment": "cloud"} | {setting: value}
    assert await refused(config, SECRETS) == {f"config.{setting}"}


@pytest.mark.parametrize(
    ("url", "credentials", "wrong"),
    [
        (CLOUD, {}, {"email", "api_token"}),
        (CLOUD, {"token": "t"}, {"email", "api_token", "token"}),
        (CLOUD, {**SECRETS, "api_token": " "}, {"api_token"}),
        (CLOUD, {**SECRETS, "api_token": "a\nb"}, {"api_token"}),
        ("https://docs.acme.example", {}, {"token"}),
        ("https://docs.acme.example", {"token": "tökén"}, {"token"}),
        ("https://docs.acme.example", {"username": "u"}, {"password"}),
        ("https://docs.acme.example", {"username": "u", "password": "p", "token": "t"}, {"token"}),
    ],
)
async def test_wrong_credentials_are_named(url: str, credentials: dict[str, str], wrong: set[str]) -> None:
    assert await refused({"base_url": url}, credentials) == {f"credentials.{name}" for name in wrong}


async def test_a_check_names_spaces_and_counts(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face) as source:
        check = await source.check()
    assert (check.ok, check.found) == (True, {"spaces": 2, "documents": 4, "restricted": 0, "seen_by_nobody": 0})
    assert "DEV (Development), HR (People)" in check.detail


async def test_a_check_says_of_how_many_pages_nobody_is_told(confluence: Confluence, face: str) -> None:
    confluence.restrict("1003", groups=["leads"])
    confluence.restrict("1004", groups=["strangers"])
    async with connected(confluence, face, group_map={"leads": "managers"}) as source:
        check = await source.check()
    assert (check.ok, check.found["restricted"], check.found["seen_by_nobody"]) == (True, 2, 1)
    assert "group_map" in check.detail


async def test_a_check_of_many_spaces_names_some(confluence: Confluence, face: str) -> None:
    for number in range(20):
        confluence.space(f"S{number}", f"Space {number}")
    async with connected(confluence, face) as source:
        assert "and 12 others" in (await source.check()).detail


async def test_data_center_takes_a_name_and_a_password(confluence: Confluence) -> None:
    access = access_to(confluence, "data_center")
    provider = ConfluenceProvider(PROVIDER_POLICY)
    ready = await provider.validated(Access(access.config, {"username": USER, "password": PASSWORD}))
    async with provider.connect(ready) as source:
        assert (await source.check()).ok


async def test_a_wrong_secret_is_said_and_not_shown(confluence: Confluence, face: str) -> None:
    access = access_to(confluence, face)
    provider = ConfluenceProvider(PROVIDER_POLICY)
    wrong = {name: value if name == "email" else f"{value}-wrong" for name, value in access.credentials.items()}
    async with provider.connect(await provider.validated(Access(access.config, wrong))) as source:
        check = await source.check()
    assert not check.ok
    assert "credentials" in check.detail
    assert not any(secret in check.detail for secret in (API_TOKEN, PERSONAL_TOKEN))


async def test_a_missing_permission_is_said(confluence: Confluence, face: str) -> None:
    confluence.fail("user/current", 403)
    async with connected(confluence, face) as source:
        assert "right to read" in (await source.check()).detail


async def test_a_wrong_address_is_said(confluence: Confluence, face: str) -> None:
    confluence.fail("", 404, times=10)
    async with connected(confluence, face) as source:
        check = await source.check()
    assert (check.ok, "no Confluence of this kind" in check.detail) == (False, True)


async def test_an_account_that_nobody_tells_of_can_read_all_the_same(confluence: Confluence, face: str) -> None:
    confluence.fail("user/current", 404, times=10)
    async with connected(confluence, face) as source:
        assert (await source.check()).ok
        assert (await listed(source)).complete


async def test_a_space_that_is_not_seen_is_said(confluence: Confluence, face: str) -> None:
    async with connected(confluence, face, spaces=["HR", "OPS"]) as source:
        check = await source.check()
    assert (check.ok, "OPS" in check.detail, check.found["spaces"]) == (False, True, 1)


async def test_throttling_is_waited_for(confluence: Confluence, face: str) -> None:
    confluence.fail("user/current", 429, Retry_After="0")
    async with connected(confluence, face) as source:
        assert (await source.check()).ok
