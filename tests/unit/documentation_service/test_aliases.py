"""Editors keep the company's synonyms."""

from dataclasses import replace
from uuid import uuid4

import pytest

from documentation_service.services.aliases import MAX_ALIASES, MAX_SYNONYMS, Aliases, folded
from flash_core.errors import ConflictError, InvalidInputError, NotFoundError
from flash_core.testing.fakes import FrozenClock
from flash_core.utils.ids import new_id
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import NOON


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOON)


@pytest.fixture
def aliases(database: FakeDatabase, clock: FrozenClock) -> Aliases:
    return Aliases(database.transaction, clock)


async def test_the_same_term_again_keeps_its_id_and_gets_the_new_synonyms_besides(
    aliases: Aliases, clock: FrozenClock
) -> None:
    first = await aliases.add("SRE", ["site reliability engineering"])
    clock.advance(hours=1)
    again = await aliases.add("sre", ["Site Reliability  Engineering", "uptime crew"])
    assert (again.id, again.term, again.created_at) == (first.id, "SRE", NOON)
    assert again.synonyms == ("site reliability engineering", "uptime crew")
    assert again.updated_at == clock.now()
    assert await aliases.page(None, 10) == [again] == [await aliases.get(first.id)]


async def test_a_synonym_is_another_word_than_its_term(aliases: Aliases) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await aliases.add("SRE", ["ops", "sre"])
    assert [error.field for error in caught.value.errors] == ["synonyms.1"]


async def test_a_term_can_not_collect_synonyms_without_end(aliases: Aliases) -> None:
    await aliases.add("SRE", [f"word {n}" for n in range(MAX_SYNONYMS)])
    await aliases.add("SRE", ["word 3"])
    with pytest.raises(InvalidInputError):
        await aliases.add("SRE", ["one more"])
    [alias] = await aliases.page(None, 10)
    assert len(alias.synonyms) == MAX_SYNONYMS


async def test_there_is_an_end_to_aliases(aliases: Aliases, database: FakeDatabase) -> None:
    sre = await aliases.add("SRE", ["ops"])
    for n in range(MAX_ALIASES - 1):
        another = replace(sre, id=new_id(), term=f"term {n}")
        database.state.aliases[another.id] = another
    await aliases.add("SRE", ["uptime crew"])
    with pytest.raises(ConflictError):
        await aliases.add("PTO", ["vacation"])


async def test_what_is_not_there_can_be_neither_read_nor_deleted(aliases: Aliases, database: FakeDatabase) -> None:
    for call in (aliases.get, aliases.delete):
        with pytest.raises(NotFoundError):
            await call(uuid4())
    assert database.state.alias_version == 0


async def test_every_change_makes_a_new_version(aliases: Aliases, database: FakeDatabase) -> None:
    alias = await aliases.add("SRE", ["ops"])
    await aliases.add("SRE", ["uptime crew"])
    await aliases.delete(alias.id)
    assert database.state.alias_version == 3


@pytest.mark.parametrize("text", ["STRASSE", " straße ", "Straße"])
def test_terms_are_told_apart_by_neither_case_nor_space(text: str) -> None:
    assert folded(text) == "strasse"


def test_accents_may_be_written_either_way() -> None:
    assert folded("cafe\u0301 du  nord") == folded("Café du\tnord")
