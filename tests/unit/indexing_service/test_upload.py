"""A source that only waits for what is handed in."""

import pytest

from flash_core.errors import InvalidInputError
from indexing_service.interfaces import ItemState, Listing, Outcome
from indexing_service.providers.upload import UploadProvider

PROVIDER = UploadProvider()


async def test_there_is_nothing_to_set_and_nothing_to_look_at() -> None:
    assert await PROVIDER.validated({}) == {}
    with pytest.raises(InvalidInputError):
        await PROVIDER.validated({"path": "/"})
    assert (await PROVIDER.check({})).ok
    assert await PROVIDER.list({}) == Listing([], complete=False)
    fetched = await PROVIDER.fetch({}, "x")
    assert isinstance(fetched, Outcome)
    assert fetched.state is ItemState.SKIPPED
