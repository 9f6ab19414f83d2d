"""Whoever expands queries leaves the query in, says where its terms stand, and never fails."""

import pytest

from documentation_service.interfaces import Expansion, QueryExpanderInterface
from documentation_service.services.aliases import Aliases
from documentation_service.services.expansion import AliasExpander
from flash_core.testing.fakes import FrozenClock
from tests.unit.documentation_service.fakes import FakeDatabase, FakeQueryExpander
from tests.unit.documentation_service.world import NOON

QUERY = "Who is SRE on call?"


@pytest.fixture(params=["fake", "real"])
async def expander(request: pytest.FixtureRequest) -> QueryExpanderInterface:
    database = FakeDatabase()
    await Aliases(database.transaction, FrozenClock(NOON)).add("SRE", ["site reliability engineering"])
    real = AliasExpander(database.transaction)
    return real if request.param == "real" else FakeQueryExpander({QUERY: await real.expand(QUERY, "en")})


async def test_alternatives_stand_in_the_query_and_variants_say_it_in_their_words(
    expander: QueryExpanderInterface,
) -> None:
    expansion = await expander.expand(QUERY, "en")
    [one] = expansion.alternatives
    assert QUERY[one.start : one.end] == one.term
    assert expansion.variants == (QUERY.replace(one.term, one.synonyms[0]),)
    assert expansion.keywords.startswith(QUERY)
    assert expansion.applied == {"SRE": ("site reliability engineering",)}


@pytest.mark.parametrize("query", ["", "   ", "\x00", "nothing known", "+++", "😀" * 1_000])
async def test_what_is_not_known_stays_as_it_is(expander: QueryExpanderInterface, query: str) -> None:
    assert await expander.expand(query, "xx") == Expansion(query)
