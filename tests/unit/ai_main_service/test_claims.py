"""What an answer claims without a source is found, and such an answer is not grounded."""

import pytest

from ai_main_service.services.claims import uncited
from flash_core.testing.ai_fakes import ScriptedProvider
from tests.unit.ai_main_service.builders import Desk
from tests.unit.ai_main_service.test_drafting import VERSIONED, kept

LEAVE = "Employees get 25 days of leave a year. [1]"


def bare(content: str) -> list[str]:
    return [content[span.start : span.end] for span in uncited(content)]


@pytest.mark.parametrize(
    ("content", "claims"),
    [
        (LEAVE, []),
        (
            f"{LEAVE} The moon is made of cheese. Everybody gets a car.",
            ["The moon is made of cheese.", "Everybody gets a car."],
        ),
        (f"In short: {LEAVE}", []),
        ("## Leave\n\nThe steps are:\n\n1. Open the portal. [1]\n2. Send it. [2]", []),
        ("- Open the portal. [1]\n- Buy a car.", ["Buy a car."]),
        ("| a | b |\n|---|---|\n| Leave | 25 [1] |\n| Cars | 3 |", ["| Cars | 3 |"]),
        ("Run it: [1]\n\n```\nmake up\n```", []),
        ("```\nmake up\n```\n\n[1]", []),
        ("```\nmake up\n```", ["```\nmake up\n```"]),
        ("Shall I go on?", []),
        ("Überall gilt: 𝔘rlaub ist frei.", ["Überall gilt: 𝔘rlaub ist frei."]),
        ("", []),
    ],
)
def test_claims_without_a_marker_are_found(content: str, claims: list[str]) -> None:
    assert bare(content) == claims


async def test_an_answer_with_a_claim_of_its_own_is_not_grounded_and_not_given_again() -> None:
    desk = Desk(search=VERSIONED, providers=[ScriptedProvider([f"{LEAVE} The moon is made of cheese."])])
    answer = await desk.answer()
    assert [answer.content[span.start : span.end] for span in answer.uncited] == ["The moon is made of cheese."]
    assert all(citation.supported for citation in answer.citations)
    assert not answer.grounded
    assert kept(desk) == 0


async def test_an_answer_that_cites_all_it_says_is_grounded() -> None:
    answer = await Desk(providers=[ScriptedProvider([LEAVE])]).answer()
    assert answer.grounded
    assert answer.uncited == []


async def test_the_remarks_of_an_answer_are_no_claims() -> None:
    answer = await Desk(providers=[ScriptedProvider([LEAVE], reason="length")]).answer()
    assert answer.uncited == []
    assert answer.grounded
