"""Bytes become text, and text gets its title."""

import pytest

from flash_core.errors import FlashError, InvalidInputError, TooLargeError, UnsupportedMediaError
from flash_core.utils.plain import plain_text
from indexing_service.services.decoding import MAX_BYTES, decoded, normalised
from indexing_service.services.parsing import MAX_HTML, ParsedDocument, parsed, readable_name
from tests.unit.indexing_service.world import page


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Größe".encode(), "Größe"),
        ("\ufeffGröße".encode(), "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        ("\ufeffGröße".encode("utf-16-be"), "Größe"),
        ("\ufeffGröße".encode("utf-32-le"), "Größe"),
        ("Größe".encode("latin-1"), "Größe"),
        ("“Größe”".encode("cp1252"), "“Größe”"),
        (b"caf\xe9 \x81", "caf\xe9 \x81"),
        (b"a\r\nb\rc", "a\nb\nc"),
        (b"broken utf-16" and b"\xff\xfea\x00b", "a\ufffd"),
    ],
)
def test_text_is_read_whatever_wrote_it(data: bytes, text: str) -> None:
    assert decoded(data) == text


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", InvalidInputError),
        (b" \n\t", InvalidInputError),
        ("\ufeff ".encode(), InvalidInputError),
        (b"a\x00b", UnsupportedMediaError),
        (b"%PDF-1.7 text", UnsupportedMediaError),
        (b"PK\x03\x04docx", UnsupportedMediaError),
        (bytes(range(1, 32)) * 3, UnsupportedMediaError),
        (b"x" * (MAX_BYTES + 1), TooLargeError),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, error: type[FlashError]) -> None:
    with pytest.raises(error):
        decoded(data)


def test_nothing_stays_that_a_database_can_not_hold() -> None:
    assert normalised("a\x00b\ud800") == "a\ufffdb?"


def md(content: str, **about: object) -> ParsedDocument:
    return parsed(page("guides/how-to_set-up.md", content, **about))


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        ("---\ntitle: Leave\n---\n\nText", "Leave", "Text"),
        ("---\ntitle: 2024\nlayout: x\n...\nText", "2024", "Text"),
        ("---\ntitle: 'Quoted'\n---\n# H\n", "Quoted", "# H\n"),
        ("---\ntitle: Really: no quotes\n---\nText", "Really: no quotes", "Text"),
        ("---\nlayout: a: b\n---\n# H\n", "H", "# H\n"),
        ("---\ntitle: [a, b]\n---\n# H\n", "H", "# H\n"),
        ("---\n\nA rule above and below\n\n---\n\nText", "How to set up", None),
        ("---\n- a list\n---\nText", "How to set up", None),
        ("---\n%: @bad\n---\nText", "How to set up", None),
        ("---\n\n---\nText", "How to set up", None),
        ("---\ntitle: x\n" + "y: z\n" * 20_000 + "---\nText", "How to set up", None),
        ("Text\n\n# The *first* `heading` #\n", "The first heading", None),
        ("The title\n=========\n", "The title", None),
        ("===\n\nText", "How to set up", None),
        ("```\n# code\n```\n\n## Second level\n", "How to set up", None),
        ("~~~~\n# code\n```\n~~~~\n# Real\n", "Real", None),
        ("No heading", "How to set up", None),
    ],
)
def test_the_title_is_the_authors(content: str, title: str, text: str | None) -> None:
    found = md(content)
    assert (found.title, found.text, found.markdown) == (title, content if text is None else text, True)


def test_a_title_that_was_given_wins() -> None:
    assert md("---\ntitle: Other\n---\n# H\n", title=" My\n title ").title == "My title"
    assert len(md("x", title="y" * 900).title) == 500


def test_front_matter_alone_is_an_empty_document() -> None:
    with pytest.raises(InvalidInputError):
        md("---\nredirect: /other\n---\n")


def test_plain_text_is_taken_as_it_is() -> None:
    found = parsed(page("notes.txt", b"# not a heading", format="text"))
    assert (found.title, found.text, found.markdown) == ("Notes", "# not a heading", False)


def test_html_becomes_markdown() -> None:
    html = (
        "<html><head><title>Leave &amp; rest</title><style>p {}</style></head><body><h1>Leave</h1>"
        "<script>alert(1)</script><p>You <b>have</b> <a href='/x'>days</a>.</p>"
        "<table><tr><th>A</th></tr><tr><td>1</td></tr></table></body></html>"
    )
    found = parsed(page("leave.html", html, format="html"))
    assert found.title == "Leave & rest"
    assert found.text.startswith("# Leave\n\nYou **have** [days](/x).")
    assert "| A |" in found.text
    assert "alert" not in found.text
    assert parsed(page("x.html", "<p>Text</p>", format="html")).title == "X"
    with pytest.raises(InvalidInputError):
        parsed(page("x.html", "<p></p>", format="html"))
    with pytest.raises(TooLargeError):
        parsed(page("x.html", "x" * (MAX_HTML + 1), format="html"))


@pytest.mark.parametrize(
    ("name", "words"), [("a/b/how-to_do.it.md", "How to do.it"), ("README", "README"), ("---", "---")]
)
def test_a_name_is_made_readable(name: str, words: str) -> None:
    assert readable_name(name) == words


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("## A *heading*", "A heading"),
        ('See [the page](https://x.y/z_(1) "T") and ![a fox](fox.png).', "See the page and a fox."),
        ("[text][ref]\n\n[ref]: http://x.y", "text\nref"),
        ("| A | B |\n|---|:-:|\n| 1 | 2 |", "A B\n1 2"),
        ("- one\n- **two** and snake_case_name", "one\ntwo and snake_case_name"),
        ("```python\nx = a * b\n```", "x = a * b"),
        ("<b>bold</b> a < b <!-- hidden\nwords --> end", "bold a < b end"),
        ("> quoted `code`", "quoted code"),
    ],
)
def test_plain_words_are_what_a_reader_sees(markdown: str, plain: str) -> None:
    assert plain_text(markdown) == plain
