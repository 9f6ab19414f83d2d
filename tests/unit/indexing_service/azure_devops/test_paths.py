import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing_service.providers.azure_devops import cursor
from indexing_service.providers.azure_devops.cursor import Cursor, Mark
from indexing_service.providers.azure_devops.paths import (
    file_of,
    folder_of,
    git_name,
    is_page_file,
    numbers_in,
    page_name,
    page_of,
    prefix,
    ranges,
    steps,
    title_in_url,
    within,
)

PAIRS = [
    ("/How to contribute", "/How-to-contribute"),
    ("/Guides/Set-up", "/Guides/Set%2Dup"),
    ('/Who? Why: <all> | "some" *', "/Who%3F-Why%3A-%3Call%3E-%7C-%22some%22-%2A"),
    ("/Städte/Über uns", "/Städte/Über-uns"),
    ("/100% done", "/100%-done"),
    ("/Release 2.0", "/Release-2.0"),
    ("/Onboarding%20f%C3%B6r", "/Onboarding%20f%C3%B6r"),
]
TITLES = st.text(st.characters(exclude_characters="/\\#%", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@pytest.mark.parametrize(("page", "file"), PAIRS)
def test_a_page_and_its_file_name_each_other(page: str, file: str) -> None:
    assert (git_name(page), page_name(file)) == (file, page)


@given(st.lists(TITLES, min_size=1, max_size=4))
def test_every_title_comes_back_from_its_file(titles: list[str]) -> None:
    page = "/" + "/".join(titles)
    assert page_name(git_name(page)) == page
    assert not re.search(r'[:<>*?|" ]', git_name(page))


def test_escapes_are_read_in_both_cases() -> None:
    assert page_name("/Set%2dup%3a") == "/Set-up:"


@pytest.mark.parametrize(
    ("file", "root", "page"),
    [
        ("/Home.md", "/", "/Home"),
        ("/A-b/C.md", "/", "/A b/C"),
        ("/docs/Home.md", "/docs", "/Home"),
        ("/docs/Home.md", "/docs/", "/Home"),
        ("/Home.md", "/docs", None),
        ("/docs-old/Home.md", "/docs", None),
        ("/.order", "/", None),
        ("/A/.order", "/", None),
        ("/.attachments/notes.md", "/", None),
        ("/A/.attachments/notes.md", "/", None),
        ("/image.png", "/", None),
        ("/.md", "/", None),
        ("/README.MD", "/", "/README"),
    ],
)
def test_files_are_pages_or_none_of_the_wikis(file: str, root: str, page: str | None) -> None:
    assert page_of(file, root) == page


def test_a_page_file_is_named_as_one() -> None:
    assert is_page_file("/A/B.md")
    assert not is_page_file("/A/B.mdx")


def test_a_folder_holds_the_pages_beneath_a_page() -> None:
    assert folder_of("/docs/How-to", "/docs") == "/How to"
    assert folder_of("/src", "/docs") is None


def test_a_page_of_a_code_wiki_is_written_in_its_folder() -> None:
    assert file_of("/How to/Set-up", "/docs") == "/docs/How-to/Set%2Dup.md"


def test_titles_lead_down_to_a_page() -> None:
    assert steps("/A/B c/D") == ["A", "B c", "D"]
    assert steps("/") == []


@pytest.mark.parametrize(
    ("page", "prefixes", "chosen"),
    [
        ("/A", [], True),
        ("/A", ["/A"], True),
        ("/A/B", ["/A"], True),
        ("/AB", ["/A"], False),
        ("/C", ["/A", "/C"], True),
        ("/C", ["/"], True),
    ],
)
def test_prefixes_choose_whole_steps(page: str, prefixes: list[str], chosen: bool) -> None:
    assert within(page, prefixes) is chosen


@pytest.mark.parametrize("written", ["Guides", "/Guides", "Guides/", " /Guides/ "])
def test_a_prefix_may_be_written_in_many_ways(written: str) -> None:
    assert prefix(written) == "/Guides"


def test_the_title_in_an_address_is_readable_and_safe() -> None:
    assert title_in_url("/A/Who? Über-uns & more") == "Who%253F-%C3%9Cber%252Duns-%26-more"


@given(st.sets(st.integers(0, 500)))
def test_ids_come_back_from_their_ranges(numbers: set[int]) -> None:
    assert set(numbers_in(ranges(numbers))) == numbers


def test_ids_that_follow_each_other_are_short() -> None:
    assert ranges([3, 1, 2, 7, 9, 10]) == "1-3,7,9-10"
    assert ranges(range(1, 100_001)) == "1-100000"


def test_a_cursor_comes_back_from_its_text() -> None:
    given_out = Cursor(("/A",), {"w": Mark("wikiMain", "c0ffee", frozenset({1, 2, 9}))})
    assert cursor.parsed(str(given_out)) == given_out


@pytest.mark.parametrize(
    "text",
    [
        "nobody",
        "[]",
        "{}",
        '{"paths":[],"wikis":[]}',
        '{"paths":[],"wikis":{"w":{}}}',
        '{"paths":[],"wikis":{"w":{"branch":"b","commit":"c","pages":"x"}}}',
        '{"paths":3,"wikis":{}}',
    ],
)
def test_a_cursor_that_was_never_given_out_is_none(text: str) -> None:
    assert cursor.parsed(text) is None
