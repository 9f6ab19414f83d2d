"""In strict mode a reader sees what a cited passage supports, what leads to it, and nothing else."""

import pytest

from ai_main_service.services.sentences import split
from ai_main_service.services.strict import is_claim
from flash_core.models.conversation import Refusal
from flash_core.testing.ai_fakes import ScriptedProvider
from flash_core.testing.fakes import FakeEmbeddingProvider
from tests.unit.ai_main_service.builders import Desk, settings

TRUE = "Employees get 25 days of leave a year. [1]"
FALSE = "Employees get 30 days of leave a year. [1]"


async def shown(text: str, size: int = 3) -> str:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    desk = Desk(providers=[ScriptedProvider(pieces)], settings=settings(ai_strict_citations=True))
    answer = await desk.answer()
    assert answer.content == desk.shown
    return answer.content


@pytest.mark.parametrize("size", [1, 4, 1_000])
@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (TRUE, TRUE),
        (
            f"{TRUE} {FALSE} Flights need the approval of your manager. [2]",
            f"{TRUE} Flights need the approval of your manager. [2]",
        ),
        (f"{FALSE} {TRUE}", TRUE),
        (
            f"{TRUE}\n\nDogs are welcome.\n\nTravel is booked in Concur. [2]",
            f"{TRUE}\n\nTravel is booked in Concur. [2]",
        ),
        (f"Here is how:\n\n{TRUE}", f"Here is how:\n\n{TRUE}"),
        (f"{TRUE} More questions?", TRUE),
        (
            f"## Leave\n\n{FALSE}\n\n## Travel\n\nTravel is booked in Concur. [2]",
            "## Travel\n\nTravel is booked in Concur. [2]",
        ),
        (f"## Leave\n\n{FALSE} {TRUE}", f"## Leave\n\n{TRUE}"),
        (
            "To request leave:\n\n1. Open the leave portal. [1]\n2. Call the president. [1]\n3. Choose the days. [1]",
            "To request leave:\n\n1. Open the leave portal. [1]\n3. Choose the days. [1]",
        ),
        ("You need:\n\n- A dog [1]\n- Open the leave portal. [1]\n", "You need:\n- Open the leave portal. [1]"),
        ("Travel is booked in Concur. [1][2]", "Travel is booked in Concur. [2]"),
        (
            "| What | Where |\n| --- | --- |\n| Dogs | Paris [2] |\n| Travel is booked | in Concur [2] |\n",
            "| What | Where |\n| --- | --- |\n| Travel is booked | in Concur [2] |",
        ),
    ],
)
async def test_only_what_is_supported_reaches_the_reader(text: str, seen: str, size: int) -> None:
    assert await shown(text, size) == seen


async def test_what_is_shown_is_grounded() -> None:
    desk = Desk(providers=[ScriptedProvider([f"{FALSE} {TRUE}"])], settings=settings(ai_strict_citations=True))
    assert (await desk.answer()).grounded


@pytest.mark.parametrize(
    "text",
    [
        FALSE,
        "Employees get 25 days of leave a year.",
        "Here is how:",
        "## Only a heading",
        "```sh\nrm -rf /\n```\n\n[1]",
    ],
)
async def test_where_nothing_is_left_the_answer_is_the_refusal(text: str) -> None:
    desk = Desk(providers=[ScriptedProvider([text])], settings=settings(ai_strict_citations=True))
    answer = await desk.answer()
    assert answer.refusal is Refusal.NOT_IN_DOCUMENTATION
    assert text not in desk.shown


async def test_code_may_have_its_marker_from_the_line_before_or_after_it() -> None:
    code = "```\nTravel is booked in Concur.\n```"
    assert await shown(f"Do this [2]:\n\n{code}\n\nThen wait.") == f"Do this [2]:\n\n{code}"
    assert await shown(f"{code}\n\n[2]\n") == f"{code}\n\n[2]"


async def test_without_strict_mode_everything_is_shown_and_marked() -> None:
    answer = await Desk(providers=[ScriptedProvider([f"{TRUE} {FALSE}"])]).answer()
    assert answer.content == f"{TRUE} {FALSE}"
    assert [citation.supported for citation in answer.citations] == [True, False]
    assert not answer.grounded


async def test_the_quotations_of_the_extractive_writer_pass() -> None:
    desk = Desk(settings=settings(ai_strict_citations=True), embeddings=FakeEmbeddingProvider())
    answer = await desk.answer()
    assert "25 days" in answer.content
    assert answer.grounded


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Here is how:", False),
        ("In short, yes.", False),
        ("Here is an overview.", False),
        ("Is that all?", False),
        ("**Steps:**", False),
        ("# Everything about dogs", False),
        ("Yes, 25.", True),
        ("Ask Anna.", True),
        ("Dogs bark.", True),
        ("```\nx\n```", True),
    ],
)
def test_what_says_something_is_a_claim(text: str, claims: bool) -> None:
    [unit] = split(text)
    assert is_claim(unit, unit.of(text)) is claims
