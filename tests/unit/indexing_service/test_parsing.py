"""Bytes become text, and text gets its title."""

import pytest

from flash_core.errors import FlashError, InvalidInputError, TooLargeError, UnsupportedMediaError
from flash_core.utils.plain import plain_text
from indexing_service.interfaces import DocumentFormat, SourceDocument
from indexing_service.interfaces.parsing import Converted, ParsedDocument, UnreadableError
from indexing_service.services.decoding import MAX_BYTES, decoded, normalised
from indexing_service.services.formats import MAX_FILE, SUFFIXES, format_named, is_text, largest
from indexing_service.services.parsing import DocumentParser, readable_name
from tests.unit.indexing_service.fake_converter import FakeConverter
from tests.unit.indexing_service.world import page


async def parsed(document: SourceDocument) -> ParsedDocument:
    return await DocumentParser(FakeConverter()).parsed(document)


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
        (
            "\u540d\u524d,\u5e74\u9f62,\u4f4f\u6240\n\u4f50\u85e4\u592a\u90ce,30,\u6771\u4eac\n".encode("cp932"),
            "\u540d\u524d,\u5e74\u9f62,\u4f4f\u6240\n\u4f50\u85e4\u592a\u90ce,30,\u6771\u4eac\n",
        ),
        ("Привет, мир, это текст\n".encode("cp1251") * 4_000, "Привет, мир, это текст\n" * 4_000),
        ('<meta charset="koi8-r"><p>мир'.encode("koi8-r"), '<meta charset="koi8-r"><p>мир'),
        ('<meta charset="no-such"><p>Größe'.encode("cp1252"), '<meta charset="no-such"><p>Größe'),
        ('<meta charset="utf-8"><p>Größe'.encode("cp1252"), '<meta charset="utf-8"><p>Größe'),
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
    assert normalised("Ku\u0308ndigung") == "K\u00fcndigung"


async def md(content: str, **about: object) -> ParsedDocument:
    return await parsed(page("guides/how-to_set-up.md", content, **about))


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
async def test_the_title_is_the_authors(content: str, title: str, text: str | None) -> None:
    found = await md(content)
    assert (found.title, found.text, found.markdown) == (title, content if text is None else text, True)


async def test_a_title_that_was_given_wins() -> None:
    assert (await md("---\ntitle: Other\n---\n# H\n", title=" My\n title ")).title == "My title"
    assert len((await md("x", title="y" * 900)).title) == 500


async def test_front_matter_alone_is_an_empty_document() -> None:
    with pytest.raises(InvalidInputError):
        await md("---\nredirect: /other\n---\n")


async def test_front_matter_does_not_grow() -> None:
    """Each alias twice in the next: forty lines stand for a million million values."""
    levels = "".join(f"a{at}: &a{at}\n  <<: [*a{at - 1}, *a{at - 1}]\n" for at in range(1, 40))
    found = await md(f"---\ntitle: Good\na0: &a0 {{x: 1}}\n{levels}---\n\nWords.")
    assert (found.title, found.text) == ("Good", "Words.")


async def test_plain_text_is_taken_as_it_is() -> None:
    found = await parsed(page("notes.txt", b"# not a heading", format="text"))
    assert (found.title, found.text, found.markdown) == ("Notes", "# not a heading", False)


async def test_other_formats_are_read_by_their_converter() -> None:
    found = await parsed(page("a/plan.pdf", b"words", format="pdf"))
    assert found == ParsedDocument("Plan", "pdf: words", markdown=True)
    html = await parsed(page("a.html", "Gr\u00f6\u00dfe".encode("cp1252"), format="html"))
    assert html.text == "html: Gr\u00f6\u00dfe"
    assert (await parsed(page("a.csv", "given as text", format="csv"))).text == "csv: given as text"
    assert (await parsed(page("a.eml", "given as text", format="mail"))).text == "mail: given as text"


@pytest.mark.parametrize(
    ("found", "title"),
    [
        ("Plan of 2026", "Plan of 2026"),
        ("Microsoft Word - plan.doc", "plan.doc"),
        ("(anonymous)", "A"),
        ("untitled", "A"),
        ("", "A"),
    ],
)
async def test_a_title_that_a_program_made_up_is_none(found: str, title: str) -> None:
    parser = DocumentParser(FakeConverter(titles={"pdf": found}))
    assert (await parser.parsed(page("a.pdf", b"words", format="pdf"))).title == title


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"", InvalidInputError), (b"x" * (MAX_FILE + 1), TooLargeError), (b"!", UnreadableError)],
)
async def test_what_gives_no_text_says_why(content: bytes, error: type[FlashError]) -> None:
    with pytest.raises(error):
        await parsed(page("a.pdf", content, format="pdf"))


@pytest.mark.parametrize("document_format", ["markdown", "text", "html"])
async def test_text_that_is_too_long_is_refused(document_format: DocumentFormat) -> None:
    with pytest.raises(TooLargeError, match="20 million characters"):
        await parsed(page("a.md", "x" * (MAX_BYTES + 1), format=document_format))


async def test_a_converter_that_finds_nothing_leaves_nothing() -> None:
    class Silent(FakeConverter):
        async def converted(self, document_format: DocumentFormat, data: bytes) -> Converted:
            return Converted("", " \n")

    with pytest.raises(InvalidInputError):
        await DocumentParser(Silent()).parsed(page("a.pdf", b"x", format="pdf"))


async def test_an_oddity_is_the_documents_own_failure() -> None:
    class Odd(FakeConverter):
        async def converted(self, document_format: DocumentFormat, data: bytes) -> Converted:
            raise ZeroDivisionError

    with pytest.raises(UnreadableError, match="ZeroDivisionError"):
        await DocumentParser(Odd()).parsed(page("a.pdf", b"x", format="pdf"))


def test_a_format_is_known_by_its_suffix_else_by_its_media_type() -> None:
    assert format_named("a/B.PDF", "text/plain") == "pdf"
    assert format_named("a.exe", "text/plain") is None
    assert format_named("README", "text/plain; charset=utf-8") == "text"
    assert format_named("README") is None
    assert (is_text("csv"), is_text("mail"), largest("rst"), largest("pdf")) == (True, False, MAX_BYTES, MAX_FILE)
    assert len(SUFFIXES) == len(set(SUFFIXES))


@pytest.mark.parametrize("piece", ["<!--", '<a "', "`a", "[a](", " ", "\n", " \n", "|-", "<a '\"", "```a\n", "\t|"])
def test_plain_words_of_repetitions_take_no_more_than_a_moment(piece: str) -> None:
    assert isinstance(plain_text(piece * 20_000 + "x"), str)


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
        ('See [the page]({% page "/a/page" %}#part), [another]({{< ref \'b.md\' >}} "T").', "See the page, another."),
        ("[text](<a page.md>)", "text"),
        ("[text][ref]\n\n[ref]: http://x.y", "text\nref"),
        ("| A | B |\n|---|:-:|\n| 1 | 2 |", "A B\n1 2"),
        ("- one\n- **two** and snake_case_name", "one\ntwo and snake_case_name"),
        ("```python\nx = a * b\n```", "x = a * b"),
        ("<b>bold</b> a < b <!-- hidden\nwords --> end", "bold a < b end"),
        ("> quoted `code`", "quoted code"),
        ('```xml\n<customErrors mode="Off"/>\n```', '<customErrors mode="Off"/>'),
        ("a `Dictionary<string, <b>>` b", "a Dictionary<string, <b>> b"),
        ("A Dictionary<string, Widget> for <NAME>", "A Dictionary<string, Widget> for <NAME>"),
        ('<p>See <img src="a.png" alt="Network > diagram"></p>', "See Network > diagram"),
        ("```c\n__init__ | *x\n```\n`__name__` - b", "__init__ | *x\n__name__ - b"),
        ("a <!-- one <!-- two --> b <!-- open", "a b <!-- open"),
    ],
)
def test_plain_words_are_what_a_reader_sees(markdown: str, plain: str) -> None:
    assert plain_text(markdown) == plain
