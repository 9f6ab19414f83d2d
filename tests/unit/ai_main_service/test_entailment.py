"""A sentence is supported when its passage says it: in other words too, and never when it says something else."""

import pytest

from ai_main_service.services.entailment import SUPPORTED, ModelOrWords, WordsAndVectors, probability
from ai_main_service.services.evidence import Nearness, evidence
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.entailment import Claim
from flash_core.testing.cross_encoders import FakeEntailment
from flash_core.testing.fakes import FakeEmbeddingProvider
from tests.unit.ai_main_service.test_extractive import NoVectors

PASSAGE = (
    "Travel Booking\n"
    "In urgent cases, employees may book flights without approval. Flights to Berlin must be booked in Concur by "
    "Finance before 15 March. Contractors are not allowed to book hotels above 120 euros. The Oslo office pays for "
    "meals. Trains are preferred whenever the journey takes less than four hours."
)


async def supported(statement: str, embeddings: FakeEmbeddingProvider | None = None) -> bool:
    words = WordsAndVectors(embeddings or FakeEmbeddingProvider())
    [sure] = await words.supported([Claim(PASSAGE, statement)])
    return sure >= SUPPORTED


@pytest.mark.parametrize(
    "statement",
    [
        "Flights to Berlin must be booked in Concur by Finance before 15 March.",
        "According to the handbook, flights to Berlin must be booked in Concur by Finance before 15 March",
        "Employees may book flights without approval in urgent cases.",
        "Contractors aren't allowed to book hotels above 120 euros.",
        "Trains are preferred whenever the journey takes less than 4 hours.",
    ],
)
async def test_what_a_passage_says_is_supported(statement: str) -> None:
    assert await supported(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "Flights to Berlin must be booked in Concur by Finance before 18 March.",
        "Flights to Paris must be booked in Concur by Finance before 15 March.",
        "Flights to Oslo must be booked in Concur by Finance before 15 March.",
        "Flights to Berlin must not be booked in Concur by Finance before 15 March.",
        "Contractors are allowed to book hotels above 120 euros.",
        "Employees may not book flights without approval in urgent cases.",
        "Dogs are welcome in every meeting room.",
        "",
    ],
)
async def test_what_it_does_not_say_is_not(statement: str) -> None:
    assert not await supported(statement)


def test_a_quotation_that_leaves_its_negation_out_is_none() -> None:
    assert not evidence(PASSAGE, "allowed to book hotels above 120 euros")[0].quoted
    assert evidence(PASSAGE, "Contractors are not allowed to book hotels")[0].quoted
    assert not evidence(PASSAGE, "ontractors are not allowed")[0].quoted


LEAVE = (
    "Employee handbook Leave\n"
    "Every full-time employee gets 25 days of paid leave a year. Leave must be requested two weeks before the first "
    "day. Unused days expire on 31 March of the following year."
)


@pytest.mark.parametrize(
    "statement",
    [
        "Every full-time employee gets 25 days of paid leave a month.",
        "Every full-time employee gets 25 weeks of paid leave a year.",
        "Contractors get 25 days of paid leave a year.",
        "Leave must be requested two weeks after the first day.",
        "Leave must be requested two days before the first day.",
        "Leave may be requested two weeks before the first day.",
        "Unused days expire on 31 December of the following year.",
        "Every full-time employee gets 25 days of paid leave a year, plus free lunch on Fridays.",
    ],
)
def test_another_unit_bound_month_or_order_is_denied_whatever_the_vectors_say(statement: str) -> None:
    whole, *_ = evidence(LEAVE, statement)
    assert whole.is_denied
    assert probability(whole, Nearness(1.0, 1.0, 0.0, 0.0)) == 0.0


@pytest.mark.parametrize(
    "statement",
    [
        "Every full-time employee receives 25 vacation days per year.",
        "Full-time staff get 25 days of annual leave.",
        "Leave has to be requested 2 weeks before the first day.",
        "Unused days expire on 31 March of the next year.",
        "There are two rules: unused days expire on 31 March.",
    ],
)
def test_the_same_in_other_words_is_not_denied(statement: str) -> None:
    assert not evidence(LEAVE, statement)[0].is_denied


async def test_what_is_appended_must_be_said_too() -> None:
    words = WordsAndVectors(FakeEmbeddingProvider())
    first, second = "Every full-time employee gets 25 days of paid leave a year", "unused days expire on 31 March"
    claims = [Claim(LEAVE, f"{first}, and {second}."), Claim(LEAVE, f"{first} and a company car with a chauffeur.")]
    assert [sure >= SUPPORTED for sure in await words.supported(claims)] == [True, False]


def test_a_limit_that_the_passage_does_not_set_is_seen() -> None:
    [whole] = evidence(LEAVE, "Every full-time employee gets at least 25 days of paid leave a year.")
    assert whole.differences.unbacked == 1


async def test_vectors_are_asked_for_only_where_they_decide() -> None:
    embeddings = FakeEmbeddingProvider()
    assert await supported("The Oslo office pays for meals.", embeddings)
    assert not await supported("Dogs bark.", embeddings)
    assert embeddings.calls == []


@pytest.mark.parametrize("embeddings", [NoVectors(), NoVectors(hangs=True)])
async def test_without_vectors_the_words_decide(embeddings: NoVectors) -> None:
    words = WordsAndVectors(embeddings, seconds=0.01)
    claims = [Claim(PASSAGE, "The Oslo office pays for meals."), Claim(PASSAGE, "Berlin pays for the Oslo office.")]
    assert [sure >= SUPPORTED for sure in await words.supported(claims)] == [True, False]


async def test_a_model_decides_where_one_is_installed() -> None:
    model = FakeEntailment()
    both = ModelOrWords(model, WordsAndVectors(NoVectors()))
    assert await both.supported([Claim("one two", "one three")]) == [0.5]
    assert await both.supported([]) == []


@pytest.mark.parametrize("model", [FakeEntailment(model=None), FakeEntailment(error=UpstreamUnavailableError("away"))])
async def test_words_decide_where_no_model_answers(model: FakeEntailment) -> None:
    both = ModelOrWords(model, WordsAndVectors(NoVectors()))
    assert await both.supported([Claim("Title\nOne thing.", "One thing.")]) == [1.0]
