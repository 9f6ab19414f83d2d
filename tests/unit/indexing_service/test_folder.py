"""A folder as a source: what is found in it, and what is left alone."""

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flash_core.errors import InvalidInputError, UpstreamRejectedError
from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import Access, Check, Inventory
from indexing_service.providers.folder import FolderProvider, FolderSource
from indexing_service.services.decoding import MAX_BYTES

PROVIDER = FolderProvider()


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    (folder / "guides" / "deep").mkdir(parents=True)
    for name in ("index.md", "guides/a.markdown", "guides/deep/b.txt", "guides/c.rst", "guides/.hidden.md"):
        (folder / name).write_text(f"# {name}\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "x.md").write_text("x")
    return folder


async def listing_of(config: Mapping[str, object]) -> Inventory:
    return await FolderSource(config).list(lambda _: None)


async def check_of(config: Mapping[str, object]) -> Check:
    return await FolderSource(config).check()


async def validated(config: Mapping[str, object], **credentials: str) -> Access:
    return await PROVIDER.validated(Access(config, credentials))


async def names(folder: Path, **config: object) -> list[str]:
    listing = await listing_of({"path": str(folder), **config})
    return [item.external_id for item in listing.items if item.state is ItemState.PENDING]


async def test_documents_of_all_formats_are_found_and_hidden_files_are_not(pages: Path) -> None:
    (pages / "settings.yaml").write_text("x")
    (pages / "plan.pdf").write_text("x")
    assert await names(pages) == ["guides/a.markdown", "guides/c.rst", "guides/deep/b.txt", "index.md", "plan.pdf"]


async def test_patterns_choose(pages: Path) -> None:
    assert await names(pages, include=["guides/**"], exclude=["deep"]) == ["guides/a.markdown", "guides/c.rst"]
    assert await names(pages, exclude=["guides/"]) == ["index.md"]


@pytest.mark.parametrize("name", ["secrets.json", "id_ed25519", "server.env", "settings.yaml"])
async def test_no_pattern_reaches_keys_and_settings(pages: Path, name: str) -> None:
    (pages / name).write_text("secret")
    listing = await listing_of({"path": str(pages), "include": [name]})
    [item] = listing.items
    assert item.state is ItemState.WITHDRAWN
    assert "Only documents" in item.reason


async def test_links_lead_nowhere_outside(pages: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (pages / "out.md").symlink_to(tmp_path / "secret.md")
    (pages / "away").symlink_to(tmp_path)
    (pages / "inside.md").symlink_to(pages / "index.md")
    (pages / "guides" / "loop").symlink_to(pages)
    (pages / "broken.md").symlink_to(pages / "nothing.md")
    found = await names(pages)
    assert "inside.md" in found
    assert not {"out.md", "away/secret.md", "broken.md"} & set(found)
    assert len(found) == 5


async def test_a_linked_folder_itself_may_be_the_source(pages: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(pages)
    assert len(await names(tmp_path / "link")) == 4


async def test_what_is_too_large_or_has_an_odd_name_is_refused_with_a_reason(pages: Path) -> None:
    for name in ("huge.md", "large.pdf"):
        with (pages / name).open("wb") as file:
            file.truncate(MAX_BYTES + 1)
    (pages / os.fsdecode(b"caf\xe9.md")).write_text("x")
    (pages / os.fsdecode(b"caf\xe8.md")).write_text("x")
    deep = pages / Path(*["d" * 200] * 3)
    deep.mkdir(parents=True)
    (deep / "x.md").write_text("x")
    listing = await listing_of({"path": str(pages)})
    refused = {item.external_id: item.reason for item in listing.items if item.state is ItemState.WITHDRAWN}
    assert listing.complete
    assert len(refused) == 4
    assert "20 MB" in refused["huge.md"]
    odd = sorted(name for name in refused if name.startswith("caf"))
    assert ["UTF-8" in refused[name] for name in odd] == [True, True]
    assert [name.partition("~")[0] for name in odd] == ["caf\\xe8.md", "caf\\xe9.md"]
    assert [item.ordinal for item in listing.items] == list(range(len(listing.items)))


@pytest.fixture
def closed(pages: Path) -> Iterator[Path]:
    """A folder that nobody may look into."""
    folder = pages / "closed"
    folder.mkdir()
    folder.chmod(0)
    yield folder
    folder.chmod(0o700)


async def test_a_folder_that_can_not_be_read_makes_the_listing_incomplete(
    pages: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied")  # as for everyone who is not root
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = await listing_of({"path": str(pages)})
    assert not listing.complete
    [item] = [item for item in listing.items if item.state is ItemState.FAILED]
    assert (item.external_id, "Permission denied" in item.reason) == ("closed/", True)
    assert not (await check_of({"path": str(pages)})).ok


async def test_a_folder_that_is_gone_can_not_be_listed(tmp_path: Path) -> None:
    with pytest.raises(UpstreamRejectedError):
        await listing_of({"path": str(tmp_path / "gone")})
    assert not (await check_of({"path": str(tmp_path / "gone")})).ok


async def test_a_check_says_what_would_be_found(pages: Path) -> None:
    (pages / "empty.md").write_text("")
    result = await check_of({"path": str(pages)})
    assert (result.ok, result.found) == (True, {"documents": 5, "skipped": 0})


async def test_a_file_is_fetched_with_its_path_and_date(pages: Path) -> None:
    os.utime(pages / "guides" / "a.markdown", (0, 1_700_000_000))
    found = await FolderSource({"path": str(pages)}).fetch("guides/a.markdown")
    assert isinstance(found, SourceDocument)
    assert (found.path, found.format, found.content) == (("guides",), "markdown", b"# guides/a.markdown\n")
    assert found.modified_at == datetime.fromtimestamp(1_700_000_000, UTC)
    plain = await FolderSource({"path": str(pages)}).fetch("guides/deep/b.txt")
    assert isinstance(plain, SourceDocument)
    assert (plain.format, plain.path, plain.size) == ("text", ("guides", "deep"), 20)
    (pages / "x.html").write_text("<p>x</p>")
    html = await FolderSource({"path": str(pages)}).fetch("x.html")
    assert isinstance(html, SourceDocument)
    assert html.format == "html"


async def test_a_file_that_is_gone_or_can_not_be_read_says_why(pages: Path) -> None:
    gone = await FolderSource({"path": str(pages)}).fetch("gone.md")
    assert gone == Outcome(ItemState.WITHDRAWN, "It is not there any more.")
    folder = await FolderSource({"path": str(pages)}).fetch("guides")
    assert isinstance(folder, Outcome)
    assert folder.state is ItemState.SKIPPED


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "config.path"),
        ({"path": " "}, "config.path"),
        ({"path": 3}, "config.path"),
        ({"path": "a\x00b"}, "config.path"),
        ({"path": "relative/folder"}, "config.path"),
        ({"path": "/no/such/folder"}, "config.path"),
        ({"path": __file__}, "config.path"),
        ({"path": "/", "include": "*.md"}, "config.include"),
        ({"path": "/", "exclude": [3]}, "config.exclude"),
        ({"path": "/", "exclude": [""]}, "config.exclude"),
        ({"path": "/", "exclude": ["a\x00"]}, "config.exclude"),
        ({"path": "/", "branch": "main"}, "config.branch"),
    ],
)
async def test_a_wrong_configuration_is_refused_by_field(config: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await validated(config)
    assert [error.field for error in refused.value.errors] == [field]


async def test_a_configuration_is_kept_as_it_was_given(pages: Path) -> None:
    config = {"path": str(pages), "include": ["*.md"], "exclude": None}
    assert await validated(config) == Access({"path": str(pages), "include": ["*.md"]})


async def test_a_folder_takes_no_secrets(pages: Path) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await validated({"path": str(pages)}, token="x")
    assert [error.field for error in refused.value.errors] == ["credentials.token"]
