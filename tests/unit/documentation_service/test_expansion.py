"""A query is looked for in the company's other words, too."""

from typing import Self

import pytest

from documentation_service.interfaces import Alternatives, Expansion, QueryExpanderInterface
from documentation_service.services.aliases import Aliases
from documentation_service.services.expansion import MAX_TERMS, MAX_VARIANTS, AliasExpander, expansion_of
from flash_core.errors import UpstreamUnavailableError
from flash_core.testing.fakes import FrozenClock
from tests.unit.documentation_service.fakes import FakeDatabase, FakeTransaction
from tests.unit.documentation_service.world import NOON

SRE = "site reliability engineering"


class Company:
    """Its aliases, and a replica that expands queries by them."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.aliases = Aliases(self.database.transaction, FrozenClock(NOON))
        self.expander: QueryExpanderInterface = AliasExpander(self.database.transaction)

    async def synonyms(self, query: str, language: str = "en") -> dict[str, tuple[str, ...]]:
        return dict((await self.expander.expand(query, language)).applied)


@pytest.fixture
async def company() -> Company:
    company = Company()
    await company.aliases.add("SRE", [SRE])
    return company


async def test_without_aliases_a_query_stays_as_it_is() -> None:
    assert await Company().expander.expand("SRE on call", "en") == Expansion("SRE on call")


async def test_either_side_of_an_alias_leads_to_the_other(company: Company) -> None:
    assert await company.expander.expand("Who is SRE on call?", "en") == Expansion(
        keywords=f"Who is SRE on call? {SRE}",
        variants=(f"Who is {SRE} on call?",),
        alternatives=(Alternatives("SRE", (SRE,), 7, 10),),
    )
    back = await company.expander.expand("Site Reliability Engineering team", "en")
    assert back.variants == ("SRE team",)
    assert back.applied == {"Site Reliability Engineering": ("SRE",)}


@pytest.mark.parametrize(
    ("query", "term"),
    [
        ("sre handbook", "sre"),
        ("the SREs", "SREs"),
        ("SRE's duties", "SRE's"),
        ("pre-SRE-era", "SRE"),
        ("site-reliability engineers", "site-reliability engineers"),
        ("SITE RELIABILITY ENGINEERED", "SITE RELIABILITY ENGINEERED"),
    ],
)
async def test_case_hyphens_and_inflection_do_not_matter(company: Company, query: str, term: str) -> None:
    assert list(await company.synonyms(query)) == [term]


@pytest.mark.parametrize("query", ["sreen", "desre", "site engineering", "reliability engineering site", "sreId"])
async def test_parts_of_words_and_of_phrases_are_something_else(company: Company, query: str) -> None:
    assert await company.synonyms(query) == {}


@pytest.mark.parametrize(
    ("term", "query"),
    [
        ("car", "company car policy"),
        ("pay", "pay day"),
        ("bug", "Bug reports"),
        ("Bus", "the bus to work"),
        ("Lab", "lab access"),
        ("AI", "ai policy"),
        ("SRE", "sre handbook"),
    ],
)
async def test_an_ordinary_word_is_an_alias_however_it_is_written(term: str, query: str) -> None:
    company = Company()
    await company.aliases.add(term, ["something else"])
    assert list((await company.synonyms(query)).values()) == [("something else",)]


async def test_acronyms_that_are_words_must_be_in_capitals(company: Company) -> None:
    for term, long in (("IT", "information technology"), ("US", "United States"), ("CAP", "corrective action plan")):
        await company.aliases.add(term, [long])
    assert await company.synonyms("give it to us with the cap on, It said") == {}
    assert list(await company.synonyms("IT in the US without CAPs")) == ["IT", "US", "CAPs"]


async def test_inflections_are_those_of_the_querys_language(company: Company) -> None:
    await company.aliases.add("Urlaubsantrag", ["Abwesenheit melden"])
    assert await company.synonyms("Wo sind die Urlaubsanträge?", "de") == {"Urlaubsanträge": ("Abwesenheit melden",)}
    assert await company.synonyms("Urlaubsantrag", "xx") == {"Urlaubsantrag": ("Abwesenheit melden",)}


async def test_the_longest_term_wins_and_terms_do_not_overlap(company: Company) -> None:
    await company.aliases.add("reliability", ["uptime"])
    await company.aliases.add("engineering manager", ["EM"])
    assert await company.synonyms(f"{SRE} manager") == {SRE: ("SRE",)}
    assert await company.synonyms("reliability of the engineering manager") == {
        "reliability": ("uptime",),
        "engineering manager": ("EM",),
    }


async def test_signs_belong_to_a_term(company: Company) -> None:
    await company.aliases.add("C#", ["csharp"])
    await company.aliases.add(".NET", ["dotnet"])
    await company.aliases.add("C", ["the old language"])
    assert await company.synonyms("C# and .NET") == {"C#": ("csharp",), ".NET": ("dotnet",)}
    assert await company.synonyms("C++ net") == {}
    assert list(await company.synonyms("in C, please")) == ["C"]
    assert (await company.expander.expand("Is C# fast?", "en")).variants == ("Is csharp fast?",)


async def test_scripts_without_spaces_are_matched_within_their_runs(company: Company) -> None:
    await company.aliases.add("有給休暇", ["年休"])
    assert (await company.expander.expand("有給休暇の申請", "en")).variants == ("年休の申請",)
    assert await company.synonyms("有給の申請") == {}


async def test_parts_of_identifiers_are_words(company: Company) -> None:
    await company.aliases.add("Google Meet", ["video call"])
    assert (await company.expander.expand("GoogleMeet setup", "en")).variants == ("video call setup",)


async def test_what_the_query_says_already_is_not_added(company: Company) -> None:
    query = f"SRE ({SRE})"
    assert await company.expander.expand(query, "en") == Expansion(query)


async def test_synonyms_of_synonyms_are_not_synonyms(company: Company) -> None:
    await company.aliases.add("uptime crew", ["sre"])
    assert await company.synonyms("SRE") == {"SRE": (SRE, "uptime crew")}
    assert await company.synonyms(SRE) == {SRE: ("SRE",)}
    assert await company.synonyms("uptime crew") == {"uptime crew": ("sre",)}


async def test_synonyms_of_one_term_are_synonyms_of_each_other(company: Company) -> None:
    await company.aliases.add("PTO", ["vacation", "annual leave"])
    assert await company.synonyms("vacations") == {"vacations": ("PTO", "annual leave")}


async def test_variants_begin_with_the_best_and_are_few(company: Company) -> None:
    await company.aliases.add("PTO", [f"leave{n}" for n in range(8)])
    expansion = await company.expander.expand("PTO of SRE", "en")
    assert expansion.variants == (f"leave0 of {SRE}", "leave0 of SRE", f"PTO of {SRE}", f"leave1 of {SRE}")
    assert len(expansion.variants) == MAX_VARIANTS
    assert expansion.keywords == f"PTO of SRE {' '.join(f'leave{n}' for n in range(8))} {SRE}"


async def test_pages_of_text_are_not_expanded_without_end(company: Company) -> None:
    for n in range(MAX_TERMS + 5):
        await company.aliases.add(f"term{n}x", [f"other{n}"])
    query = " ".join(f"term{n}x" for n in range(MAX_TERMS + 5))
    assert len((await company.expander.expand(query, "en")).alternatives) == MAX_TERMS


async def test_every_replica_follows_at_once(company: Company) -> None:
    other = AliasExpander(company.database.transaction)
    assert (await other.expand("PTO", "en")).variants == ()
    alias = await company.aliases.add("PTO", ["vacation"])
    assert (await other.expand("PTO", "en")).variants == ("vacation",)
    await company.aliases.delete(alias.id)
    assert (await other.expand("PTO", "en")).variants == ()


async def test_aliases_are_read_again_only_when_they_have_changed(company: Company) -> None:
    await company.synonyms("SRE")
    company.database.state.aliases.clear()  # behind the version's back
    assert await company.synonyms("SRE") == {"SRE": (SRE,)}


async def test_a_database_away_leaves_the_query_as_it_is() -> None:
    class Away(FakeTransaction):
        async def __aenter__(self) -> Self:
            raise UpstreamUnavailableError("away")

    database = FakeDatabase()
    expander = AliasExpander(lambda: Away(database))
    assert await expander.expand("SRE", "en") == Expansion("SRE")


def test_an_expansion_of_nothing_is_the_query() -> None:
    assert expansion_of("SRE", ()) == Expansion("SRE")
