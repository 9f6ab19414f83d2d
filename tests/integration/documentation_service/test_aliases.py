"""Aliases in PostgreSQL, with several replicas at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest

from documentation_service.database.unit_of_work import SqlDocumentationTransaction
from documentation_service.interfaces import Expansion, TransactionFactory
from documentation_service.services.aliases import Aliases
from documentation_service.services.discovery import AliasDiscovery
from documentation_service.services.expansion import AliasExpander
from flash_core.database import migrate
from flash_core.database.context import open_database
from flash_core.utils.clock import SystemClock
from tests.unit.documentation_service.world import person, published, source

QUERY = "SRE on call"
LONG = "site reliability engineering"


@pytest.fixture
async def replicas(postgres_url: str) -> AsyncIterator[list[TransactionFactory]]:
    """Two processes' ways to the one database."""
    await asyncio.to_thread(migrate.upgrade, "documentation_service", postgres_url)
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(open_database(postgres_url)) for _ in range(2)]
        yield [partial(SqlDocumentationTransaction, database.sessions) for database in databases]


async def test_what_one_replica_accepted_every_replica_uses_in_the_next_search(
    replicas: list[TransactionFactory],
) -> None:
    here, there = (AliasExpander(transaction) for transaction in replicas)
    aliases = Aliases(replicas[0], SystemClock())
    for expander in (here, there):
        assert await expander.expand(QUERY, "en") == Expansion(QUERY)
    alias = await aliases.add("SRE", [LONG])
    for expander in (there, here):
        assert (await expander.expand(QUERY, "en")).variants == (f"{LONG} on call",)
    await aliases.add("sre", ["uptime crew"])
    assert (await there.expand(QUERY, "en")).applied == {"SRE": (LONG, "uptime crew")}
    await aliases.delete(alias.id)
    assert await there.expand(QUERY, "en") == Expansion(QUERY)


async def test_the_same_term_at_the_same_moment_is_one_alias_with_all_synonyms(
    replicas: list[TransactionFactory],
) -> None:
    both = [Aliases(transaction, SystemClock()) for transaction in replicas]
    await asyncio.gather(*(both[n % 2].add("SRE", [f"word {n}"]) for n in range(10)))
    [alias] = await both[0].page(None, 10)
    assert sorted(alias.synonyms) == [f"word {n}" for n in range(10)]
    async with replicas[1]() as work:
        assert await work.aliases.version() == 10


async def test_readers_of_the_old_version_do_not_keep_it(replicas: list[TransactionFactory]) -> None:
    """A version that is seen before what it stands for would hide a change for good."""
    expander = AliasExpander(replicas[0])
    writers = [Aliases(replicas[1], SystemClock()).add(f"term{n}x", [f"other{n}x"]) for n in range(10)]
    await asyncio.gather(*writers, *(expander.expand("term3x", "en") for _ in range(10)))
    for n in range(10):
        assert (await expander.expand(f"term{n}x", "en")).variants == (f"other{n}x",)


async def test_nothing_of_a_closed_document_is_proposed_to_others(replicas: list[TransactionFactory]) -> None:
    await published(replicas[0], source(), "Open Canal Locks (OCL)", external_id="open.md")
    await published(replicas[0], source(), "Deal Canary Xylophone (DCX)", "board", external_id="own.md", title="Canary")
    await published(replicas[0], source("board"), "See [canary bird](own.md) and Office Canary Team (OCT)")
    discovery = AliasDiscovery(replicas[1])
    shown = await discovery.discover(person("hr"), 100)
    assert [(one.term, one.open) for one, _ in shown.proposals] == [("OCL", True)]
    assert "canary" not in repr(shown).lower()
    everything = await discovery.discover(person("board"), 100)
    assert {one.term: one.open for one, _ in everything.proposals} == {"OCL": True, "DCX": False, "OCT": False}
