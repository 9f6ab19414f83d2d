"""An answer is given again to the same question, and never across permissions, never of pages that have changed."""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ai_main_service.services.same_question import may_be_same, normalised
from flash_core.interfaces.search import SearchInterface
from flash_core.models.conversation import Role
from flash_core.models.user import Principal
from flash_core.schemas.ai import IntentResponse, QuestionKind
from flash_core.schemas.chat import Turn, WrittenAnswer
from flash_core.schemas.search import SearchFilters, SearchHit, SearchRequest, SearchResponse
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeIntent, FakeSearch, ScriptedProvider
from flash_core.testing.cross_encoders import FakeEntailment
from flash_core.testing.fakes import FakeSingleFlight
from flash_core.testing.waiting import eventually
from flash_core.utils.ids import new_id
from tests.unit.ai_main_service.builders import TRAVEL, Desk, hit, settings
from tests.unit.ai_main_service.test_extractive import NoVectors

SAID = "Employees get 25 days of leave a year. [1]"
QUESTION = "How many days of leave?"


@dataclass
class Counting(ScriptedProvider):
    """How many answers were being written when each was begun."""

    at_once: list[int] = field(default_factory=list)

    async def stream(self, request: Any) -> Any:
        self.at_once.append(len(self.requests) + 1 - self.closed)
        async for item in super().stream(request):
            await asyncio.sleep(0)
            yield item


@dataclass
class Office:
    """Questions, one after the other, to workers that share a cache and a model."""

    hits: list[SearchHit] = field(
        default_factory=lambda: [hit(version="v1"), hit(TRAVEL, title="Travel", version="v1")]
    )
    model: ScriptedProvider = field(default_factory=lambda: ScriptedProvider([SAID]))
    flights: FakeSingleFlight = field(default_factory=FakeSingleFlight)
    changes: dict[str, Any] = field(default_factory=dict)

    def desk(self, question: str = QUESTION, *, intent: IntentResponse | None = None, **asked: Any) -> Desk:
        return Desk(
            leases=FakeGenerationLeases(question=question, **asked),
            search=FakeSearch(list(self.hits)),
            intent=FakeIntent(intent),
            providers=[self.model],
            flights=self.flights,
            settings=settings(**self.changes),
        )

    async def ask(self, question: str = QUESTION, **asked: Any) -> WrittenAnswer:
        desk = self.desk(question, **asked)
        answer = await desk.answer()
        assert answer.content == desk.shown
        return answer


async def test_the_same_question_is_answered_once() -> None:
    office = Office()
    first, second = await office.ask(), await office.ask("  how many DAYS of leave ")
    assert (first.cached, second.cached) == (False, True)
    assert (second.content, second.citations) == (first.content, first.citations)
    assert second.grounded
    assert second.model == first.model
    assert second.usage.prompt_tokens == 0
    assert second.confidence == 0.9
    assert len(office.model.requests) == 1


async def test_what_is_given_again_comes_as_frames_too() -> None:
    office = Office()
    await office.ask()
    desk = office.desk()
    await desk.answer()
    assert [frame["type"] for frame in desk.frames if frame["type"] != "status"] == ["sources", "delta"]


async def test_sources_are_as_they_are_now() -> None:
    office = Office()
    await office.ask()
    office.hits = [office.hits[0].model_copy(update={"title": "Leave, renamed"}), office.hits[1]]
    answer = await office.ask()
    assert answer.cached
    assert answer.sources[0].title == "Leave, renamed"


async def test_a_question_of_the_same_meaning_gets_the_same_answer() -> None:
    office = Office()
    await office.ask("how many days of leave do we get here in this company")
    assert (await office.ask("how many days of leave do we get in this company here")).cached
    assert not (await office.ask("how many days of travel do we get here in this company")).cached
    assert not (await office.ask("how many days of leave do we not get here in this company")).cached


@pytest.mark.parametrize(
    "asked",
    [
        {"groups": ["hr"]},
        {"filters": SearchFilters(source_ids=[new_id()])},
        {"regenerated": True},
        {"history": [Turn(role=Role.USER, content="Hello")]},
        {"intent": IntentResponse(kind=QuestionKind.FOLLOW_UP, standalone_question=QUESTION)},
        {"intent": IntentResponse(kind=QuestionKind.DOCUMENTATION, standalone_question=QUESTION, language="de")},
        {"question": "How many days of leave in 2025?"},
    ],
)
async def test_another_asker_language_filter_or_wish_is_another_question(asked: dict[str, Any]) -> None:
    office = Office()
    await office.ask()
    assert not (await office.ask(**asked)).cached
    assert len(office.model.requests) == 2


@pytest.mark.parametrize("changes", [{"ai_passages": 5}, {"ai_strict_citations": True}, {"ai_answer_cache_seconds": 0}])
async def test_another_setting_writes_another_answer(changes: dict[str, Any]) -> None:
    office = Office()
    await office.ask()
    office.changes = changes
    assert not (await office.ask()).cached


async def test_other_settings_or_models_of_the_search_or_the_check_write_another_answer() -> None:
    office = Office()
    await office.ask()
    searched, checked = office.desk(), office.desk()
    searched.search.made_by = "another reranker"
    checked.entailment = FakeEntailment()
    assert not (await searched.answer()).cached
    assert not (await checked.answer()).cached
    assert (await office.ask()).cached


async def test_a_changed_limit_of_refusal_holds_for_remembered_answers_too() -> None:
    office = Office()
    await office.ask()
    office.changes = {"ai_refuse_below": 0.95}
    assert (await office.ask()).refusal


async def test_a_regenerated_answer_takes_the_place_of_the_first() -> None:
    office = Office()
    await office.ask()
    office.model.pieces = ["Part-timers get leave in proportion to their hours. [1]"]
    again = await office.ask(regenerated=True)
    assert not again.cached
    assert (await office.ask()).content == again.content


@pytest.mark.parametrize(
    ("said", "hits"),
    [
        ("NOT IN DOCUMENTATION", [hit(version="v1")]),
        ("Employees get 30 days of leave a year. [1]", [hit(version="v1")]),
        ("Employees get 25 days of leave a year.", [hit(version="v1")]),
        (SAID, [hit(version="")]),
    ],
)
async def test_refusals_and_what_nothing_proves_are_not_kept(said: str, hits: Sequence[SearchHit]) -> None:
    office = Office(hits=list(hits), model=ScriptedProvider([said]))
    await office.ask()
    assert not (await office.ask()).cached


@pytest.mark.parametrize("feature", ["degraded", "rerank_missed"])
async def test_what_a_degraded_search_found_is_not_kept(feature: str) -> None:
    office = Office()
    desk = office.desk()
    desk.search.features = {feature: 1.0}
    await desk.answer()
    assert office.flights.cache.values == {}


async def test_those_who_ask_at_the_same_moment_wait_for_one_answer() -> None:
    office = Office()
    answers = await asyncio.gather(*(office.ask() for _ in range(5)))
    assert sorted(answer.cached for answer in answers) == [False, True, True, True, True]
    assert len(office.model.requests) == 1


async def test_those_who_waited_look_again_before_they_are_given_anything() -> None:
    office = Office(model=ScriptedProvider([SAID], hangs=True))
    leader, follower = office.desk(), office.desk()
    leading = asyncio.create_task(leader.answer())
    await eventually(lambda: office.model.requests)
    following = asyncio.create_task(follower.answer())
    await eventually(lambda: follower.frames[-1:] == [{"type": "status", "stage": "writing", "detail": ""}])
    follower.search.hits = []
    office.model.hangs = False
    office.model.go_on.set()
    assert (await asyncio.wait_for(leading, 5)).grounded
    answer = await asyncio.wait_for(following, 5)
    assert answer.refusal
    assert SAID not in answer.content
    assert answer.sources == []


async def test_what_may_not_be_given_again_is_not_written_by_all_at_once() -> None:
    model = Counting(["NOT IN DOCUMENTATION"])
    office = Office(model=model)
    answers = await asyncio.gather(*(office.ask() for _ in range(5)))
    assert all(answer.refusal for answer in answers)
    assert model.at_once[:2] == [1, 1]


async def test_those_who_waited_for_an_answer_that_was_stopped_write_their_own() -> None:
    office = Office(model=ScriptedProvider([SAID], hangs=True))
    leader, follower = office.desk(), office.desk()
    leading = asyncio.create_task(leader.answer())
    await eventually(lambda: office.model.requests)
    following = asyncio.create_task(follower.answer())
    await eventually(lambda: follower.search.asked)
    office.model.hangs = False
    leader.leases.cancel_requested = True
    await asyncio.wait_for(leading, 5)
    assert (await asyncio.wait_for(following, 5)).content == SAID


async def test_without_vectors_only_the_same_words_are_the_same_question() -> None:
    office = Office()
    await office.ask()
    desk = office.desk("days of leave: how many?")
    desk.embeddings = NoVectors()  # type: ignore[assignment]  # another fake of the same interface
    assert not (await desk.answer()).cached


async def test_what_another_version_has_written_is_as_good_as_nothing() -> None:
    office = Office()
    await office.ask()
    office.flights.cache.values = dict.fromkeys(office.flights.cache.values, b"\xc1")
    office.model.pieces = [SAID]
    assert not (await office.ask("Quite another question of leave?")).cached


def test_questions_are_the_same_whatever_their_case_and_punctuation() -> None:
    assert normalised(" What's  LEAVE?! ") == normalised("what's leave")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("How do I request leave?", "Hello, could you tell me how I request the leave", False),
        ("How do I request leave?", "Quick question: how do I request the leave", True),
        ("What's the rule for hotels?", "Please tell me: what is the rule for hotel?", True),
        ("How do I move from Jira to Confluence?", "How do I move from Confluence to Jira?", False),
        ("What is the port for inbound traffic?", "What is the port for outbound traffic?", False),
        ("What is the notice during probation?", "What is the notice outside probation?", False),
        ("Can I see their salary?", "Can they see my salary?", False),
        ("Who was the head of security?", "Who is the head of security?", False),
        ("What is C?", "What is C++?", False),
        ("What is the limit for 2024?", "What is the limit for 2025?", False),
        ("What is allowed in Berlin?", "What is allowed in Oslo?", False),
        ("Which hotels are allowed?", "Which hotels are not allowed?", False),
        ("What happens before the audit?", "What happens after the audit?", False),
        ("Who approves travel?", "When is travel approved?", False),
    ],
)
def test_words_say_when_questions_are_not_the_same(one: str, other: str, same: bool) -> None:
    assert may_be_same(one, other, "en") is same


def test_a_german_article_says_who_does_what_to_whom() -> None:
    one, other = "Kann der Mieter dem Vermieter kündigen?", "Kann dem Mieter der Vermieter kündigen?"
    assert not may_be_same(one, other, "de")
    assert not may_be_same("Wie melde ich mich an?", "Wie melde ich mich ab?", "de")
    assert may_be_same(one, "Können Sie mir sagen, " + one, "de")


# Whatever is changed, asked, closed and deleted in whatever order, by however many at once


GROUPS = ("hr", "it")
SUBJECTS = ("leave", "training")
FACT = "Employees of {} get {} days of {} a year."
PLACES = ("Berlin", "Vienna")


@dataclass
class Library(SearchInterface):
    """Two pages about both subjects: each has a number, which makes its version, and the groups that may read it; it
    may be gone.
    """

    numbers: list[int] = field(default_factory=lambda: [20, 20])
    readers: list[set[str]] = field(default_factory=lambda: [set(GROUPS), set(GROUPS)])
    there: list[bool] = field(default_factory=lambda: [True, True])
    chunks: list[UUID] = field(default_factory=lambda: [new_id(), new_id()])
    index: int = 0

    def readable(self, groups: Collection[str]) -> list[int]:
        return [at for at in (0, 1) if self.there[at] and not self.readers[at].isdisjoint(groups)]

    def fact(self, at: int, subject: str) -> str:
        return FACT.format(PLACES[at], self.numbers[at], subject)

    def page(self, at: int) -> SearchHit:
        text = " ".join(self.fact(at, subject) for subject in SUBJECTS)
        return hit(text, chunk_id=self.chunks[at], version=f"v{self.numbers[at]}")

    async def search(self, request: SearchRequest, principal: Principal) -> SearchResponse:
        pages = [self.page(at) for at in self.readable(principal.groups)]
        await asyncio.sleep(0)  # others may change something, or ask, meanwhile
        sure = 0.9 if pages else 0.0
        return SearchResponse(hits=pages, timings_ms={}, answerable=sure, index_version=str(self.index))


@dataclass
class Repeating(ScriptedProvider):
    """Writes what its passages say about the subject of the question, each with its marker."""

    async def stream(self, request: Any) -> Any:
        subject = next(one for one in SUBJECTS if one in request.question)
        said = [(one.marker, sentence) for one in request.passages for sentence in one.text.split(". ")]
        self.pieces = [f"{sentence.strip('.')}. [{marker}] " for marker, sentence in said if subject in sentence]
        async for item in super().stream(request):
            await asyncio.sleep(0)
            yield item


class Answers(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.library = Library()
        self.flights = FakeSingleFlight()

    @rule(at=st.integers(0, 1), number=st.integers(20, 22))
    def change(self, at: int, number: int) -> None:
        self.library.numbers[at] = number
        self.library.index += 1

    @rule(at=st.integers(0, 1), group=st.sampled_from(GROUPS), may_read=st.booleans())
    def permit(self, at: int, group: str, may_read: bool) -> None:
        (self.library.readers[at].add if may_read else self.library.readers[at].discard)(group)
        self.library.index += 1

    @rule(at=st.integers(0, 1), there=st.booleans())
    def delete(self, at: int, there: bool) -> None:
        self.library.there[at] = there
        self.library.index += 1

    @rule(
        asked=st.lists(
            st.tuples(st.sampled_from(("How many days of {}?", "how many days of {}")), st.sampled_from(SUBJECTS)),
            min_size=1,
            max_size=2,
        ),
        first=st.sampled_from(GROUPS),
        at_once=st.booleans(),
    )
    def ask(self, asked: list[tuple[str, str]], first: str, at_once: bool) -> None:
        """Everybody, one after the other or all at once: what they get is what they may read now."""
        groups = sorted(GROUPS, key=lambda one: one != first)
        askers = [(words.format(subject), subject, group) for words, subject in asked for group in groups]

        async def answers() -> list[WrittenAnswer]:
            writing = [self.answer(question, group) for question, _, group in askers]
            return list(await asyncio.gather(*writing)) if at_once else [await one for one in writing]

        for (_, subject, group), answer in zip(askers, asyncio.run(answers()), strict=True):
            pages = self.library.readable([group])
            assert bool(answer.refusal) == (not pages)
            said = [sentence.strip() for sentence in re.split(r"\[\d\]", answer.content)[:-1]]
            assert not pages or said == [self.library.fact(at, subject) for at in pages]
            assert [source.text for source in answer.sources] == [self.library.page(at).text for at in pages]

    async def answer(self, question: str, group: str) -> WrittenAnswer:
        leases = FakeGenerationLeases(question=question, groups=[group])
        desk = Desk(leases=leases, providers=[Repeating()], flights=self.flights)
        desk.search = self.library  # type: ignore[assignment]  # another fake of the same interface
        return await desk.answer()


TestAnswers = Answers.TestCase
TestAnswers.settings = profile(
    max_examples=20, stateful_step_count=15, deadline=None, phases=(Phase.explicit, Phase.generate)
)
