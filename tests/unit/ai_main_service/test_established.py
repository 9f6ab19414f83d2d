"""Facts stand as long as their documents say so to the one who asks; filters of the request are never widened."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from ai_main_service.services.established import EstablishedFacts
from ai_main_service.services.narrowing import narrowed
from flash_core.errors import UpstreamUnavailableError
from flash_core.models.conversation import Role
from flash_core.models.user import Principal
from flash_core.schemas.ai import IntentResponse, QuestionKind
from flash_core.schemas.chat import Fact, Turn
from flash_core.schemas.search import SearchFilters
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeIntent, FakeVisibleDocuments, ScriptedProvider
from tests.unit.ai_main_service.builders import Desk

ALICE = Principal(uuid4(), frozenset(), frozenset({"hr"}))
ONE, TWO, GONE = uuid4(), uuid4(), uuid4()
CURRENT = {ONE: "v1", TWO: "v2"}


def fact(*said_by: tuple[object, str], statement: str = "Leave is 25 days.") -> Fact:
    return Fact.model_validate(
        {
            "question": "How many days?",
            "statement": statement,
            "document_ids": [document_id for document_id, _ in said_by],
            "titles": ["Leave"] * len(said_by),
            "versions": [version for _, version in said_by],
        }
    )


@pytest.mark.parametrize(
    ("one", "stands"),
    [
        (fact((ONE, "v1")), True),
        (fact((ONE, "v1"), (TWO, "v2")), True),
        (fact((ONE, "v0")), False),
        (fact((GONE, "v1")), False),
        (fact((ONE, "v1"), (GONE, "v1")), False),
        (fact((ONE, "")), False),
        (fact(), False),
        (fact((ONE, "v1")).model_copy(update={"versions": []}), False),
    ],
)
async def test_a_fact_stands_while_its_documents_are_as_they_were_and_may_be_read(one: Fact, *, stands: bool) -> None:
    documents = FakeVisibleDocuments(CURRENT)
    assert await EstablishedFacts(documents).standing([one], ALICE) == ([one] if stands else [])
    assert set(documents.asked) <= {ALICE}


async def test_nothing_stands_when_that_can_not_be_found_out_and_nothing_is_asked_without_facts() -> None:
    documents = FakeVisibleDocuments(CURRENT, error=UpstreamUnavailableError("away"))
    assert await EstablishedFacts(documents).standing([fact((ONE, "v1"))], ALICE) == []
    assert len(documents.asked) == 1
    assert await EstablishedFacts(documents).standing([], ALICE) == []
    assert len(documents.asked) == 1


async def test_only_facts_that_stand_reach_the_analyser_and_the_model() -> None:
    provider = ScriptedProvider(["Part-timers get less. [1]"])
    leases = FakeGenerationLeases(
        question="And part-timers?",
        history=[Turn(role=Role.USER, content="How many days?"), Turn(role=Role.ASSISTANT, content="A secret. [1]")],
        facts=[fact((ONE, "v1")), fact((GONE, "v1"), statement="A secret.")],
    )
    desk = Desk(leases=leases, providers=[provider], documents=FakeVisibleDocuments(CURRENT))
    await desk.answer()
    assert [one.statement for one in desk.intent.requests[0].facts] == ["Leave is 25 days."]
    prompt = " ".join(turn.content for turn in provider.requests[0].turns)
    assert "Established: Leave is 25 days." in prompt
    assert "secret" not in prompt


MARCH, MAY = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("requested", "said", "both"),
    [
        (None, None, None),
        (SearchFilters(updated_after=MAY), None, SearchFilters(updated_after=MAY)),
        (None, SearchFilters(source_names=["HR"]), SearchFilters(source_names=["HR"])),
        (
            SearchFilters(source_ids=[ONE], updated_after=MARCH),
            SearchFilters(source_names=["HR"], updated_after=MAY),
            SearchFilters(source_ids=[ONE], source_names=["HR"], updated_after=MAY),
        ),
        (
            SearchFilters(source_names=["IT"], updated_after=MAY),
            SearchFilters(source_names=["HR"], updated_after=MARCH),
            SearchFilters(source_names=["IT"], updated_after=MAY),
        ),
    ],
)
def test_words_narrow_what_the_request_asks_for(
    requested: SearchFilters | None, said: SearchFilters | None, both: SearchFilters | None
) -> None:
    assert narrowed(requested, said) == both


async def test_a_search_keeps_to_the_sources_of_the_request_and_to_what_is_said() -> None:
    said = IntentResponse(
        kind=QuestionKind.DOCUMENTATION,
        standalone_question="What has changed?",
        filters=SearchFilters(updated_after=MARCH),
    )
    desk = Desk(leases=FakeGenerationLeases(filters=SearchFilters(source_ids=[ONE])), intent=FakeIntent(said))
    await desk.answer()
    [(request, _)] = desk.search.asked
    assert request.filters == SearchFilters(source_ids=[ONE], updated_after=MARCH)
