"""A source that only waits for what is handed in."""

import pytest

from flash_core.errors import InvalidInputError
from indexing_service.interfaces import ItemState, Outcome
from indexing_service.interfaces.providers import Access, Inventory
from indexing_service.providers.upload import UploadProvider

PROVIDER = UploadProvider()


async def test_there_is_nothing_to_set_and_nothing_to_look_at() -> None:
    assert await PROVIDER.validated(Access({})) == Access({})
    async with PROVIDER.connect(Access({})) as source:
        assert (await source.check()).ok
        assert await source.list(lambda _: None) == Inventory([], complete=False)
        fetched = await source.fetch("x")
    assert isinstance(fetched, Outcome)
    assert fetched.state is ItemState.SKIPPED


async def test_settings_and_secrets_are_refused_by_name() -> None:
    with pytest.raises(InvalidInputError) as refused:
        await PROVIDER.validated(Access({"path": "/"}, {"token": "x"}))
    assert [error.field for error in refused.value.errors] == ["config.path", "credentials.token"]
