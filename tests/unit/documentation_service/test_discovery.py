"""Aliases that the documentation itself suggests, to those who may read it."""

import asyncio
from collections.abc import Mapping

import pytest

from documentation_service.interfaces import Source
from documentation_service.services.aliases import Aliases
from documentation_service.services.discovery import AliasDiscovery, Discovery
from documentation_service.services.proposals import Proposal
from flash_core.errors import OverloadedError
from flash_core.models.user import Principal
from flash_core.testing.fakes import FrozenClock
from tests.unit.documentation_service.fakes import FakeDatabase
from tests.unit.documentation_service.world import NOON, person, published, source

SRE = ("SRE", "site reliability engineering")


class Documentation:
    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.of = source()

    async def has(self, pages: Mapping[str, str], *groups: str, of: Source | None = None) -> None:
        """Pages by `external id > title`."""
        for name, text in pages.items():
            external_id, _, title = name.partition(" > ")
            transaction = self.database.transaction
            await published(transaction, of or self.of, text, *groups, external_id=external_id, title=title or "Page")

    async def suggests(self, reader: Principal | None = None, limit: int = 100) -> Discovery:
        return await AliasDiscovery(self.database.transaction).discover(reader or person(), limit)

    async def names(self, reader: Principal | None = None) -> list[tuple[str, str]]:
        return [(one.term, one.synonym) for one, _ in (await self.suggests(reader)).proposals]

    async def only(self) -> Proposal:
        [(proposal, _)] = (await self.suggests()).proposals
        return proposal


@pytest.fixture
def documentation() -> Documentation:
    return Documentation()


async def test_an_acronym_is_proposed_with_the_places_that_explain_it(documentation: Documentation) -> None:
    await documentation.has(
        {
            "a.md > Teams": "Ask Site Reliability\nEngineering (SRE).\n\n- SRE: site reliability engineering",
            "b.md > On call": "An SRE (site reliability engineering) rota",
        }
    )
    proposal = await documentation.only()
    assert (proposal.term, proposal.synonym, proposal.open) == (*SRE, True)
    assert [(one.title, one.kind, one.count) for one in proposal.evidence] == [
        ("Teams", "acronym", 2),
        ("On call", "acronym", 1),
    ]
    assert proposal.evidence[0].text == "Ask Site Reliability Engineering (SRE)."


async def test_more_documents_and_better_letters_come_first(documentation: Documentation) -> None:
    await documentation.has(
        {
            "a.md": "interagency agreement (IAA)\n\nContracting Officer (CO)\n\nStatement of Work (SOW)",
            "b.md": "Statements of Work (SOW)",
        }
    )
    assert await documentation.names() == [
        ("SOW", "Statement of Work"),
        ("CO", "Contracting Officer"),
        ("IAA", "interagency agreement"),
    ]
    assert len((await documentation.suggests(limit=2)).proposals) == 2


async def test_titles_and_headings_explain_too(documentation: Documentation) -> None:
    await documentation.has({"a.md > Family and Medical Leave Act (FMLA)": "Text\n\n## On-call duty (formerly pager)"})
    assert await documentation.names() == [
        ("FMLA", "Family and Medical Leave Act"),
        ("On-call duty", "pager"),
    ]


async def test_words_that_pages_link_with_are_other_names_of_a_page(documentation: Documentation) -> None:
    await documentation.has(
        {
            "time/extra.md > Compensation for extra hours": "Text",
            "a.md > A": "See [Overtime and comp time](time/extra.md).",
            "b.md > B": "Read about [overtime and comp time](/time/extra).",
        }
    )
    proposal = await documentation.only()
    assert (proposal.term, proposal.synonym) == ("Compensation for extra hours", "Overtime and comp time")
    assert [(one.title, one.kind) for one in proposal.evidence] == [("A", "link"), ("B", "link")]


async def test_letters_that_a_link_says_are_as_good_as_an_explanation(documentation: Documentation) -> None:
    await documentation.has({"vltp.md > Voluntary Leave Transfer Program": "Text", "a.md > A": "The [VLTP](vltp.md)"})
    assert (await documentation.only()).score >= 0.85


@pytest.mark.parametrize(
    "link",
    [
        "[here](leave.md)",
        "[this page](leave.md)",
        "[submit your vacation](leave.md)",
        "[of absence](leave.md)",
        "[leave policies](leave.md)",
        "[vacation.md](leave.md)",
        "[leave](leave.md)",
        "[vacation](leave.md#days)",
        "[vacation](https://example.org/leave.md)",
        "[vacation](nowhere.md)",
        "[one two three four five six](leave.md)",
        "[vacation](leave.md) [vacation](sick.md)",
        "[Sick days](leave.md)",
    ],
)
async def test_links_that_say_nothing_of_a_page_are_left_out(documentation: Documentation, link: str) -> None:
    await documentation.has({"leave.md > Leave policy": "Text", "sick.md > Sick days": "Text", "a.md > A": link})
    assert await documentation.names() == []


async def test_a_page_that_points_to_another_is_another_name_of_it(documentation: Documentation) -> None:
    await documentation.has(
        {
            "leave.md > Leave policy": "Text",
            "vacation.md > Vacation": "This page has moved to [the leave policy](leave.md).",
        }
    )
    proposal = await documentation.only()
    assert (proposal.term, proposal.synonym) == ("Leave policy", "Vacation")
    assert proposal.evidence[0].kind == "redirect"


async def test_several_kinds_of_evidence_add_up(documentation: Documentation) -> None:
    await documentation.has({"leave.md > Leave policy": "Also known as Vacation.", "a.md > A": "[Vacation](leave.md)"})
    proposal = await documentation.only()
    assert {one.kind for one in proposal.evidence} == {"link", "also_known_as"}
    assert proposal.score == pytest.approx(0.85)


async def test_evidence_in_the_other_direction_is_of_the_same_alias(documentation: Documentation) -> None:
    await documentation.has(
        {
            "a.md > Wiki card": "Also known as Smart badge.",
            "b.md > Smart badge": "Also known as the wiki card.",
        }
    )
    assert sum(one.count for one in (await documentation.only()).evidence) == 2


async def test_proposals_say_whether_they_are_accepted_already(documentation: Documentation) -> None:
    await documentation.has({"a.md": "Site Reliability Engineers (SRE) and Statements of Work (SOW)"})
    aliases = Aliases(documentation.database.transaction, FrozenClock(NOON))
    await aliases.add("fire brigade", ["site reliability engineer", "sre"])
    found = (await documentation.suggests()).proposals
    assert {one.term: covered for one, covered in found} == {"SRE": True, "SOW": False}


async def test_nobody_is_told_a_word_of_what_they_may_not_read(documentation: Documentation) -> None:
    """Neither the names of a closed page, nor that it is linked to, nor what it says of open ones."""
    closed = source("board", name="Board")
    await documentation.has({"a.md > A": "Deal Canary Xylophone (DCX). [falcon project](falcon.md)"}, "board")
    await documentation.has({"falcon.md > Merger canary": "See the Office Canary Team (OCT)"}, "board")
    await documentation.has({"b.md > Merger": "The [big bird canary](c.md), aka canary"}, of=closed)
    await documentation.has({"c.md > Open page": "[falcon project](falcon.md) and Open Canal Locks (OCL)"})
    shown = await documentation.suggests(person("hr"))
    assert [(one.term, one.synonym) for one, _ in shown.proposals] == [("OCL", "Open Canal Locks")]
    assert "canary" not in repr(shown).lower()
    assert shown.documents_read == 1
    member = await documentation.suggests(person("board"))
    assert {one.term: one.open for one, _ in member.proposals} == {
        "DCX": False,
        "OCL": True,
        "OCT": False,
        "Merger canary": False,
    }


async def test_it_reads_all_pages_or_says_that_it_did_not(documentation: Documentation) -> None:
    await documentation.has({f"{n}.md": f"Statement of Work (SOW) {n}" for n in range(120)})
    everything = await documentation.suggests()
    assert (everything.documents_read, everything.stopped) == (120, None)
    hurried = AliasDiscovery(documentation.database.transaction, seconds=0)
    some = await hurried.discover(person(), 10)
    assert (some.documents_read, some.stopped) == (50, "time")
    [(proposal, _)] = some.proposals
    assert (proposal.documents, len(proposal.evidence)) == (50, 10)


async def test_there_is_an_end_to_the_documents_that_are_read(documentation: Documentation) -> None:
    await documentation.has({f"{n}.md": f"Page {n}" for n in range(120)})
    bounded = AliasDiscovery(documentation.database.transaction, documents=100)
    some = await bounded.discover(person(), 10)
    assert (some.documents_read, some.stopped) == (100, "documents")


async def test_without_documents_there_is_nothing_to_propose(documentation: Documentation) -> None:
    assert await documentation.suggests() == Discovery((), 0, None)


async def test_one_discovery_at_a_time(documentation: Documentation) -> None:
    await documentation.has({"a.md": "Statement of Work (SOW)"})
    discovery = AliasDiscovery(documentation.database.transaction)
    results = await asyncio.gather(*(discovery.discover(person(), 10) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in results] == [Discovery, OverloadedError]
    assert (await discovery.discover(person(), 10)).documents_read == 1
