"""What an answer has used is on its bill, whoever wrote it and however it ended."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from ai_main_service.config import ModelPrice
from ai_main_service.services.accounting import usage_of
from flash_core.errors import FlashError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import AIProviderInterface, Finished, ModelCall, TextPiece, WritingRequest
from flash_core.models.conversation import GenerationState, Mode, Refusal
from flash_core.schemas.ai import IntentResponse, QuestionKind
from flash_core.schemas.chat import Usage
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeIntent, ScriptedProvider
from flash_core.testing.waiting import eventually
from tests.unit.ai_main_service.builders import Desk, settings

AWAY = UpstreamUnavailableError("away")
PRICES = {"one": ModelPrice(prompt=2, completion=10), "two": ModelPrice(prompt=0, completion=0)}


def call(
    model: str = "one", *, asked: str = "", tokens: tuple[int, int] = (1_000, 100), sure: bool = True
) -> ModelCall:
    return ModelCall(asked or model, model, *tokens, estimated=not sure)


@pytest.mark.parametrize(
    ("calls", "cost"),
    [
        ([], 0),
        ([call()], 0.003),
        ([call(), call(), call("two")], 0.006),
        ([call("one-2026-01-01", asked="one")], 0.003),
        ([call(tokens=(1, 0))], 0.000002),
        ([call("free of charge?")], None),
        ([call(), call("free of charge?")], None),
    ],
)
def test_the_cost_is_what_the_operator_says_a_million_tokens_cost(
    calls: Sequence[ModelCall], cost: float | None
) -> None:
    assert usage_of(calls, PRICES).cost == cost


def test_without_prices_nothing_has_a_cost() -> None:
    assert usage_of([], {}) == Usage()
    assert usage_of([call()], {}) == Usage(prompt_tokens=1_000, completion_tokens=100)


def test_one_guess_makes_the_sum_a_guess() -> None:
    assert usage_of([call(), call(sure=False)], {}).estimated
    assert not usage_of([call(), call()], {}).estimated


async def test_an_answer_says_what_it_cost() -> None:
    desk = Desk(
        providers=[ScriptedProvider(["Leave is 25 days. [1]"])],
        settings=settings(ai_prices={"scripted-model": {"prompt": 1_000, "completion": 2_000}}),
    )
    answer = await desk.answer()
    assert answer.usage == Usage(prompt_tokens=10, completion_tokens=1, cost=0.012)


async def test_a_provider_that_failed_in_the_middle_is_paid_too() -> None:
    broken = ScriptedProvider(["Leave is", " 25 or"], name="openai", error=AWAY)
    answer = await Desk(providers=[broken, ScriptedProvider(["Leave is 25 days. [1]"])]).answer()
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (20, 3)
    assert answer.usage.estimated
    assert answer.model == "scripted-model"


async def test_a_refusal_by_a_model_names_and_pays_it() -> None:
    answer = await Desk(providers=[ScriptedProvider(["NOT IN DOCUMENTATION"])]).answer()
    assert answer.refusal is Refusal.NOT_IN_DOCUMENTATION
    assert answer.model == "scripted-model"
    assert answer.usage.prompt_tokens == 10


@pytest.mark.parametrize("mode", [Mode.COMPANY, Mode.GENERAL])
async def test_a_cancelled_answer_carries_model_time_and_usage(mode: Mode) -> None:
    provider = ScriptedProvider(["Leave is 25 days. [1]", " And"], hangs=True)
    desk = Desk(leases=FakeGenerationLeases(mode=mode), providers=[provider])
    task = asyncio.create_task(desk.worker().answer(desk.event()))
    await eventually(lambda: "25 days" in desk.shown)
    desk.leases.cancel_requested = True
    await task
    [outcome] = desk.leases.outcomes
    answer = outcome.answer
    assert outcome.state is GenerationState.CANCELLED
    assert (answer.model, answer.usage.prompt_tokens, answer.usage.completion_tokens) == ("scripted-model", 10, 2)
    assert answer.usage.estimated
    assert answer.timings_ms.queue == 12.5
    assert answer.timings_ms.first_token is not None
    assert answer.timings_ms.total is not None
    assert answer.timings_ms.total >= answer.timings_ms.first_token
    assert (answer.timings_ms.retrieval is None) == (mode is Mode.GENERAL)


async def test_a_failed_answer_carries_what_it_used() -> None:
    broken = ScriptedProvider(["Half"], error=UpstreamRejectedError("Check OPENAI_API_KEY."))
    answer = await Desk(providers=[broken]).answer()
    assert (answer.content, answer.model, answer.usage.prompt_tokens) == ("", "scripted-model", 10)


# Saying who wrote


@pytest.mark.parametrize(
    ("writers", "language", "said"),
    [
        ("model", "en", ""),
        ("broken model", "en", "another one wrote this"),
        ("broken model", "de", "dies hat ein anderes geschrieben"),
        ("broken extractive", "en", "these are quotations"),
        ("broken broken extractive", "de", "dies sind Zitate"),
        ("extractive", "en", ""),
        ("refusing", "en", ""),
        ("broken refusing", "en", "another one wrote this"),
    ],
)
async def test_every_fall_back_is_said_at_the_end_of_the_answer(writers: str, language: str, said: str) -> None:
    desk = Desk()
    [quoting] = desk.worker()._writer._providers
    desk.providers = [provider(name, quoting) for name in writers.split()]
    question = IntentResponse(
        kind=QuestionKind.DOCUMENTATION, standalone_question=desk.leases.question, language=language
    )
    desk.intent = FakeIntent(question)
    answer = await desk.answer()
    assert answer.content == desk.shown
    last = answer.content.splitlines()[-1]
    assert (last.startswith("_") and last.endswith("_")) == bool(said)
    assert said in last


async def test_a_refusal_without_the_model_says_that_it_may_know_more() -> None:
    desk = Desk()
    desk.providers = [ScriptedProvider([], error=AWAY), FindsNothing()]
    answer = await desk.answer()
    assert answer.refusal is Refusal.NOT_IN_DOCUMENTATION
    assert answer.content.endswith(
        "_The language model does not answer at the moment; later it may find an answer in these pages._"
    )


async def test_general_mode_says_it_too_and_does_not_quote() -> None:
    desk = Desk(leases=FakeGenerationLeases(question="Capital of France?", mode=Mode.GENERAL))
    [quoting] = desk.worker()._writer._providers
    desk.providers = [provider("broken", quoting), ScriptedProvider(["Paris."]), quoting]
    answer = await desk.answer()
    assert answer.content.startswith("Paris.\n\n_The preferred language model")
    desk = Desk(leases=FakeGenerationLeases(question="Capital of France?", mode=Mode.GENERAL))
    desk.providers = [ScriptedProvider([], error=UpstreamRejectedError("Check OPENAI_API_KEY.")), quoting]
    await desk.answer()
    assert desk.leases.outcomes[-1].state is GenerationState.FAILED


def provider(name: str, quoting: AIProviderInterface) -> AIProviderInterface:
    error: FlashError | None = AWAY if name == "broken" else None
    pieces = {"refusing": ["NOT IN DOCUMENTATION"], "broken": ["Half of"]}.get(name, ["Leave is 25 days. [1]"])
    return quoting if name == "extractive" else ScriptedProvider(pieces, name=name, error=error)


class FindsNothing(AIProviderInterface):
    """Quotes, but there is nothing to quote."""

    name = "extractive"

    async def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
        yield TextPiece("NOT IN DOCUMENTATION")
        yield Finished("extractive")


class BreaksOff(AIProviderInterface):
    """Stops without an end or an error, against its promise."""

    name = "breaks-off"

    async def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]:
        yield TextPiece("Half of")


async def test_a_provider_that_stops_without_an_end_has_failed() -> None:
    answer = await Desk(providers=[BreaksOff(), ScriptedProvider(["Leave is 25 days. [1]"])]).answer()
    assert answer.content.startswith("Leave is 25 days. [1]\n\n_The preferred")


# General mode


@pytest.mark.parametrize("marker", ["[1]", "[12]", "[1][2]", "[1, 2]", "[ 3 ]"])
async def test_general_mode_never_pretends_to_cite(marker: str) -> None:
    pieces = ["Paris ", *marker, " it is", marker, "."]
    desk = Desk(
        leases=FakeGenerationLeases(question="Capital of France?", mode=Mode.GENERAL),
        providers=[ScriptedProvider(pieces)],
    )
    answer = await desk.answer()
    assert answer.content == desk.shown == "Paris it is."
    assert (answer.sources, answer.citations, answer.grounded, answer.confidence) == ([], [], False, 0)
    assert "sources" not in [frame["type"] for frame in desk.frames]


async def test_an_attempt_that_is_given_back_says_what_it_has_used() -> None:
    desk = Desk(providers=[ScriptedProvider(["Half", " of"], error=AWAY)])
    await desk.worker().answer(desk.event())
    [left] = desk.leases.left
    assert left.model == "scripted-model"
    assert (left.usage.prompt_tokens, left.usage.completion_tokens) == (10, 2)
