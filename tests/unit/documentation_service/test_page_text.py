"""Links, headings and prose of a page, and the pages that links lead to."""

from dataclasses import replace
from uuid import uuid4

import pytest

from documentation_service.interfaces import LiveDocument
from documentation_service.services.page_links import PageIndex
from documentation_service.services.page_text import Link, Paragraph, link_share, links, paragraphs
from tests.unit.documentation_service.world import NOON

SOURCE = uuid4()


def page(external_id: str, title: str = "Page", *, url: str | None = None, path: tuple[str, ...] = ()) -> LiveDocument:
    return LiveDocument(uuid4(), SOURCE, external_id, "folder", title, path, url, frozenset(), "1.1", updated_at=NOON)


@pytest.mark.parametrize(
    ("markdown", "link"),
    [
        ("See [the **leave** policy](leave.md).", Link("the leave policy", "leave.md")),
        ('[Leave](<leave.md> "All of it")', Link("Leave", "leave.md")),
        ("[Leave](a_(b).md)", Link("Leave", "a_(b).md")),
        ("[Leave]({% page '/leave' %}#days)", Link("Leave", "/leave#days")),
        ("[Leave]({% link guides/leave.md %})", Link("Leave", "guides/leave.md")),
        ('[Leave]({{< ref "leave.md" >}})', Link("Leave", "leave.md")),
        ("[[Leave policy|leave]]", Link("leave", "Leave policy")),
        ("[[Leave policy]]", Link("Leave policy", "Leave policy")),
    ],
)
def test_a_link_has_words_and_an_address(markdown: str, link: Link) -> None:
    assert list(links(markdown)) == [link]


@pytest.mark.parametrize("markdown", ["![A picture](leave.png)", "[leave] (leave.md)", "[a]", "f[x](y"])
def test_pictures_and_brackets_are_no_links(markdown: str) -> None:
    assert list(links(markdown)) == []


@pytest.mark.parametrize(
    ("markdown", "share"),
    [
        ("- [Leave policy](leave.md)\n- [[Travel|travel]]", 1.0),
        ("Ask [the office]({% page '/office/of/operations' %}) first.", 0.5),
        ("No links.", 0.0),
        ("![A picture](leave.png)", 0.0),
        ("[–](leave.md)", 0.0),
        ("", 0.0),
    ],
)
def test_links_have_a_share_of_the_words(markdown: str, share: float) -> None:
    assert link_share(markdown) == pytest.approx(share)


def test_lines_that_were_broken_for_width_are_one() -> None:
    markdown = """# Leave {#leave}
Twenty-five days
of [vacation](x.md).

```
not (N) this
```
* First
  item
* Second | item
## Sick
| A | B |
| - | - |
| c | d |
"""
    assert list(paragraphs(markdown)) == [
        Paragraph("Leave", "Leave", is_heading=True),
        Paragraph("Twenty-five days of vacation.", "Leave", is_first=True),
        Paragraph("First item", "Leave"),
        Paragraph("Second item", "Leave"),
        Paragraph("Sick", "Sick", is_heading=True),
        Paragraph("A B", "Sick", is_first=True),
        Paragraph("c d", "Sick"),
    ]


def test_a_paragraph_without_end_is_cut() -> None:
    assert sum(len(one.text) for one in paragraphs("word " * 100_000 + "\n" + "more\n" * 100_000)) < 10_000


@pytest.mark.parametrize(
    "address",
    ["leave.md", "./leave", "../guides/leave.html", "/guides/leave/", "/leave", "Guides/Leave%20", "leave/index.md"],
)
def test_a_page_is_found_by_its_place(address: str) -> None:
    index, leave, start = PageIndex(), page("docs/guides/leave.md"), page("docs/guides/start.md")
    for one in (leave, start):
        index.add(one)
    assert index.target(start, address.strip("%20")) == leave.id


def test_a_page_is_found_by_its_address_and_as_wikis_do_by_its_title() -> None:
    index, start = PageIndex(), page("1")
    leave = page("2", "Leave policy", url="https://Wiki.example.org/x/leave?id=2", path=("HR",))
    for one in (start, leave):
        index.add(one)
    for address in ("https://wiki.example.org/x/leave/?id=2", "Leave policy", "HR/Leave-policy", "leave%20policy"):
        assert index.target(start, address) == leave.id
    assert index.target(start, "https://wiki.example.org/x/leave?id=3") is None


def test_what_may_be_several_pages_or_none_is_none() -> None:
    index, start = PageIndex(), page("start.md")
    for one in (start, page("a/leave.md"), page("b/leave.md")):
        index.add(one)
    elsewhere = replace(page("c/deploy.md"), source_id=uuid4())
    index.add(elsewhere)
    for address in ("leave.md", "start.md", "a/leave.md#days", "mailto:a@example.org", "deploy.md", "", "#top", "/"):
        assert index.target(start, address) is None
    assert index.target(start, "a/leave.md") is not None
