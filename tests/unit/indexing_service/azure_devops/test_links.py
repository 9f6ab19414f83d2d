from urllib.parse import parse_qs, urlsplit

import pytest

from indexing_service.providers.azure_devops.links import WikiLinks
from indexing_service.providers.azure_devops.wiki import Wiki

PROJECT = "https://dev.azure.com/acme/Hand%20Book"
PAGES = {"/Home": 1, "/How to": 2, "/How to/Set-up": 3, "/How to/Run it": 4, "/Node.js": 5}
ABOUT = f"{PROJECT}/_wiki/wikis/w1"


def links(root: str = "/") -> WikiLinks:
    return WikiLinks(PROJECT, Wiki("w1", "Hand Book.wiki", "repo1", root, "wikiMain", ("wikiMain",)), PAGES)


def test_a_permalink_holds_the_pages_id() -> None:
    assert links().permalink(3, "/How to/Set-up") == f"{ABOUT}/3/Set%252Dup"


@pytest.mark.parametrize(
    ("written", "page", "address"),
    [
        ("/Home", "/How to", f"{ABOUT}/1/Home"),
        ("/Home.md", "/How to", f"{ABOUT}/1/Home"),
        ("/How-to/Set%2Dup", "/Home", f"{ABOUT}/3/Set%252Dup"),
        ("/How%20to/Set-up", "/Home", f"{ABOUT}/3/Set%252Dup"),
        ("/How-to/Set%252Dup", "/Home", f"{ABOUT}/3/Set%252Dup"),
        ("./Run-it", "/How to/Set-up", f"{ABOUT}/4/Run-it"),
        ("Run-it.md", "/How to/Set-up", f"{ABOUT}/4/Run-it"),
        ("../Home", "/How to/Set-up", f"{ABOUT}/1/Home"),
        ("../../../Home", "/How to/Set-up", f"{ABOUT}/1/Home"),
        ("How-to/Run-it", "/Home", f"{ABOUT}/4/Run-it"),
        ("/Home#first-steps", "/How to", f"{ABOUT}/1/Home?anchor=first-steps"),
        ("/Home?x=1", "/How to", f"{ABOUT}/1/Home"),
        ("/Node.js", "/Home", f"{ABOUT}/5/Node.js"),
        ("/Nowhere-yet", "/Home", f"{ABOUT}?pagePath=%2FNowhere+yet"),
    ],
)
def test_links_to_pages_become_permalinks(written: str, page: str, address: str) -> None:
    assert links().target(written, page) == address


@pytest.mark.parametrize(
    ("written", "page", "root", "path"),
    [
        ("/.attachments/map%20a.png", "/Home", "/", "/.attachments/map a.png"),
        ("../.attachments/map.png", "/How to/Set-up", "/", "/.attachments/map.png"),
        ("images/map.png", "/How to/Set-up", "/docs", "/docs/How-to/images/map.png"),
    ],
)
def test_files_are_read_out_of_the_repository(written: str, page: str, root: str, path: str) -> None:
    address = urlsplit(links(root).target(written, page))
    assert address.path == "/acme/Hand%20Book/_apis/git/repositories/repo1/items"
    assert parse_qs(address.query)["path"] == [path]
    assert parse_qs(address.query)["versionDescriptor.version"] == ["wikiMain"]


@pytest.mark.parametrize(
    "written",
    ["https://example.com/a", "mailto:a@b.example", "//cdn.example/x.png", "#top", "?x=1", "", "/_workitems/edit/12"],
)
def test_what_is_none_of_the_wikis_stays(written: str) -> None:
    assert links().target(written, "/Home") == written
