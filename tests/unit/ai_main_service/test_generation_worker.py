"""A question that was accepted gets one outcome, whatever happens while it is answered."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from flash_core.errors import FencedError, FlashError, NotFoundError, UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import cancel_channel
from flash_core.messaging.events import QuestionAccepted
from flash_core.models.conversation import GenerationState, Mode, Refusal
from flash_core.schemas.ai import IntentCall, IntentResponse, QuestionKind
from flash_core.schemas.chat import Fact
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeIntent, FakeSearch, ScriptedProvider
from flash_core.testing.waiting import eventually
from flash_core.utils.ids import new_id
from flash_core.utils.token_count import tokens_of
from tests.unit.ai_main_service.builders import Desk, hit, settings

AWAY = UpstreamUnavailableError("away")


async def test_an_answer_is_found_quoted_cited_and_stored() -> None:
    desk = Desk()
    answer = await desk.answer()
    assert desk.leases.outcomes[-1].state is GenerationState.DONE
    assert "25 days of leave" in answer.content
    assert answer.content == desk.shown
    assert answer.citations[0].source_id == answer.sources[0].id
    assert answer.content[answer.citations[0].start : answer.citations[0].end].startswith("Employees get 25 days")
    assert answer.grounded
    assert answer.confidence > 0.5
    assert answer.model == "extractive"


async def test_a_reader_sees_the_stages_in_order() -> None:
    desk = Desk()
    await desk.answer()
    seen = [frame.get("stage", frame["type"]) for frame in desk.frames]
    assert [kind for kind in dict.fromkeys(seen) if kind != "delta"] == [
        "understanding",
        "searching",
        "sources",
        "writing",
        "checking",
    ]


async def test_every_stage_is_timed() -> None:
    timings = (await Desk().answer()).timings_ms
    assert timings.queue == 12.5
    assert timings.intent is not None
    assert timings.retrieval is not None
    assert timings.first_token is not None
    assert timings.total is not None
    assert timings.total >= timings.first_token >= timings.queue


async def test_the_search_is_made_for_the_asker_with_the_standalone_question() -> None:
    alone = IntentResponse(kind=QuestionKind.FOLLOW_UP, standalone_question="How many days of leave a year?")
    desk = Desk(leases=FakeGenerationLeases(question="And how many?", groups=["hr"]), intent=FakeIntent(alone))
    await desk.answer()
    [(request, principal)] = desk.search.asked
    assert request.query == "How many days of leave a year?"
    assert request.per_chunk
    assert principal.groups == {"hr"}
    assert principal.user_id == desk.leases.user_id


async def test_without_the_intent_service_the_plain_question_is_searched() -> None:
    desk = Desk(intent=FakeIntent(error=AWAY))
    assert "25 days" in (await desk.answer()).content
    assert desk.search.asked[0][0].query == desk.leases.question


async def test_a_foreign_question_is_refused_and_names_the_nearest_pages() -> None:
    desk = Desk(leases=FakeGenerationLeases(question="What is the capital of Mongolia?"))
    desk.search.answerable = 0.1
    answer = await desk.answer()
    assert answer.refusal is Refusal.NOT_IN_DOCUMENTATION
    assert answer.content.startswith("This is not in your documentation.")
    assert "- Leave\n- Travel" in answer.content
    assert answer.citations == []
    assert not answer.grounded
    assert answer.confidence < 0.3
    assert answer.content == desk.shown


async def test_nothing_found_is_a_refusal_too() -> None:
    answer = await Desk(search=FakeSearch()).answer()
    assert answer.refusal is Refusal.NOT_IN_DOCUMENTATION
    assert answer.confidence == 0


async def test_a_model_that_finds_no_answer_in_the_passages_refuses() -> None:
    desk = Desk(providers=[ScriptedProvider(["NOT IN", " DOCUMENTATION", " at all"])])
    answer = await desk.answer()
    assert answer.refusal is Refusal.NOT_IN_DOCUMENTATION
    assert "NOT IN" not in desk.shown


@pytest.mark.parametrize("kind", [QuestionKind.GREETING, QuestionKind.ABOUT, QuestionKind.UNSAFE])
async def test_small_talk_is_answered_without_a_search(kind: QuestionKind) -> None:
    desk = Desk(intent=FakeIntent(IntentResponse(kind=kind, standalone_question="Hi", language="en")))
    answer = await desk.answer()
    assert answer.content
    assert answer.citations == []
    assert desk.search.asked == []


async def test_general_mode_is_the_model_alone() -> None:
    provider = ScriptedProvider(["Paris", " [1]", "."])
    desk = Desk(leases=FakeGenerationLeases(question="Capital of France?", mode=Mode.GENERAL), providers=[provider])
    answer = await desk.answer()
    assert answer.content == "Paris."
    assert answer.sources == []
    assert answer.citations == []
    assert answer.model == "scripted-model"
    assert answer.usage.prompt_tokens == 10
    assert desk.search.asked == []


async def test_general_mode_without_a_model_says_that_it_needs_one() -> None:
    answer = await Desk(leases=FakeGenerationLeases(mode=Mode.GENERAL)).answer()
    assert "needs a language model" in answer.content


async def test_the_next_provider_takes_over_and_nothing_of_the_first_is_left() -> None:
    broken = ScriptedProvider(["Half of "], name="openai", error=AWAY)
    desk = Desk(providers=[broken, ScriptedProvider(["Leave is 25 days. [1]"])])
    answer = await desk.answer()
    note = "_The preferred language model does not answer at the moment; another one wrote this._"
    assert answer.content == desk.shown == f"Leave is 25 days. [1]\n\n{note}"
    assert answer.model == "scripted-model"
    assert "reset" in [frame["type"] for frame in desk.frames]


async def test_falling_back_to_quotations_is_said_in_the_answer() -> None:
    desk = Desk()
    quoting = desk.worker()._writer._providers
    desk.providers = [ScriptedProvider([], name="openai", error=AWAY), *quoting]
    answer = await desk.answer()
    assert "The language model does not answer at the moment" in answer.content
    assert answer.grounded


async def test_a_new_attempt_begins_with_a_reset() -> None:
    desk = Desk(leases=FakeGenerationLeases(attempt=1))
    await desk.answer()
    assert desk.frames[0]["type"] == "reset"
    assert desk.leases.outcomes[-1].attempt == 2


async def test_work_that_is_done_or_unknown_is_left_alone() -> None:
    desk = Desk()
    desk.leases.state = GenerationState.DONE
    await desk.worker().answer(desk.event())
    await desk.worker().answer(QuestionAccepted(conversation_id=new_id(), generation_id=new_id()))
    assert desk.leases.outcomes == []


async def test_a_claim_that_chat_does_not_answer_is_tried_again_later() -> None:
    desk = Desk(leases=FakeGenerationLeases(errors={"claim": [AWAY]}))
    with pytest.raises(UpstreamUnavailableError):
        await desk.worker().answer(desk.event())


async def test_a_search_that_is_down_gives_the_work_back() -> None:
    desk = Desk()
    desk.search.errors = [AWAY]
    worker = desk.worker()
    await worker.answer(desk.event())
    assert (desk.leases.releases, desk.leases.outcomes) == (1, [])
    await worker.answer(desk.event())
    assert desk.leases.outcomes[-1].state is GenerationState.DONE


async def test_a_search_that_stays_down_fails_with_advice_and_no_address() -> None:
    desk = Desk()
    desk.search.errors = [UpstreamUnavailableError("http://127.0.0.1:8005 is away")] * 9
    worker = desk.worker()
    while not desk.leases.outcomes:
        await worker.answer(desk.event())
    outcome = desk.leases.outcomes[-1]
    assert outcome.state is GenerationState.FAILED
    assert outcome.problem is not None
    assert "can't be searched" in outcome.problem.detail
    assert "127.0.0.1" not in outcome.problem.detail
    assert desk.leases.attempt == desk.settings.ai_attempts


async def test_a_model_that_refuses_the_key_fails_at_once_and_says_what_to_check() -> None:
    desk = Desk(providers=[ScriptedProvider(["Half"], error=UpstreamRejectedError("Check OPENAI_API_KEY."))])
    answer = await desk.answer()
    outcome = desk.leases.outcomes[-1]
    assert outcome.state is GenerationState.FAILED
    assert outcome.problem is not None
    assert outcome.problem.detail == "Check OPENAI_API_KEY."
    assert answer.content == desk.shown == ""
    assert desk.leases.attempt == 1


async def test_a_question_is_understood_within_one_deadline_and_only_checked_facts_go_along() -> None:
    fact = Fact(question="?", statement="5,000.", document_ids=[new_id()], titles=["Bonus"], versions=["v1"])
    desk = Desk(
        leases=FakeGenerationLeases(facts=[fact]),
        intent=FakeIntent(hangs=True),
        settings=settings(ai_intent_seconds=0.02),
    )
    desk.documents.hangs = True
    provider = ScriptedProvider(["Leave is 25 days. [1]"])
    desk.providers = [provider]
    answer = await desk.answer()
    assert answer.timings_ms.intent is not None
    assert answer.timings_ms.intent < 200
    assert desk.intent.requests == []
    assert "5,000" not in provider.requests[0].turns[-1].content


@pytest.mark.parametrize("mode", [Mode.COMPANY, Mode.GENERAL])
async def test_what_understanding_costs_is_on_the_bill(mode: Mode) -> None:
    call = IntentCall(asked="small", model="small-1", prompt_tokens=7, completion_tokens=3, estimated=True)
    alone = IntentResponse(kind=QuestionKind.DOCUMENTATION, standalone_question="How many days?", calls=[call])
    desk = Desk(
        leases=FakeGenerationLeases(mode=mode), intent=FakeIntent(alone), providers=[ScriptedProvider(["Yes."])]
    )
    used = (await desk.answer()).usage
    expected = (17, 4) if mode is Mode.COMPANY else (10, 1)
    assert (used.prompt_tokens, used.completion_tokens) == expected


async def test_a_fault_of_ours_ends_as_a_failure_that_hides_it() -> None:
    desk = Desk(intent=FakeIntent(error=ZeroDivisionError("secret")), settings=settings(ai_attempts=1))
    await desk.answer()
    problem = desk.leases.outcomes[-1].problem
    assert problem is not None
    assert "secret" not in problem.detail


async def test_what_can_not_be_answered_in_time_fails() -> None:
    late = FakeGenerationLeases(deadline=datetime.now(UTC) + timedelta(seconds=0.02))
    desk = Desk(leases=late, providers=[ScriptedProvider(["Slow"], hangs=True)])
    await desk.answer()
    outcome = desk.leases.outcomes[-1]
    assert outcome.state is GenerationState.FAILED
    assert outcome.problem is not None
    assert "too long" in outcome.problem.detail


async def test_a_cancel_hint_stops_the_model_and_keeps_what_was_written() -> None:
    provider = ScriptedProvider(["Leave is 25 days. [1] And"], hangs=True)
    desk = Desk(providers=[provider], settings=settings(ai_heartbeat_seconds=60))
    task = asyncio.create_task(desk.worker().answer(desk.event()))
    await eventually(lambda: "25 days" in desk.shown)
    desk.leases.cancel_requested = True
    await desk.broadcast.publish(cancel_channel(desk.leases.generation_id), b"cancel")
    await task
    outcome = desk.leases.outcomes[-1]
    assert outcome.state is GenerationState.CANCELLED
    assert outcome.answer.content == desk.shown
    assert outcome.answer.content.startswith("Leave is 25 days. [1]")
    assert provider.closed == 1


async def test_without_a_hint_the_heartbeat_brings_the_cancel() -> None:
    desk = Desk(providers=[ScriptedProvider(["Leave"], hangs=True)])
    task = asyncio.create_task(desk.worker().answer(desk.event()))
    await eventually(lambda: desk.leases.heartbeats > 1)
    desk.leases.cancel_requested = True
    await task
    assert desk.leases.outcomes[-1].state is GenerationState.CANCELLED


async def test_a_heartbeat_that_is_missed_does_not_stop_the_answer() -> None:
    desk = Desk(
        leases=FakeGenerationLeases(errors={"heartbeat": [AWAY]}), providers=[ScriptedProvider(["x"], hangs=True)]
    )
    task = asyncio.create_task(desk.worker().answer(desk.event()))
    await eventually(lambda: desk.leases.heartbeats > 1)
    desk.leases.cancel_requested = True
    await task


@pytest.mark.parametrize("error", [FencedError("overtaken"), NotFoundError("deleted")])
async def test_an_overtaken_worker_stops_silently(error: FlashError) -> None:
    provider = ScriptedProvider(["Leave"], hangs=True)
    desk = Desk(leases=FakeGenerationLeases(errors={"heartbeat": [error]}), providers=[provider])
    await desk.worker().answer(desk.event())
    assert desk.leases.outcomes == []
    assert provider.closed == 1


async def test_an_overtaken_worker_can_not_write_into_the_log() -> None:
    desk = Desk(settings=settings(ai_heartbeat_seconds=60))
    await Desk(
        leases=FakeGenerationLeases(attempt=6, generation_id=desk.leases.generation_id), answers=desk.answers
    ).answer()
    before = len(desk.frames)
    await desk.worker().answer(desk.event())
    assert desk.leases.outcomes == []
    assert len(desk.frames) == before


async def test_a_worker_that_is_stopped_gives_its_work_back() -> None:
    desk = Desk(providers=[ScriptedProvider(["Leave"], hangs=True)])
    task = asyncio.create_task(desk.worker().answer(desk.event()))
    await eventually(lambda: "Leave" in desk.shown)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.leases.releases == 1
    assert desk.leases.state is GenerationState.QUEUED


async def test_a_release_that_fails_is_survived() -> None:
    desk = Desk(leases=FakeGenerationLeases(errors={"release": [AWAY]}))
    desk.search.errors = [AWAY]
    await desk.worker().answer(desk.event())
    assert desk.leases.outcomes == []


async def test_storing_the_answer_is_tried_again() -> None:
    desk = Desk(leases=FakeGenerationLeases(errors={"finish": [AWAY, AWAY]}))
    await desk.answer()
    assert desk.leases.outcomes[-1].state is GenerationState.DONE


async def test_an_answer_that_can_not_be_stored_comes_again() -> None:
    desk = Desk(leases=FakeGenerationLeases(errors={"finish": [AWAY] * 3}))
    with pytest.raises(UpstreamUnavailableError):
        await desk.worker().answer(desk.event())


async def test_an_answer_to_a_deleted_conversation_goes_nowhere() -> None:
    desk = Desk(leases=FakeGenerationLeases(errors={"finish": [NotFoundError("gone")]}))
    await desk.worker().answer(desk.event())
    assert desk.leases.outcomes == []


async def test_what_was_found_but_not_quoted_is_offered_as_the_next_question() -> None:
    desk = Desk(providers=[ScriptedProvider(["Leave is 25 days. [1]"])])
    desk.search.hits.append(hit("Concur is used for trips.", heading="Booking a trip", chunk_id=UUID(int=7)))
    answer = await desk.answer()
    assert answer.follow_ups == ["What does the documentation say about “Booking a trip”?"]


async def test_all_that_a_model_is_sent_fits_the_budget() -> None:
    hits = [hit(f"休暇は{number}日です。" * 30, title="休暇" * 20) for number in range(8)]
    asked = "休暇は何日ですか。" * 40
    provider = ScriptedProvider(["25 [1]"])
    desk = Desk(leases=FakeGenerationLeases(question=asked), search=FakeSearch(hits), providers=[provider])
    desk.settings = settings(ai_provider="openai", ai_main_model="m", ai_context_tokens=2_000)
    await desk.answer()
    [request] = provider.requests
    assert 1_200 < sum(len(turn.content) for turn in request.turns if turn.content) < 2_400
    assert sum(tokens_of(turn.content) for turn in request.turns) <= 2_000


async def test_who_only_quotes_reads_all_passages() -> None:
    hits = [hit(f"休暇は{number}日です。" * 60, title="休暇") for number in range(8)]
    answer = await Desk(search=FakeSearch(hits), settings=settings(ai_context_tokens=200)).answer()
    assert len(answer.sources) == 8
