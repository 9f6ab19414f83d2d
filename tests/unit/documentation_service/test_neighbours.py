"""Passages that touch are one again, and their offsets stay true."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from documentation_service.services.neighbours import LONGEST, Neighbours
from flash_core.models.document import Document
from flash_core.schemas.search import SearchHit
from flash_core.utils.ids import new_id
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import published, source

ONE, TWO, THREE = "First paragraph.", "Second paragraph.", "Third paragraph."
TEXT = f"{ONE}\n\n{TWO} \n\n {THREE}"


def hit(of: Document, passage: str, score: float = 0.5) -> SearchHit:
    start = of.text.index(passage)
    return SearchHit(
        document_id=of.id,
        external_id=of.external_id,
        chunk_id=new_id(),
        source_id=of.source_id,
        provider="folder",
        title=of.title,
        path=list(of.path),
        url=of.url,
        text=passage,
        start=start,
        end=start + len(passage),
        score=score,
        updated_at=of.updated_at,
        version=of.content_hash,
    )


async def test_neighbours_become_the_better_one_over_both_texts() -> None:
    database = FakeDatabase()
    live = await published(database.transaction, source(), TEXT)
    other = await published(database.transaction, source(), "Another document.")
    hits = [hit(live, TWO, 0.9), hit(other, "Another document.", 0.8), hit(live, ONE, 0.7)]
    first, second = await Neighbours(database.transaction).joined(hits)
    assert (first.chunk_id, first.score) == (hits[0].chunk_id, 0.9)
    assert first.text == f"{ONE}\n\n{TWO}" == live.text[first.start : first.end]
    assert second == hits[1]


async def test_three_in_a_row_are_one() -> None:
    database = FakeDatabase()
    live = await published(database.transaction, source(), TEXT)
    [joined] = await Neighbours(database.transaction).joined([hit(live, one) for one in (THREE, ONE, TWO)])
    assert joined.text == TEXT


async def test_what_does_not_touch_stays_apart() -> None:
    database = FakeDatabase()
    live = await published(database.transaction, source(), TEXT)
    hits = [hit(live, THREE), hit(live, ONE)]
    assert await Neighbours(database.transaction).joined(hits) == hits


async def test_what_was_replaced_meanwhile_stays_as_it_was_found() -> None:
    database = FakeDatabase()
    handbook = source()
    live = await published(database.transaction, handbook, TEXT)
    hits = [hit(live, ONE), hit(live, TWO)]
    await published(database.transaction, handbook, "Another text")
    assert await Neighbours(database.transaction).joined(hits) == hits


async def test_passages_of_two_versions_never_meet() -> None:
    database = FakeDatabase()
    live = await published(database.transaction, source(), TEXT)
    hits = [hit(live, ONE), hit(replace(live, content_hash="older"), TWO)]
    assert await Neighbours(database.transaction).joined(hits) == hits


async def test_a_joined_passage_is_not_endless() -> None:
    database = FakeDatabase()
    parts = [letter * 700 for letter in "abcd"]
    live = await published(database.transaction, source(), "\n".join(parts))
    joined = await Neighbours(database.transaction).joined([hit(live, part) for part in parts])
    assert [len(one.text) for one in joined] == [1_401, 1_401]
    assert max(len(one.text) for one in joined) <= LONGEST


@given(
    pieces=st.lists(st.tuples(st.text("äb👋", min_size=1, max_size=5), st.text(" \n\t", max_size=3)), max_size=8),
    found=st.sets(st.integers(0, 7)),
    order=st.randoms(use_true_random=False),
)
async def test_whatever_is_found_every_text_is_that_of_its_offsets(
    pieces: list[tuple[str, str]], found: set[int], order: object
) -> None:
    text, places = "", []
    for piece, gap in pieces:
        places.append((len(text), len(text) + len(piece)))
        text += piece + gap
    database = FakeDatabase()
    live = await published(database.transaction, source(), text)
    hits = [
        hit(live, text[slice(*place)]).model_copy(update={"start": place[0], "end": place[1]})
        for at, place in enumerate(places)
        if at in found
    ]
    order.shuffle(hits)  # type: ignore[attr-defined]  # a random.Random
    joined = await Neighbours(database.transaction).joined(hits)
    assert all(live.text[one.start : one.end] == one.text for one in joined)
    assert {one.chunk_id for one in joined} <= {one.chunk_id for one in hits}
    kept = sorted((one.start, one.end) for one in joined)
    assert all(any(start <= one.start and one.end <= end for start, end in kept) for one in hits)
    assert all(end <= start for (_, end), (start, _) in pairwise(kept))
