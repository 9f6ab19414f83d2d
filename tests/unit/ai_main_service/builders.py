"""Passages, hits and workers with as little to say as a test needs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ai_main_service.config import AiMainSettings
from ai_main_service.providers.extractive import ExtractiveProvider
from ai_main_service.services.entailment import WordsAndVectors
from ai_main_service.services.generation_worker import GenerationWorker
from flash_core.interfaces.ai_provider import AIProviderInterface, GroundingPassage
from flash_core.interfaces.answer_log import BEGINNING
from flash_core.interfaces.entailment import EntailmentInterface
from flash_core.messaging.events import QuestionAccepted
from flash_core.schemas.chat import WrittenAnswer
from flash_core.schemas.search import SearchHit
from flash_core.testing.ai_fakes import FakeGenerationLeases, FakeIntent, FakeSearch, FakeVisibleDocuments
from flash_core.testing.fakes import FakeAnswerLog, FakeBroadcast, FakeEmbeddingProvider, FakeSingleFlight
from flash_core.utils.clock import SystemClock
from flash_core.utils.ids import new_id
from flash_core.web.problems import problem_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LEAVE = (
    "# Annual leave\n\nEmployees get 25 days of leave a year. Part-timers get leave in proportion to their hours.\n\n"
    "To request leave:\n\n1. Open the leave portal.\n2. Choose the days.\n3. Send the request to your manager.\n"
)
TRAVEL = "Travel is booked in Concur. Flights need the approval of your manager."


def passage(
    text: str = LEAVE, *, marker: int = 1, title: str = "Leave", heading: str = "", score: float = 1.0
) -> GroundingPassage:
    return GroundingPassage(marker, title, ("HR",), heading, text, score)


def hit(text: str = LEAVE, **changes: Any) -> SearchHit:
    values: dict[str, Any] = {
        "document_id": new_id(),
        "external_id": "leave.md",
        "chunk_id": new_id(),
        "source_id": new_id(),
        "provider": "folder",
        "title": "Leave",
        "path": ["HR"],
        "heading": "Annual leave",
        "url": "https://wiki.example/leave",
        "text": text,
        "start": 0,
        "end": len(text),
        "score": 0.9,
        "updated_at": NOON,
    }
    return SearchHit(**values | changes)


def settings(**changes: Any) -> AiMainSettings:
    values: dict[str, Any] = {"internal_key": "k" * 32, "ai_retry_seconds": 0, "ai_heartbeat_seconds": 0.01}
    return AiMainSettings(**values | changes)


@dataclass
class Desk:
    """One worker with everything around it faked; `frames` is what a reader saw."""

    leases: FakeGenerationLeases = field(default_factory=FakeGenerationLeases)
    search: FakeSearch = field(
        default_factory=lambda: FakeSearch([hit(), hit(TRAVEL, title="Travel")], {"dense_top": 0.7})
    )
    documents: FakeVisibleDocuments = field(default_factory=FakeVisibleDocuments)
    intent: FakeIntent = field(default_factory=FakeIntent)
    providers: Sequence[AIProviderInterface] | None = None
    answers: FakeAnswerLog = field(default_factory=FakeAnswerLog)
    broadcast: FakeBroadcast = field(default_factory=FakeBroadcast)
    embeddings: FakeEmbeddingProvider = field(default_factory=FakeEmbeddingProvider)
    entailment: EntailmentInterface | None = None
    flights: FakeSingleFlight = field(default_factory=FakeSingleFlight)
    settings: AiMainSettings = field(default_factory=settings)

    def worker(self) -> GenerationWorker:
        providers = [ExtractiveProvider(self.embeddings)] if self.providers is None else self.providers
        return GenerationWorker(
            leases=self.leases,
            answers=self.answers,
            broadcast=self.broadcast,
            intent=self.intent,
            search=self.search,
            documents=self.documents,
            providers=providers,
            embeddings=self.embeddings,
            entailment=self.entailment or WordsAndVectors(self.embeddings),
            cache=self.flights.cache,
            flights=self.flights,
            prompts={"answer.v2": "Answer from the passages.", "general.v1": "Answer."},
            clock=SystemClock(),
            describe=problem_of,
            settings=self.settings,
            name="worker-1",
        )

    async def answer(self) -> WrittenAnswer:
        """Run the generation to its end and return the stored answer."""
        await self.worker().answer(self.event())
        return self.leases.outcomes[-1].answer

    def event(self) -> QuestionAccepted:
        return QuestionAccepted(conversation_id=self.leases.conversation_id, generation_id=self.leases.generation_id)

    @property
    def frames(self) -> list[dict[str, Any]]:
        logged = self.answers.logs.get(self.leases.generation_id, [])
        return [json.loads(one.frame) for one in logged if one.position > BEGINNING]

    @property
    def shown(self) -> str:
        """The text of the deltas since the last reset."""
        text = ""
        for frame in self.frames:
            text = "" if frame["type"] == "reset" else text + frame.get("text", "")
        return text
