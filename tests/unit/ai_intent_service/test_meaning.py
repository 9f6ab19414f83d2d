"""What the rules are unsure of is compared with exemplars, and with what the conversation is about."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from ai_intent_service.composition import EXEMPLARS, read_exemplars
from ai_intent_service.services.exemplars import measure_of, parsed
from ai_intent_service.services.meaning_analyser import MeaningAnalyser
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.embedding import Priority, Purpose, Vectors
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, QuestionKind
from flash_core.schemas.chat import Turn
from flash_core.testing.fakes import FakeEmbeddingProvider, FrozenClock
from flash_core.testing.waiting import eventually
from flash_core.utils.tasks import end

CLOCK = FrozenClock(datetime(2026, 11, 23, 10, tzinfo=UTC))
TEXTS = {
    QuestionKind.GREETING: ["a splendid morning to everybody here", "a splendid morning to all my friends"],
    QuestionKind.ABOUT: ["which powers do you command exactly", "which powers do you possess today"],
    QuestionKind.GENERAL: ["recite some limericks on cats", "recite several limericks on dogs"],
    QuestionKind.UNSAFE: ["concoct dangerous potions tonight", "concoct dangerous mixtures quickly"],
    QuestionKind.DOCUMENTATION: ["where is leave requested", "who approves travel expenses"],
}


class Embeddings(FakeEmbeddingProvider):
    """`away`: it fails. `gate`: what is not urgent waits for it."""

    def __init__(self) -> None:
        super().__init__(dimension=512)
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        if self.away:
            raise UpstreamUnavailableError("away")
        if priority is Priority.BULK:
            await self.gate.wait()
        return await super().embed(texts, purpose=purpose, priority=priority)


async def analyser(embeddings: Embeddings) -> MeaningAnalyser:
    meaning = MeaningAnalyser(embeddings, TEXTS, CLOCK)
    await meaning.prepare()
    embeddings.calls.clear()
    return meaning


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("a splendid morning to all", QuestionKind.GREETING),
        ("which powers do you command", QuestionKind.ABOUT),
        ("which powers does the board command", QuestionKind.DOCUMENTATION),
        ("concoct dangerous potions quickly", QuestionKind.UNSAFE),
        ("recite limericks on dogs", QuestionKind.GENERAL),
        ("who approves travel", QuestionKind.DOCUMENTATION),
        ("what is the weight of a bicycle", QuestionKind.DOCUMENTATION),
        ("who approves dangerous travel expenses", QuestionKind.DOCUMENTATION),
    ],
)
async def test_a_question_is_of_the_kind_that_it_is_near_to_and_nearer_than_to_documentation(
    question: str, kind: QuestionKind
) -> None:
    assert (await (await analyser(Embeddings())).analyse(IntentRequest(question=question))).kind is kind


async def test_what_the_rules_are_sure_of_and_other_languages_cost_no_vectors() -> None:
    embeddings = Embeddings()
    meaning = await analyser(embeddings)
    for question in ("Hello!", "Wie beantrage ich meinen Urlaub?"):
        await meaning.analyse(IntentRequest(question=question))
    assert embeddings.calls == []


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("Does the travel card count?", True),
        ("Does a standing desk count?", False),
        ("And the desk?", True),
        ("What's the deadline?", True),
    ],
)
async def test_a_question_that_may_lean_does_so_on_what_it_is_near_to(question: str, *, leans: bool) -> None:
    history = [Turn(role=Role.USER, content="Where is the travel card?"), Turn(role=Role.ASSISTANT, content="There.")]
    answer = await (await analyser(Embeddings())).analyse(IntentRequest(question=question, history=history))
    assert answer.kind is (QuestionKind.FOLLOW_UP if leans else QuestionKind.DOCUMENTATION)
    assert ("travel card" in answer.standalone_question) is leans


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("And which powers do you command exactly?", QuestionKind.FOLLOW_UP),
        ("And recite several limericks on dogs!", QuestionKind.FOLLOW_UP),
        ("Which powers do you command exactly?", QuestionKind.ABOUT),
        ("And concoct dangerous mixtures quickly!", QuestionKind.UNSAFE),
    ],
)
async def test_what_goes_on_with_the_conversation_is_about_that(question: str, kind: QuestionKind) -> None:
    history = [Turn(role=Role.USER, content="Where is the travel card?")]
    answer = await (await analyser(Embeddings())).analyse(IntentRequest(question=question, history=history))
    assert answer.kind is kind


REQUEST = IntentRequest(question="a splendid morning to all")


def exemplar_calls(embeddings: Embeddings) -> int:
    return [priority for _, _, priority in embeddings.calls].count(Priority.BULK)


async def test_the_exemplars_are_embedded_once_a_model_and_behind_people_who_wait() -> None:
    embeddings = Embeddings()
    meaning = MeaningAnalyser(embeddings, TEXTS, CLOCK, check_seconds=0.001)
    worker = asyncio.create_task(meaning.run())
    try:
        await eventually(lambda: exemplar_calls(embeddings) == 1)
        assert (await meaning.analyse(REQUEST)).kind is QuestionKind.GREETING
        embeddings.name = "another"
        await eventually(lambda: exemplar_calls(embeddings) == 2)
    finally:
        await end([worker])
    assert exemplar_calls(embeddings) == 2


async def test_exemplars_that_could_not_be_embedded_are_embedded_as_soon_as_that_can_be() -> None:
    embeddings = Embeddings()
    embeddings.away = True
    meaning = MeaningAnalyser(embeddings, TEXTS, CLOCK, check_seconds=0.001)
    worker = asyncio.create_task(meaning.run())
    try:
        with pytest.raises(UpstreamUnavailableError):
            await meaning.analyse(REQUEST)
        embeddings.away = False
        await eventually(lambda: exemplar_calls(embeddings) == 1)
        assert (await meaning.analyse(REQUEST)).kind is QuestionKind.GREETING
    finally:
        await end([worker])


async def test_nobody_waits_for_the_exemplars() -> None:
    embeddings = Embeddings()
    embeddings.gate.clear()
    meaning = MeaningAnalyser(embeddings, TEXTS, CLOCK)
    worker = asyncio.create_task(meaning.run())
    try:
        with pytest.raises(UpstreamUnavailableError, match="yet"):
            await meaning.analyse(REQUEST)
    finally:
        await end([worker])


async def test_vectors_of_another_model_are_not_compared() -> None:
    embeddings = Embeddings()
    meaning = await analyser(embeddings)
    embeddings.dimension = 64
    with pytest.raises(UpstreamUnavailableError, match="another model"):
        await meaning.analyse(REQUEST)


def test_limits_follow_the_model_s_own_cosines() -> None:
    """A model that sees everything near everything else is not taken for one that is sure."""
    generator = np.random.default_rng(7)
    common = np.ones(64) * 3
    vectors = {kind: _unit(generator.normal(size=(6, 64)) + common) for kind in TEXTS}
    measure = measure_of(vectors)
    [stranger, known] = _unit(np.stack([generator.normal(size=64) + common, vectors[QuestionKind.UNSAFE][0] * 10]))
    assert float(stranger @ known) > 0.7
    assert measure.kind_of(stranger, [QuestionKind.UNSAFE]) is QuestionKind.DOCUMENTATION
    assert not measure.is_on_topic(stranger, known)


def _unit(rows: NDArray[np.float64]) -> Vectors:
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_exemplars_are_read_by_kind_without_comments() -> None:
    read = parsed("# A comment.\n\n[greeting]\nhi there\n\n[unsafe]\n# Another.\nobey me\nforget it\n")
    assert read == {QuestionKind.GREETING: ["hi there"], QuestionKind.UNSAFE: ["obey me", "forget it"]}


def test_the_packaged_exemplars_cover_every_kind_once() -> None:
    packaged = read_exemplars(EXEMPLARS)
    assert set(packaged) == set(QuestionKind) - {QuestionKind.FOLLOW_UP}
    texts = [text for some in packaged.values() for text in some]
    assert len(texts) == len(set(texts)) > 150
