"""What becomes of a model's text that is empty, cut short, half a refusal, or that ends in a fault."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_main_service.services.opening import Opening
from flash_core.errors import UpstreamUnavailableError
from flash_core.models.conversation import GenerationState, Mode, Refusal
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeSearch, ScriptedProvider
from tests.unit.ai_main_service.builders import Desk, hit, settings

LEAVE = "Employees get 25 days of leave a year. [1]"
ANOTHER = "_The preferred language model does not answer at the moment; another one wrote this._"
CUT_SHORT = "_The language model stopped before the end: this is not the whole answer._"
VERSIONED = FakeSearch([hit(version="v1")])
REDUCED = "_The search works with reduced means at the moment; later it may find more._"


def kept(desk: Desk) -> int:
    """How many answers may be given again."""
    return sum(key.startswith("answer:") for key in desk.flights.cache.values)


@pytest.mark.parametrize("pieces", [[], [" ", "\n\n"], ["![](https://evil.example/x)"], ["<br>"]])
async def test_a_model_that_writes_nothing_is_replaced_and_that_is_said(pieces: list[str]) -> None:
    answer = await Desk(providers=[ScriptedProvider(pieces, name="openai"), ScriptedProvider([LEAVE])]).answer()
    assert answer.content == f"{LEAVE}\n\n{ANOTHER}"
    assert answer.refusal is None


@pytest.mark.parametrize("mode", [Mode.COMPANY, Mode.GENERAL])
async def test_where_nobody_else_can_write_an_empty_reply_is_a_failure(mode: Mode) -> None:
    leases = FakeGenerationLeases(mode=mode)
    desk = Desk(leases=leases, providers=[ScriptedProvider([" "])], settings=settings(ai_attempts=1))
    await desk.answer()
    outcome = leases.outcomes[-1]
    assert outcome.state is GenerationState.FAILED
    assert outcome.problem is not None
    assert "wrote nothing" in outcome.problem.detail


async def test_what_strict_mode_leaves_nothing_of_is_a_refusal() -> None:
    desk = Desk(providers=[ScriptedProvider(["The moon is cheese. [1]"])], settings=settings(ai_strict_citations=True))
    answer = await desk.answer()
    assert answer.refusal is Refusal.NOT_IN_DOCUMENTATION
    assert "moon" not in answer.content
    assert answer.confidence == 0


async def test_a_fault_in_a_provider_is_its_failure() -> None:
    broken = ScriptedProvider(["Half"], name="openai", error=UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"))
    desk = Desk(providers=[broken, ScriptedProvider([LEAVE])])
    answer = await desk.answer()
    assert answer.content == desk.shown == f"{LEAVE}\n\n{ANOTHER}"


@pytest.mark.parametrize("reason", ["length", "content_filter", "max_tokens", "refusal"])
@pytest.mark.parametrize("mode", [Mode.COMPANY, Mode.GENERAL])
async def test_an_answer_that_was_cut_short_says_so_and_is_not_given_again(reason: str, mode: Mode) -> None:
    provider = ScriptedProvider([LEAVE if mode is Mode.COMPANY else "It is"], reason=reason)
    desk = Desk(leases=FakeGenerationLeases(mode=mode), search=VERSIONED, providers=[provider])
    answer = await desk.answer()
    assert answer.content.endswith(CUT_SHORT)
    assert answer.content == desk.shown
    assert kept(desk) == 0


async def test_an_answer_that_is_complete_says_nothing_and_is_kept() -> None:
    desk = Desk(search=VERSIONED, providers=[ScriptedProvider([LEAVE])])
    assert (await desk.answer()).content == LEAVE
    assert kept(desk) == 1


@pytest.mark.parametrize("feature", ["degraded", "rerank_missed"])
@pytest.mark.parametrize("answerable", [0.9, 0.1])
async def test_an_answer_from_a_search_with_reduced_means_says_so(feature: str, answerable: float) -> None:
    desk = Desk(search=FakeSearch([hit()], {feature: 1.0}, answerable=answerable))
    answer = await desk.answer()
    assert answer.content.endswith(REDUCED)
    assert answer.content == desk.shown


@pytest.mark.parametrize(
    "text",
    [
        "NOT IN DOCUMENTATION",
        "**NOT IN DOCUMENTATION**",
        "NOT IN DOCUMENTATION at all",
        "Not in documentation.",
        "not in documentation",
        "Not in documentation. The passages are about travel.",
        "Sorry. NOT IN DOCUMENTATION",
        "I have looked everywhere.\n\nNOT IN DOCUMENTATION.",
        "Answer: *Not in documentation*\n",
        "`NOT IN DOCUMENTATION`",
        "```\nNOT IN DOCUMENTATION\n```",
        "- NOT IN DOCUMENTATION",
        "# NOT IN DOCUMENTATION",
        "> **NOT IN DOCUMENTATION.**",
        "[NOT IN DOCUMENTATION]",
        "(Not in documentation)",
        "\u201cNot in documentation.\u201d",
        "Sorry. `NOT IN DOCUMENTATION`",
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1_000])
async def test_a_model_refuses_in_its_own_way(text: str, size: int) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    desk = Desk(providers=[ScriptedProvider(pieces)])
    answer = await desk.answer()
    assert answer.refusal is Refusal.NOT_IN_DOCUMENTATION
    assert answer.content.startswith("This is not in your documentation.")
    assert answer.content == desk.shown
    assert answer.confidence == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"{LEAVE}\n\nNOT IN DOCUMENTATION", LEAVE),
        *((f"{LEAVE}{end}", LEAVE) for end in (" NOT IN DOCUMENTATION", "\n- `Not in documentation`.")),
        (f"{LEAVE}[NOT IN DOCUMENTATION]", LEAVE),
        (f"{LEAVE} Not in documentation is the rest. [1]", f"{LEAVE} Not in documentation is the rest. [1]"),
        ("No travel. [1] Nothing. [1]", "No travel. [1] Nothing. [1]"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1_000])
async def test_half_an_answer_stays_an_answer(text: str, shown: str, size: int) -> None:
    desk = Desk(providers=[ScriptedProvider([text[at : at + size] for at in range(0, len(text), size)])])
    answer = await desk.answer()
    assert answer.refusal is None
    assert answer.content.rstrip() == shown


async def test_general_mode_knows_no_refusal() -> None:
    desk = Desk(
        leases=FakeGenerationLeases(mode=Mode.GENERAL), providers=[ScriptedProvider(["NOT IN", " DOCUMENTATION"])]
    )
    answer = await desk.answer()
    assert (answer.content, answer.refusal) == ("NOT IN DOCUMENTATION", None)


def opened(pieces: Sequence[str]) -> tuple[str, bool, bool]:
    opening = Opening()
    text = "".join([*map(opening.feed, pieces), opening.close()])
    return text, opening.refuses, opening.ends


@pytest.mark.parametrize(
    "text",
    ["  Notes. N", "not", "No. Not in. ", "A.\nNOT IN DOC", "NOT IN DOCUMENTARIES", "a\n\n\n", "...", "* NOT", "- [x"],
)
def test_nothing_else_is_held_back_at_the_end(text: str) -> None:
    assert opened([text]) == opened(list(text)) == (text.lstrip(), False, False)


PARTS = (
    "NOT IN DOCUMENTATION",
    "not in documentation",
    "NOT IN",
    " ",
    "\n",
    "- ",
    "`",
    "[1]",
    "[",
    "]",
    ".",
    "#",
    "No",
    "is ",
)


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("".join), st.integers(1, 30))
def test_what_refuses_does_not_depend_on_how_the_text_was_cut(text: str, size: int) -> None:
    assert opened([text[at : at + size] for at in range(0, len(text), size)]) == opened([text])


async def test_a_provider_that_is_away_is_away() -> None:
    away = ScriptedProvider([], error=UpstreamUnavailableError("away"))
    assert (await Desk(providers=[away, ScriptedProvider([LEAVE])]).answer()).content.startswith(LEAVE)
