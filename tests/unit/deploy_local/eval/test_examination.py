"""What is asked of a fleet, and what is made of its answers."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from local_fleet.client import AskFlashClient
from local_fleet.errors import FleetAwayError, FleetError
from local_fleet.eval import fleet as shown_fleet
from local_fleet.eval.examination import Examiner, Exchange
from local_fleet.eval.questions import Question
from local_fleet.eval.scores import judged
from tests.unit.deploy_local.eval.scripted import KEY, PASSWORD, ScriptedFleet, answer, hit, refusal

VACATION = Question(
    question="Vacation days?", expected_facts=["27"], expected_documents=["Vacation", "travel.md"], tags=["hr"]
)
CHESS = Question(question="Chess champion?", answerable=False)


@pytest.fixture
def fleet() -> ScriptedFleet:
    fleet = ScriptedFleet()
    fleet.hits["Vacation days?"] = [hit("Deployments"), hit("Vacation")]
    fleet.answers["Vacation days?"] = answer("You get 27 days.", cites=["Vacation", "!Travel"])
    fleet.answers["Chess champion?"] = refusal()
    return fleet


@asynccontextmanager
async def client_of(fleet: ScriptedFleet) -> AsyncIterator[AskFlashClient]:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(fleet), base_url="http://fleet") as http:
        client = AskFlashClient(http)
        client.use_key(KEY)
        yield client


async def exchanges_of(
    fleet: ScriptedFleet, *questions: Question, search_only: bool = False, source_ids: list[str] | None = None
) -> list[Exchange]:
    async with client_of(fleet) as client:
        examiner = Examiner(client, source_ids, search_only=search_only, waits=(0.0, 0.0))
        return await examiner.examine(questions, 2, lambda _: None)


async def test_each_question_is_searched_and_asked_and_its_conversation_deleted(fleet: ScriptedFleet) -> None:
    first, second = await exchanges_of(fleet, VACATION, CHESS)
    assert (first.question, second.question) == (VACATION, CHESS)
    assert first.answer == fleet.answers["Vacation days?"]
    assert first.search_ms is not None
    assert fleet.seen["POST /api/v1/search"] == fleet.seen["POST /api/v1/conversations"] == 2
    assert fleet.conversations == {}


async def test_a_good_answer_s_figures(fleet: ScriptedFleet) -> None:
    [exchange] = await exchanges_of(fleet, VACATION)
    record = judged(exchange, search_only=False)
    figures = record.figures
    assert figures["recall"] == figures["mrr"] == 0.5
    assert figures["answered"] == figures["right"] == figures["facts"] == figures["facts_of_answered"] == 1.0
    assert figures["f1"] == pytest.approx(2 / 5)
    assert figures["exact"] == 0.0
    assert figures["citation_precision"] == 0.5
    assert figures["citation_recall"] == 1.0
    assert figures["citation_expected"] == 1.0  # Travel is known by its external id only, which is looked up
    assert fleet.seen["GET /api/v1/documents/id-Travel"] == 1
    assert fleet.seen["GET /api/v1/documents/id-Vacation"] == 0
    assert [one["expected"] for one in record.ranking] == [False, True]
    assert (record.confidence, record.refused, record.model) == (0.9, False, "extractive")
    assert record.timings_ms["total"] == 10.0


async def test_a_refused_answerable_question_has_no_fact(fleet: ScriptedFleet) -> None:
    fleet.answers["Vacation days?"] = refusal()
    [exchange] = await exchanges_of(fleet, VACATION)
    figures = judged(exchange, search_only=False).figures
    assert figures["answered"] == figures["right"] == figures["facts"] == figures["f1"] == 0.0
    assert "facts_of_answered" not in figures
    assert "citation_precision" not in figures


async def test_an_unanswerable_question_is_to_be_refused(fleet: ScriptedFleet) -> None:
    [exchange] = await exchanges_of(fleet, CHESS)
    assert judged(exchange, search_only=False).figures == {"refused": 1.0}
    fleet.answers["Chess champion?"] = answer("Spassky.")
    [exchange] = await exchanges_of(fleet, CHESS)
    assert judged(exchange, search_only=False).figures == {"refused": 0.0, "citation_recall": 0.0}


@pytest.mark.parametrize(("cites", "right"), [(["Vacation"], 1.0), (["Travel"], 0.0), ([], 0.0)])
async def test_without_facts_an_expected_document_must_be_cited(
    fleet: ScriptedFleet, cites: list[str], right: float
) -> None:
    fleet.answers["Vacation days?"] = answer("27.", cites=cites)
    [exchange] = await exchanges_of(fleet, Question(question="Vacation days?", expected_documents=["Vacation"]))
    assert judged(exchange, search_only=False).figures["right"] == right


async def test_without_facts_and_documents_nobody_can_say_whether_it_is_right(fleet: ScriptedFleet) -> None:
    [exchange] = await exchanges_of(fleet, Question(question="Vacation days?"))
    assert judged(exchange, search_only=False).figures["right"] is None


async def test_a_search_alone_asks_for_no_answer(fleet: ScriptedFleet) -> None:
    [exchange] = await exchanges_of(fleet, VACATION, search_only=True, source_ids=["source-1"])
    assert set(judged(exchange, search_only=True).figures) == {"ndcg", "recall", "mrr"}
    assert fleet.seen["POST /api/v1/conversations"] == 0
    assert fleet.filters == [{"source_ids": ["source-1"]}]


async def test_an_answer_that_fails_is_counted_as_zero(fleet: ScriptedFleet) -> None:
    fleet.answers["Vacation days?"] = fleet.answers["Chess champion?"] = "The model is away."
    exchanges = await exchanges_of(fleet, VACATION, CHESS)
    vacation, chess = (judged(exchange, search_only=False) for exchange in exchanges)
    assert vacation.error == chess.error == "The answer failed: The model is away."
    assert vacation.figures["recall"] == 0.5
    assert vacation.figures["answered"] == vacation.figures["facts"] == 0.0
    assert chess.figures == {"refused": 0.0}
    assert (vacation.refused, vacation.confidence) == (None, None)
    assert fleet.conversations == {}


async def test_a_search_that_fails_is_counted_as_zero(fleet: ScriptedFleet) -> None:
    fleet.refusals["/api/v1/search"] = deque([httpx2.Response(500, json={"detail": "Broken."})])
    first, second = await exchanges_of(fleet, VACATION, CHESS)
    assert first.error == "/api/v1/search answered 500: Broken."
    assert judged(first, search_only=False).figures["ndcg"] == 0.0
    assert second.error == ""


async def test_a_busy_fleet_is_asked_again(fleet: ScriptedFleet) -> None:
    busy = [httpx2.Response(429, headers={"Retry-After": "0"}), httpx2.Response(503, headers={"Retry-After": "soon"})]
    fleet.refusals["/api/v1/search"] = deque(busy)
    [exchange] = await exchanges_of(fleet, VACATION)
    assert exchange.error == ""
    fleet.refusals["/api/v1/conversations"] = deque(httpx2.Response(503, json={"detail": "Busy."}) for _ in range(3))
    [exchange] = await exchanges_of(fleet, VACATION)
    assert exchange.error == "/api/v1/conversations answered 503: Busy."


async def test_a_fleet_that_goes_away_ends_the_run() -> None:
    def away(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(away), base_url="http://fleet") as http:
        examiner = Examiner(AskFlashClient(http), waits=(0.0,))
        with pytest.raises(FleetAwayError, match="is the fleet running"):
            await examiner.examine([VACATION, CHESS], 2, lambda _: None)


async def test_a_stream_that_ends_early_is_an_error(fleet: ScriptedFleet) -> None:
    path = "/api/v1/answers/a-c1/events"
    fleet.refusals[path] = deque([httpx2.Response(200, text='data: {"type": "status", "position": "1"}\n\n')])
    fleet.refusals[path] *= 5
    [exchange] = await exchanges_of(fleet, VACATION)
    assert "broke off" in exchange.error


async def test_an_answer_that_takes_too_long_is_given_up(fleet: ScriptedFleet) -> None:
    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    fleet.refusals["/api/v1/answers/a-c1/events"] = deque([httpx2.Response(200, content=never())])
    async with client_of(fleet) as client:
        [exchange] = await Examiner(client, answer_seconds=0.01).examine([VACATION], 1, lambda _: None)
    assert exchange.error == "No answer within 0.01 s."
    assert exchange.hits
    assert fleet.conversations == {}


async def test_a_login_that_ran_out_is_renewed_once_for_all(fleet: ScriptedFleet) -> None:
    async with client_of(fleet) as client:
        await client.sign_in("a@b.c", PASSWORD)
        fleet.token = "another"
        await Examiner(client).examine([VACATION, CHESS], 2, lambda _: None)
    assert fleet.seen["POST /api/v1/auth/token"] == 2


async def test_a_source_is_found_by_its_name(fleet: ScriptedFleet) -> None:
    async with client_of(fleet) as client:
        assert await shown_fleet.source_id(client, "Handbook") == "source-1"
        with pytest.raises(FleetError, match=r"No source is called “Wiki”. There are: Handbook."):
            await shown_fleet.source_id(client, "Wiki")


async def test_the_run_is_kept_with_what_the_fleet_shows(fleet: ScriptedFleet) -> None:
    async with client_of(fleet) as client:
        shown = await shown_fleet.shown(client, VACATION)
    assert shown == {
        "version": "1.2.3",
        "status": "ok",
        "index": "7",
        "search dense_weight": "0.5",
        "search reranked": "no",
    }
