"""Whatever a page orders and however well a model obeys, nothing but text comes out, and only to places of the sources.

`injected/` holds a page each, and below a line of equals signs what a model writes that does what the page says. The
answers are read by a Markdown parser of somebody else's, and their text by what readers' programs turn into links.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ai_main_service.services.citations import MarkerFilter
from ai_main_service.services.links import SourceLinks, is_web_address
from flash_core.models.conversation import Mode
from flash_core.schemas.chat import WrittenAnswer
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeSearch, ScriptedProvider
from indexing_service.providers.parsing.converters import web
from tests.unit.ai_main_service.builders import TRAVEL, Desk, hit

PAGES = sorted(path for path in (Path(__file__).parent / "injected").iterdir() if path.suffix in {".md", ".html"})
HIDDEN = "HIDDEN-ORDER"
OWN = "https://wiki.example/leave"
MARKDOWN = MarkdownIt("commonmark").enable("table")
ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|//(?=[\w@:-]+\.\w))[^\s<>\"'`|()\[\]]*|(?<![a-z0-9])www\.[a-z0-9]"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]+(?![a-z0-9_-])",
    re.IGNORECASE,
)
WEB = ("http", "www.", "//")


def parts(page: Path) -> tuple[str, str]:
    """A page as the index has it."""
    text, _, obeyed = page.read_text(encoding="utf-8").partition("\n=====\n")
    return web.convert(text.encode()).markdown if page.suffix == ".html" else text, obeyed


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def tokens(found: Sequence[Token]) -> Iterator[Token]:
    for token in found:
        yield token
        yield from tokens(token.children or ())


def own(address: str) -> str:
    """Without the punctuation of its sentence and a last slash, which both name the same page."""
    whole = f"https:{address}" if address.startswith("//") else address
    return whole.rstrip(".,!:;?*_~\\…").removesuffix("/")


def lively(content: str, *, web: bool = False) -> list[str]:
    """What a reader's program could make of a text beyond text; `web` allows every web address."""
    found = []
    for token in tokens(MARKDOWN.parse(content)):
        if token.type in {"image", "html_block", "html_inline"}:
            found.append(f"{token.type} {token.content}")
        href = str(token.attrs.get("href", OWN))
        found += [] if own(href) == OWN or (web and is_web_address(href)) else [href]
        said = ADDRESS.findall(token.content) if token.type == "text" else ()
        found += [one for one in said if own(one) != OWN and not (web and one.lower().startswith(WEB))]
    return found


async def obeyed(page: Path, size: int, mode: Mode = Mode.COMPANY) -> tuple[WrittenAnswer, ScriptedProvider]:
    text, written = parts(page)
    provider = ScriptedProvider(cut(written, size))
    found = FakeSearch([hit(text, url=OWN), hit(TRAVEL, title="Travel", url=OWN)])
    next_one = ScriptedProvider(["25 days."])  # for when nothing of what the first wrote can be shown
    desk = Desk(leases=FakeGenerationLeases(mode=mode), search=found, providers=[provider, next_one])
    answer = await desk.answer()
    assert answer.content == desk.shown
    return answer, provider


def test_there_are_many_kinds_of_attack() -> None:
    assert len(PAGES) >= 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_an_obedient_model_writes_nothing_but_text(page: Path) -> None:
    contents = set()
    for size in (1, 4, 11, 100_000):
        answer, _ = await obeyed(page, size)
        assert lively(answer.content) == []
        assert "evil.example" not in answer.content.lower()
        assert {citation.marker for citation in answer.citations} <= {1, 2}
        assert {citation.source_id for citation in answer.citations} <= {source.id for source in answer.sources}
        contents.add(answer.content)
    assert len(contents) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_what_a_reader_does_not_see_is_not_given_to_a_model(page: Path) -> None:
    _, provider = await obeyed(page, 100_000)
    [request] = provider.requests
    asked = request.turns[-1].content
    assert HIDDEN not in asked
    assert all(character.isprintable() or character == "\n" for character in asked)
    assert "Unused days move to March." in asked
    assert asked.count("<passage number=") == asked.count("</passage>") == len(request.passages) == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_a_page_that_is_quoted_word_for_word_stays_text(page: Path) -> None:
    """A model that repeats its passage may link where the passage does, and nowhere else."""
    text, _ = parts(page)
    links = SourceLinks([text], [OWN])
    marker_filter = MarkerFilter({1}, links.has)
    content = marker_filter.feed(text) + marker_filter.close()
    kinds = {token.type for token in tokens(MARKDOWN.parse(content))}
    assert not kinds & {"image", "html_block", "html_inline"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_general_mode_links_to_the_web_and_shows_nothing_of_it(page: Path) -> None:
    answer, _ = await obeyed(page, 5, Mode.GENERAL)
    assert [one for one in lively(answer.content, web=True) if "@" not in one] == []
    assert "[1]" not in answer.content


SIGNS = (
    *'[]()!` \n1a:<>",\\&|^@#\u200b\r\u2028',
    *("```", "~~~", "- ", "> ", "1. ", "    ", "&#91;", "&#93;", "&colon;", "&#58;", "&lt;", "\\:", "\\]"),
    *(
        "//",
        "://",
        "tps:",
        "mailto:",
        "//evil.example/x",
        "www.evil.example",
        "a@evil.example",
        "https://evil.example/x",
    ),
    *("<b>", "<img src=x>", "<script>", "<!--", "<!", "-->", "【1】", "[1]", "[1]\n\n", "https://wiki.example/leave"),
    *("![x](https://evil.example/x)", "[x](https://wiki.example/leave)", "<https://evil.example/x>", "//evil.example"),
)


def test_an_address_of_the_sources_can_not_be_continued_behind_a_sign() -> None:
    for sign in ("\\", '"', "'", "|", "]", "\u3002"):
        assert f"{OWN} {sign}" in filtered([f"{OWN}{sign}secret"])
    assert filtered([f"({OWN}), [x]({OWN})[1] and `{OWN}`."]) == f"({OWN}), [x]({OWN})[1] and `{OWN}`."


def filtered(pieces: Sequence[str]) -> str:
    marker_filter = MarkerFilter({1}, SourceLinks([], [OWN]).has)
    return "".join((*map(marker_filter.feed, pieces), marker_filter.close()))


@given(st.lists(st.sampled_from(SIGNS), max_size=20).map("".join), st.integers(1, 30))
def test_no_combination_of_signs_comes_to_life(text: str, size: int) -> None:
    content = filtered([text])
    assert lively(content) == []
    assert filtered(cut(text, size)) == content


COMMENTS = ("<!--", "-->", "<!", "&lt;", "<", ">", "-", "!", "a@evil.example", "mailto:", " ", "`")


@example("<!--&lt;!a@evil.example>-->mailto:a@evil.example", 4)
@given(st.lists(st.sampled_from(COMMENTS), max_size=12).map("".join), st.integers(1, 8))
def test_what_is_a_comment_does_not_depend_on_how_the_text_was_cut(text: str, size: int) -> None:
    assert filtered(cut(text, size)) == filtered([text])


TITLES = (
    "![x](https://evil.example/a.png)",
    "[click](https://evil.example/x)",
    "<img src=https://evil.example/a.png>",
    "&lt;img src=x onerror=alert(1)&gt; <https://evil.example>",
    "Leave\n\n![x][1]\n\n[1]: https://evil.example/a.png",
    "![x][evil]",
    "[evil]: https://evil.example/a.png",
    "www.evil.example and https://evil.example/x",
    "[a](javascript:alert(1)) [1] 【2】",
    "``` [x](https://evil.example)",
    "~~~ ![x](https://evil.example)",
)


@pytest.mark.parametrize("title", TITLES)
async def test_a_refusal_names_pages_in_words(title: str) -> None:
    found = FakeSearch(
        [hit(title=title), hit(TRAVEL, title="Travel"), *(hit(TRAVEL, title=one) for one in TITLES[-3:])]
    )
    found.answerable = 0.1
    answer = await Desk(search=found).answer()
    assert answer.refusal is not None
    assert lively(answer.content) == []
    assert "evil.example" not in answer.content
    assert "- Travel" in answer.content


@pytest.mark.parametrize("title", TITLES)
async def test_a_suggestion_is_made_of_words(title: str) -> None:
    found = FakeSearch([hit(), hit(TRAVEL, title=title, heading=f"Booking > How is a {title} booked")])
    for suggestion in (await Desk(search=found).answer()).follow_ups:
        assert lively(suggestion) == []
        assert "evil.example" not in suggestion


async def test_a_title_of_plain_words_is_named_as_it_is() -> None:
    found = FakeSearch([hit(title="[Draft] Terms & conditions (v1.2) — 50 % *off* `flag`")])
    found.answerable = 0.1
    assert "- [Draft] Terms & conditions (v1.2) — 50 % *off* `flag`" in (await Desk(search=found).answer()).content
