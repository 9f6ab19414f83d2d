"""How sure a search is, by what is usual in each source."""

from random import Random
from uuid import UUID, uuid4

import pytest

from documentation_service.interfaces import Alternatives, Calibration, LiveDocument
from documentation_service.services.calibrating import SourceCalibration
from documentation_service.services.calibration import (
    USUAL_COSINE,
    AskedWords,
    assess,
    usual_cosine,
)
from documentation_service.services.calibration_book import CalibrationBook
from documentation_service.services.pseudo_questions import pseudo_question
from documentation_service.services.ranking import Found
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.vector_store import VectorStoreInterface
from flash_core.models.vector import VectorHit
from flash_core.testing.fakes import FakeEmbeddingProvider, FrozenClock
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import NOON, embedded, index_of, published, source

SOURCE = uuid4()
LEAVE = "Annual leave is requested in the staff portal at least two weeks before the first day away from work."


def found(text: str, cosine: float | None, source_id: UUID = SOURCE) -> Found:
    document = LiveDocument(uuid4(), source_id, "a.md", "folder", "Leave", (), None, frozenset(), "v1", NOON)
    scores = {"keyword": 1.0} if cosine is None else {"dense": cosine}
    return Found(VectorHit(uuid4(), 1.0, {"text": text, "heading": ""}, scores), document, 1.0)


def usual(cosine: float, *, questions: int = 100, frequencies: dict[str, int] | None = None) -> Calibration:
    return Calibration(SOURCE, 1, questions, cosine, 100, frequencies or {}, NOON)


def probability(question: AskedWords, hits: list[Found], calibrations: dict[UUID, Calibration]) -> float:
    return assess([question], hits, calibrations).probability


def asked(text: str, *alternatives: Alternatives) -> AskedWords:
    return AskedWords.of(text, "en", alternatives)


def test_nothing_found_answers_nothing() -> None:
    assessment = assess([asked("annual leave")], [], {})
    assert (assessment.coverage, assessment.nearness, assessment.calibrated) == (0.0, None, False)
    assert assessment.probability < 0.05


def test_a_near_passage_with_the_words_asked_for_is_surer_than_a_far_one_without() -> None:
    question = asked("how is annual leave requested")
    sure = probability(question, [found(LEAVE, 0.6)], {})
    unsure = probability(question, [found("Penguins live in the south.", 0.2)], {})
    assert unsure < 0.1
    assert sure > 0.9


NAMES = ("Zorblax", "Blorptown")


def test_the_same_cosine_means_less_where_everything_is_near() -> None:
    question = asked("how is parental leave requested")
    hits = [found(LEAVE, 0.45)]
    assert probability(question, hits, {SOURCE: usual(0.7)}) < probability(question, hits, {SOURCE: usual(0.4)})


def test_a_rare_word_that_is_missing_counts_for_more_than_a_common_one() -> None:
    frequencies = {"leav": 90, "sabbat": 1}
    hits = [found(LEAVE, 0.5)]
    rare = probability(asked("leave sabbatical"), hits, {SOURCE: usual(0.5, frequencies=frequencies)})
    common = probability(asked("leave sabbatical"), hits, {})
    assert rare < common


def test_the_same_about_another_name_is_not_answered() -> None:
    hits = [found(f"The Zorblax office. {LEAVE}", 0.7)]
    said, other = (probability(asked(f"how is leave requested in the {name} office"), hits, {}) for name in NAMES)
    assert said > 0.8
    assert other < 0.2


def test_a_name_that_many_passages_have_counts_for_less() -> None:
    question, hits = asked("how does Contoso request annual leave"), [found(LEAVE, 0.5)]
    common = {SOURCE: usual(0.5, frequencies={"contoso": 60})}
    assert probability(question, hits, common) > probability(question, hits, {SOURCE: usual(0.5)})


def test_a_synonym_in_the_passage_counts_as_the_word_that_was_asked() -> None:
    term = Alternatives("PTO", ("annual leave", "holiday"), 0, 3)
    hits = [found(LEAVE, 0.5)]
    assert probability(asked("PTO request", term), hits, {}) > probability(asked("PTO request"), hits, {})


def test_without_vectors_the_words_decide() -> None:
    question = asked("how is annual leave requested")
    assert probability(question, [found("Penguins live here.", None)], {}) < 0.5
    assert probability(question, [found(LEAVE, None)], {}) > 0.8


def test_a_question_of_stop_words_alone_is_covered_by_nothing() -> None:
    assert probability(asked("what is it"), [found(LEAVE, None)], {}) < 0.1


def test_a_few_questions_hardly_move_what_is_usual() -> None:
    assert usual_cosine(None) == USUAL_COSINE
    assert usual_cosine(usual(0.9, questions=0)) == USUAL_COSINE
    assert usual_cosine(usual(0.9, questions=5)) < usual_cosine(usual(0.9, questions=100)) < 0.9


def test_a_made_up_question_is_some_words_of_one_sentence_in_their_order() -> None:
    question = pseudo_question(f"# Leave\n\n{LEAVE}", Random(1))
    assert question is not None
    words = question.split()
    assert 3 <= len(words) <= 8
    places = [LEAVE.index(word) for word in words]
    assert places == sorted(places)


@pytest.mark.parametrize("text", ["", "# Title", "Too short.", "It is what it is and so it was and will be."])
def test_a_text_without_a_fit_sentence_gives_no_question(text: str) -> None:
    assert pseudo_question(text, Random(1)) is None


class Calibrated:
    """A database, vectors and the worker between them."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.vectors: VectorStoreInterface = FakeVectorStore()
        self.embeddings = FakeEmbeddingProvider()
        self.clock = FrozenClock(NOON)
        self.worker = SourceCalibration(
            self.database.transaction, index_of(self.vectors, self.embeddings), self.vectors, self.clock
        )

    @property
    def known(self) -> list[Calibration]:
        return list(self.database.state.calibrations.values())


async def test_a_source_is_calibrated_once_it_rests_and_again_after_a_change() -> None:
    world = Calibrated()
    handbook = source("hr")
    live = await published(world.database.transaction, handbook, LEAVE)
    await embedded(world.vectors, world.embeddings, live, handbook)
    assert await world.worker.run_once() == 0
    assert await world.worker.run_once() == 1
    [first] = world.known
    assert first.questions >= 5
    assert first.cosine > 0
    assert first.frequencies["leav"] == first.passages == 1
    assert await world.worker.run_once() == 0
    await published(world.database.transaction, handbook, "More text", external_id="more.md")
    assert [await world.worker.run_once() for _ in range(5)] == [0, 0, 0, 0, 1]
    assert world.known[0].source_version > first.source_version


async def test_what_not_all_readers_of_a_source_may_read_is_not_counted() -> None:
    world = Calibrated()
    handbook = source("hr")
    await published(world.database.transaction, handbook, LEAVE)
    await published(world.database.transaction, handbook, "Project Redwing", "bosses", external_id="secret.md")
    await world.worker.run_once()
    await world.worker.run_once()
    [known] = world.known
    assert "leav" in known.frequencies
    assert "redw" not in " ".join(known.frequencies)


async def test_a_source_that_never_rests_is_calibrated_from_time_to_time() -> None:
    world = Calibrated()
    handbook = source()
    await published(world.database.transaction, handbook, LEAVE)
    await world.worker.run_once()
    assert await world.worker.run_once() == 1
    for number in range(3):
        await published(world.database.transaction, handbook, LEAVE, external_id=f"{number}.md")
        assert await world.worker.run_once() == 0
    world.clock.advance(seconds=121)
    assert await world.worker.run_once() == 1


async def test_a_source_without_sentences_or_vectors_keeps_the_usual_cosine() -> None:
    world = Calibrated()
    await published(world.database.transaction, source(), "Hi")
    await published(world.database.transaction, source(), LEAVE)
    await world.worker.run_once()
    assert await world.worker.run_once() == 2
    assert [one.questions for one in world.known] == [0, 0]


async def test_the_book_reads_what_changed_and_forgets_what_is_gone() -> None:
    database = FakeDatabase()
    book = CalibrationBook(database.transaction)
    handbook = source()
    await published(database.transaction, handbook, LEAVE)
    assert await book.current() == {}
    kept = Calibration(handbook.id, 1, 10, 0.5, 1, {}, NOON)
    async with database.transaction() as work:
        await work.calibrations.put(kept)
        await work.commit()
    assert await book.current() == {handbook.id: kept}
    assert await book.current() == {handbook.id: kept}
    async with database.transaction() as work:
        await work.sources.delete(handbook.id)
        await work.commit()
    assert await book.current() == {}


async def test_the_book_keeps_what_it_knows_while_the_database_is_away() -> None:
    class Away(FakeDatabase):
        def transaction(self) -> object:  # type: ignore[override]  # it never returns one
            raise UpstreamUnavailableError("The database does not answer.")

    book = CalibrationBook(Away().transaction)  # type: ignore[arg-type]  # see above
    assert await book.current() == {}
