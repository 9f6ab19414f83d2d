"""Whatever happens to documents, groups and aliases: nobody finds through the cache what he may not see, or what is not
so any more, and everybody finds what there is.

Each version of a document holds a canary, a word that no other version has. All searches ask for the same, so that
they share a key whenever they may.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from documentation_service.interfaces import Source
from documentation_service.services.aliases import Aliases
from documentation_service.services.chores import VectorChores
from documentation_service.services.registry import DocumentRegistry
from documentation_service.services.search_cache import CachedSearch
from flash_core.errors import UpstreamUnavailableError
from flash_core.models.document import Document
from flash_core.schemas.search import SearchRequest
from flash_core.testing.cross_encoders import FakeReranker
from flash_core.testing.fakes import FakeEmbeddingProvider, FakeSingleFlight, FrozenClock
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import NOON, embedded, index_of, person, published, search_of, source

GROUPS = st.frozensets(st.sampled_from(["hr", "it", "board"]), max_size=2)
MODES = st.sampled_from(["hybrid", "dense", "keyword"])
NAMES = st.sampled_from(["a.md", "b.md", "c.md"])


class CachedSearches(RuleBasedStateMachine):
    """The model is a dictionary: which version of which document is live, for whom."""

    sources = Bundle("sources")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.database, self.vectors, self.embeddings = FakeDatabase(), FakeVectorStore(), FakeEmbeddingProvider()
        transaction, reranker = self.database.transaction, FakeReranker(model=None)
        self.chores = VectorChores(transaction, self.vectors)
        self.registry = DocumentRegistry(transaction, self.chores)
        self.aliases = Aliases(transaction, FrozenClock(NOON))
        self.search = CachedSearch(
            search_of(transaction, self.embeddings, self.vectors, reranker=reranker),
            FakeSingleFlight(),
            transaction,
            index_of(self.vectors, self.embeddings),
            reranker,
            settings="",
        )
        self.known: dict[UUID, Source] = {}
        self.live: dict[tuple[UUID, str], Document] = {}
        self.canaries = 0
        self.settled = True

    def teardown(self) -> None:
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize(target=sources, groups=GROUPS)
    def first_source(self, groups: frozenset[str]) -> UUID:
        return self.made_source(groups)

    @rule(target=sources, groups=GROUPS)
    def another_source(self, groups: frozenset[str]) -> UUID:
        return self.made_source(groups)

    def made_source(self, groups: frozenset[str]) -> UUID:
        made = source(*groups)
        self.run(self.registry.put_source(made))
        self.known[made.id] = made
        return made.id

    @rule(of=sources, name=NAMES, groups=GROUPS)
    def publish(self, of: UUID, name: str, groups: frozenset[str]) -> None:
        if of not in self.known:
            return
        self.canaries += 1
        text = f"The word is canary{self.canaries}."
        before = self.live.get((of, name))
        live = self.run(published(self.database.transaction, self.known[of], text, *groups, external_id=name))
        self.run(embedded(self.vectors, self.embeddings, live, self.known[of]))
        if before is not None:
            self.run(self.vectors.delete("chunks", document_ids=[live.id], except_content_hashes=[live.content_hash]))
        self.live[of, name] = live

    @rule(of=sources, name=NAMES)
    def delete(self, of: UUID, name: str) -> None:
        gone = self.live.pop((of, name), None)
        if gone is not None:
            self.run(self.registry.delete_documents([gone.id]))

    @rule(of=sources, groups=GROUPS, vectors_hear_of_it=st.booleans())
    def change_groups(self, of: UUID, groups: frozenset[str], *, vectors_hear_of_it: bool) -> None:
        if of not in self.known:
            return
        self.known[of] = replace(self.known[of], groups=groups)
        if not vectors_hear_of_it:
            self.vectors.error = UpstreamUnavailableError("away")
        self.run(self.registry.put_source(self.known[of]))
        self.vectors.error = None
        self.settled = self.settled and vectors_hear_of_it

    @rule(groups=GROUPS)
    def the_vectors_hear_of_everything(self, groups: frozenset[str]) -> None:
        self.ask(groups, "hybrid", 1, per_chunk=True)
        self.run(self.chores.run_once())
        self.settled = True
        self.ask(groups, "hybrid", 1, per_chunk=True)

    @rule(of=sources)
    def delete_source(self, of: UUID) -> None:
        if self.known.pop(of, None) is not None:
            self.run(self.registry.delete_source(of))
            self.live = {place: one for place, one in self.live.items() if place[0] != of}

    @rule(synonym=st.sampled_from(["term", "token"]))
    def alias(self, synonym: str) -> None:
        self.run(self.aliases.add("word", [synonym]))

    @rule(groups=GROUPS, mode=MODES, per_chunk=st.booleans(), at_once=st.integers(1, 3))
    def somebody_asks(self, groups: frozenset[str], mode: Any, at_once: int, *, per_chunk: bool) -> None:
        self.ask(groups, mode, at_once, per_chunk=per_chunk)

    def ask(self, groups: frozenset[str], mode: Any, at_once: int, *, per_chunk: bool) -> None:
        request = SearchRequest(query="the word", limit=50, mode=mode, per_chunk=per_chunk)
        asker = person(*groups)

        async def searches() -> list[set[str]]:
            found = await asyncio.gather(*(self.search.search(request, asker) for _ in range(at_once)))
            return [{hit.text for hit in one.hits} for one in found]

        open_to_asker = {
            one.text
            for (of, _), one in self.live.items()
            if all(not wanted or wanted & groups for wanted in (self.known[of].groups, one.groups))
        }
        for texts in self.run(searches()):
            assert texts <= open_to_asker
            if self.settled:
                assert texts == open_to_asker


CachedSearches.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestCachedSearches = CachedSearches.TestCase
