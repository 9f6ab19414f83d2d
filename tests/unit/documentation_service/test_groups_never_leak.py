"""Whatever the groups are, nobody finds, lists or reads a word of a document that is not open to them."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from documentation_service.interfaces import DocumentQuery, Source
from documentation_service.services.chores import VectorChores
from documentation_service.services.library import Library
from documentation_service.services.registry import DocumentRegistry
from flash_core.errors import NotFoundError
from flash_core.models.document import Document
from flash_core.models.user import Principal, UserRole
from flash_core.schemas.search import SearchRequest
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import embedded, person, published, search_of, source

GROUPS = st.frozensets(st.sampled_from(["hr", "it", "board", "*"]), max_size=3)
ROLES = st.sampled_from([(UserRole.USER,), (UserRole.EDITOR,), (UserRole.ADMIN,)])


def may_see(reader: Principal, of: frozenset[str], own: frozenset[str]) -> bool:
    return all(not groups or groups & reader.groups for groups in (of, own))


@settings(max_examples=60, deadline=None)
@given(
    sources=st.lists(st.tuples(GROUPS, GROUPS, st.lists(GROUPS, min_size=1, max_size=3)), min_size=1, max_size=3),
    readers=st.lists(st.tuples(GROUPS, ROLES), min_size=1, max_size=4),
    vectors_hear_of_it=st.booleans(),
)
def test_groups_never_leak(
    sources: list[tuple[frozenset[str], frozenset[str], list[frozenset[str]]]],
    readers: list[tuple[frozenset[str], tuple[UserRole, ...]]],
    vectors_hear_of_it: bool,
) -> None:
    """The sources' groups change after indexing; the vector store may hear of that or not."""
    asyncio.run(check(sources, [person(*groups, roles=roles) for groups, roles in readers], vectors_hear_of_it))


async def check(
    sources: list[tuple[frozenset[str], frozenset[str], list[frozenset[str]]]],
    readers: list[Principal],
    vectors_hear_of_it: bool,
) -> None:
    database, vectors, embeddings = FakeDatabase(), FakeVectorStore(), FakeEmbeddingProvider()
    chores = VectorChores(database.transaction, vectors)
    registry = DocumentRegistry(database.transaction, chores)
    library = Library(database.transaction, chores)
    search = search_of(database.transaction, embeddings, vectors)
    documents: list[tuple[Document, frozenset[str]]] = []
    for before, after, of_documents in sources:
        of = source(*before)
        for at, groups in enumerate(of_documents):
            text = f"The canary word is canary{len(documents)}."
            live = await published(database.transaction, of, text, *groups, external_id=f"{at}.md")
            await embedded(vectors, embeddings, live, of)
            documents.append((live, after))
        if vectors_hear_of_it:
            await registry.put_source(Source(of.id, of.name, of.provider, after))
        else:
            async with database.transaction() as work:
                await work.sources.put(Source(of.id, of.name, of.provider, after))
                await work.commit()
    for reader in readers:
        open_to = {live.id for live, after in documents if may_see(reader, after, live.groups)}
        for mode in ("hybrid", "dense", "keyword"):
            request = SearchRequest(query="canary word", limit=50, mode=mode, per_chunk=True)
            found = {hit.document_id for hit in (await search.search(request, reader)).hits}
            assert found <= open_to
            if vectors_hear_of_it:
                assert found == open_to
        assert {one.id for one in await library.page(DocumentQuery(reader.groups, 50))} == open_to
        for live, _ in documents:
            assert (await readable(library, live, reader)) is (live.id in open_to)


async def readable(library: Library, live: Document, reader: Principal) -> bool:
    try:
        _, text = await library.read(live.id, reader)
    except NotFoundError:
        return False
    return text == live.text
