"""Whatever reads claims keeps the promise of `EntailmentInterface`."""

import pytest

from ai_main_service.services.entailment import ModelOrWords, WordsAndVectors
from flash_core.interfaces.entailment import Claim, EntailmentInterface
from flash_core.testing.cross_encoders import FakeEntailment
from flash_core.testing.fakes import FakeEmbeddingProvider

PASSAGE = "Leave\nEmployees get 25 days of leave. Travel is booked in Concur."


@pytest.fixture(params=["fake", "words", "model", "model away"])
def entailment(request: pytest.FixtureRequest) -> EntailmentInterface:
    words = WordsAndVectors(FakeEmbeddingProvider())
    kinds: dict[str, EntailmentInterface] = {
        "fake": FakeEntailment(),
        "words": words,
        "model": ModelOrWords(FakeEntailment(), words),
        "model away": ModelOrWords(FakeEntailment(model=None), words),
    }
    return kinds[str(request.param)]


async def test_every_claim_gets_a_probability_in_its_place(entailment: EntailmentInterface) -> None:
    statements = ["Dogs bark at night.", "Employees get 25 days of leave.", ""]
    said = await entailment.supported([Claim(PASSAGE, statement) for statement in statements])
    assert len(said) == len(statements)
    assert all(0 <= one <= 1 for one in said)
    assert said[1] > max(said[0], said[2])


async def test_nothing_to_read_is_nothing_to_say(entailment: EntailmentInterface) -> None:
    assert await entailment.supported([]) == []
