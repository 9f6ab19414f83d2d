"""Every type of source lists and fetches by the same rules."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from indexing_service.interfaces import ItemState, Outcome, SourceDocument, SourceProviderInterface
from indexing_service.providers.folder import FolderProvider
from indexing_service.providers.upload import UploadProvider
from tests.unit.indexing_service.fakes import FakeProvider
from tests.unit.indexing_service.world import page


@dataclass(frozen=True)
class Example:
    """A source that holds `names`, under this configuration."""

    provider: SourceProviderInterface
    config: dict[str, Any]
    names: list[str]


def folder(home: Path) -> Example:
    for name in ("b.md", "a/x.md"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text("Text.")
    return Example(FolderProvider(), {"path": str(home)}, ["a/x.md", "b.md"])


def fake(_: Path) -> Example:
    return Example(FakeProvider({"a": page("a"), "b": page("b")}), {}, ["a", "b"])


def upload(_: Path) -> Example:
    return Example(UploadProvider(), {}, [])


@pytest.fixture(params=[folder, upload, fake], ids=lambda make: make.__name__)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Example:
    make: Callable[[Path], Example] = request.param
    return make(tmp_path)


async def test_a_valid_configuration_stays_as_it_is(example: Example) -> None:
    once = await example.provider.validated(example.config)
    assert await example.provider.validated(once) == once == example.config


async def test_a_source_that_can_be_read_is_fine(example: Example) -> None:
    assert (await example.provider.check(example.config)).ok


async def test_a_listing_names_each_document_once_with_its_own_ordinal(example: Example) -> None:
    listing = await example.provider.list(example.config)
    assert [item.external_id for item in listing.items] == example.names
    assert len({item.ordinal for item in listing.items}) == len(example.names)
    assert listing == await example.provider.list(example.config)


async def test_what_is_listed_can_be_fetched(example: Example) -> None:
    for name in example.names:
        fetched = await example.provider.fetch(example.config, name)
        assert isinstance(fetched, SourceDocument)
        assert (fetched.external_id, fetched.size > 0) == (name, True)


async def test_what_is_not_there_says_so(example: Example) -> None:
    missing = await example.provider.fetch(example.config, "missing.md")
    assert isinstance(missing, Outcome)
    assert missing.state in {ItemState.WITHDRAWN, ItemState.SKIPPED}
    assert missing.reason
