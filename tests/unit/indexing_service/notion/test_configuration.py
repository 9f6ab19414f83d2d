"""The configuration of a Notion source, field by field."""

import pytest

from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.errors import InvalidInputError
from indexing_service.interfaces.providers import Access
from indexing_service.providers.notion.configuration import Configuration, identifier
from indexing_service.providers.notion.provider import NotionProvider

PROVIDER = NotionProvider(OutgoingPolicy())
ID = "393abc1e-edcd-81d5-bf32-d1339d9031c2"
TOKEN = {"token": "ntn_secret"}


async def test_a_configuration_is_kept_as_it_was_given() -> None:
    config = {"pages": [ID], "data_sources": [], "api_version": "2026-03-11"}
    kept = await PROVIDER.validated(Access({**config, "api_url": None}, TOKEN))
    assert (kept.config, kept.credentials) == (config, TOKEN)
    assert await PROVIDER.validated(kept) == kept
    assert "secret" not in repr(kept)


def test_what_was_not_given_has_defaults() -> None:
    configuration = Configuration.of({})
    assert (configuration.api_url, configuration.api_version) == ("https://api.notion.com", "2025-09-03")
    assert configuration.chosen == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        ID,
        ID.replace("-", ""),
        ID.upper(),
        f"https://www.notion.so/team/How-to-start-{ID.replace('-', '')}?pvs=4#block",
        f"https://app.notion.com/p/{ID.replace('-', '')}/",
    ],
)
def test_an_id_is_found_in_whatever_people_copy(text: str) -> None:
    assert identifier(text) == ID


@pytest.mark.parametrize("text", ["", "Handbook", "https://www.notion.so/team", "g" * 32])
def test_where_there_is_no_id_none_is_made_up(text: str) -> None:
    assert identifier(text) == ""


@pytest.mark.parametrize(
    ("config", "credentials", "field"),
    [
        ({"pages": "x"}, TOKEN, "config.pages"),
        ({"pages": ["Handbook"]}, TOKEN, "config.pages"),
        ({"data_sources": [3]}, TOKEN, "config.data_sources"),
        ({"api_version": "2022-06-28"}, TOKEN, "config.api_version"),
        ({"api_version": "latest"}, TOKEN, "config.api_version"),
        ({"api_version": 3}, TOKEN, "config.api_version"),
        ({"api_url": "http://127.0.0.1/"}, TOKEN, "config.api_url"),
        ({"api_url": 3}, TOKEN, "config.api_url"),
        ({"database": ID}, TOKEN, "config.database"),
        ({}, {}, "credentials.token"),
        ({}, {"token": "two\nlines"}, "credentials.token"),
        ({}, {"token": "ntn_secret", "user": "x"}, "credentials.user"),
    ],
)
async def test_what_is_wrong_is_refused_by_field(
    config: dict[str, object], credentials: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await PROVIDER.validated(Access(config, credentials))
    assert [error.field for error in refused.value.errors] == [field]
    assert "ntn_secret" not in str(refused.value)
