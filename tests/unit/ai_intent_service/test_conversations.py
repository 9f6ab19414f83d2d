"""A question that leans on the conversation is written out from what was asked and established, however long ago."""

from datetime import UTC, datetime

import pytest

from ai_intent_service.services.rule_analyser import RuleAnalyser
from flash_core.models.conversation import Role
from flash_core.schemas.ai import IntentRequest, IntentResponse, QuestionKind
from flash_core.schemas.chat import Fact, Turn
from flash_core.schemas.search import SearchFilters
from flash_core.testing.fakes import FrozenClock
from flash_core.utils.ids import new_id

CLOCK = FrozenClock(datetime(2026, 11, 23, 10, tzinfo=UTC))


async def understood(*conversation: str, facts: list[Fact] | None = None) -> IntentResponse:
    *earlier, question = conversation
    history = [Turn(role=Role.USER, content=asked) for asked in earlier]
    return await RuleAnalyser(CLOCK).analyse(IntentRequest(question=question, history=history, facts=facts or []))


def fact(statement: str, *, question: str = "An old question?", title: str = "A page") -> Fact:
    return Fact(question=question, statement=statement, document_ids=[new_id()], titles=[title], versions=["v1"])


CARD = fact("The purchase card has a limit of 3,500 dollars.")


@pytest.mark.parametrize(
    ("question", "facts", "alone"),
    [
        (
            "And what was the limit for that card again?",
            [CARD],
            "what was the limit for purchase card again?",
        ),
        (
            "Who signs that form?",
            [fact("It is signed once a year.", title="Telework form")],
            "Who signs Telework form?",
        ),
        (
            "Who signs that form?",
            [fact("Yes.", question="Where is the travel form?"), fact("Fill in the telework form.")],
            "Who signs telework form?",
        ),
        ("Who pays that card?", [fact("The card is blue.")], "Who pays that card (hotels)?"),
    ],
)
async def test_that_card_is_the_one_spoken_of_last(question: str, facts: list[Fact], alone: str) -> None:
    assert (await understood("Which hotels are there?", question, facts=facts)).standalone_question == alone


async def test_what_the_asker_said_comes_before_what_was_established() -> None:
    answer = await understood("How do I get a fuel card?", "Is that card free?", facts=[CARD])
    assert answer.standalone_question == "Is fuel card free?"


async def test_german_compounds_are_found_by_their_last_part() -> None:
    facts = [fact("Die Einkaufskarte hat ein Limit von 3.500 Euro.")]
    answer = await understood("Welche Hotels sind erlaubt?", "Wie hoch war das Limit dieser Karte?", facts=facts)
    assert answer.standalone_question == "Wie hoch war das Limit Einkaufskarte?"


@pytest.mark.parametrize(
    ("conversation", "alone"),
    [
        (["What are the hours in the Berlin office?", "And in Munich?"], "What are the hours in Munich?"),
        (["What is the maternity leave policy?", "And paternity leave?"], "What is the paternity leave policy?"),
        (["What is the SLA for the enterprise plan?", "Is it public?"], "Is SLA for the enterprise plan public?"),
        (["How do I order a laptop?", "Can I get a Mac instead?"], "Can I get a Mac instead (order laptop)?"),
        (["How do I order a laptop?", "What's the deadline?"], "What's the deadline (order laptop)?"),
        (["Wie bekomme ich eine Firmenkarte?", "Gibt es ein Limit?"], "Gibt es ein Limit (Firmenkarte)?"),
        (["Was ist das Budget für Reisen?", "Wie hoch ist es?"], "Wie hoch ist Budget für Reisen?"),
    ],
)
async def test_a_follow_up_takes_over_the_words_of_the_question_before(conversation: list[str], alone: str) -> None:
    answer = await understood(*conversation)
    assert answer.kind is QuestionKind.FOLLOW_UP
    assert answer.standalone_question == alone


@pytest.mark.parametrize(
    "question",
    [
        "Is there a parking permit for visitors?",
        "How do I contact IT?",
        "Gibt es einen Kanal für Fotografie?",
        "When does open enrollment start this year?",
        "For design reviews, which template do we use?",
        "Was kostet das Jobticket im Monat?",
        "Können Sie die Feiertage in Bayern nennen?",
        "What does the release checklist contain that every team must follow?",
    ],
)
async def test_words_that_only_look_as_if_they_pointed_back_do_not(question: str) -> None:
    answer = await understood("How do I book travel?", question)
    assert (answer.kind, answer.standalone_question) == (QuestionKind.DOCUMENTATION, question)


@pytest.mark.parametrize(
    ("conversation", "alone"),
    [
        (["What is the population of Warsaw?", "and Paris?"], "What is the population of Paris?"),
        (["What is the population of Warsaw?", "What about New York?"], "What is the population of New York?"),
        (["Wie viele Einwohner hat Warschau?", "und Paris?"], "Wie viele Einwohner hat Paris?"),
        (["Wie lang ist die Frist in SAP Concur?", "und Urlaub?"], "Wie lang ist die Frist in SAP Concur: Urlaub?"),
        (["How far is Paris from London?", "and Rome?"], "How far is Paris from London: Rome?"),
        (["How do I get paid leave from Acme?", "and part-timers?"], "How do I get paid leave from Acme: part-timers?"),
        (["How do I file Form 1040?", "Deadline?"], "How do I file Form 1040: Deadline?"),
    ],
)
async def test_another_name_takes_the_place_of_the_only_one(conversation: list[str], alone: str) -> None:
    assert (await understood(*conversation)).standalone_question == alone


WIKI = SearchFilters(source_names=["HR wiki"])
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("conversation", "alone", "filters"),
    [
        (["How many days of leave do I get in the HR wiki?"], "How many days of leave do I get?", WIKI),
        (["How many days of leave?", "And in the HR wiki?"], "How many days of leave?", WIKI),
        (["How is leave requested, in the HR wiki?", "Who approves it?"], "Who approves leave requested?", WIKI),
        (
            ["How is leave requested, in the HR wiki?", "And in the IT wiki?"],
            "How is leave requested?",
            SearchFilters(source_names=["IT wiki"]),
        ),
        (
            ["What has changed in the HR wiki since March?", "And?"],
            "What has changed?",
            SearchFilters(source_names=["HR wiki"], updated_after=MARCH),
        ),
        (["How is leave requested, in the HR wiki?", "How do I reset my VPN password?"], None, None),
        (["In the HR wiki?"], "In the HR wiki?", None),
    ],
)
async def test_a_follow_up_keeps_to_the_filters_said_before(
    conversation: list[str], alone: str | None, filters: SearchFilters | None
) -> None:
    answer = await understood(*conversation)
    assert (answer.standalone_question, answer.filters) == (alone or conversation[-1], filters)
