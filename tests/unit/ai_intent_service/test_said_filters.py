"""Where and since when a question wants to be answered is read from its words, carefully: a filter hides documents."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ai_intent_service.services.said_filters import said
from flash_core.schemas.search import SearchFilters

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "rest", "since"),
    [
        ("What has changed since March?", "What has changed?", "2026-03-01"),
        ("What has changed since December?", "What has changed?", "2025-12-01"),
        ("What has changed since March 2025?", "What has changed?", "2025-03-01"),
        ("What has changed since 2026-03-05?", "What has changed?", "2026-03-05"),
        ("What has changed since the 5th of March, 2026?", "What has changed?", "2026-03-05"),
        ("What has changed since 5 Mar?", "What has changed?", "2026-03-05"),
        ("What has changed since March 5th?", "What has changed?", "2026-03-05"),
        ("Since March 5, 2026, which pages are new?", "which pages are new?", "2026-03-05"),
        ("What has changed since early March?", "What has changed?", "2026-03-01"),
        ("What has changed since 2025?", "What has changed?", "2025-01-01"),
        ("What is new since the beginning of the month?", "What is new?", "2026-11-01"),
        ("What is new since last week?", "What is new?", "2026-11-16"),
        ("What is new since last month?", "What is new?", "2026-10-01"),
        ("What is new since last quarter?", "What is new?", "2026-07-01"),
        ("What is new since last year?", "What is new?", "2025-01-01"),
        ("What is new since last Friday?", "What is new?", "2026-11-20"),
        ("What is new since Monday?", "What is new?", "2026-11-16"),
        ("What is new since yesterday?", "What is new?", "2026-11-22"),
        ("What is new today?", "What is new?", "2026-11-23"),
        ("What was decided in the last two weeks?", "What was decided?", "2026-11-09"),
        ("What was announced within the past 10 days?", "What was announced?", "2026-11-13"),
        ("What was announced over the last month?", "What was announced?", "2026-10-24"),
        ("Show me travel policies updated this year", "Show me travel policies", "2026-01-01"),
        ("Find pages about leave that were changed after 1 May 2026", "Find pages about leave", "2026-05-01"),
        ("Which pages were updated this week?", "Which pages were updated?", "2026-11-23"),
        ("Was hat sich seit März geändert?", "Was hat sich geändert?", "2026-03-01"),
        ("Was hat sich seit dem 5. März 2026 geändert?", "Was hat sich geändert?", "2026-03-05"),
        ("Was hat sich seit dem 5.3. geändert?", "Was hat sich geändert?", "2026-03-05"),
        ("Was ist neu seit Anfang des Jahres?", "Was ist neu?", "2026-01-01"),
        ("Was ist neu seit Jahresbeginn?", "Was ist neu?", "2026-01-01"),
        ("Was ist neu in den letzten 14 Tagen?", "Was ist neu?", "2026-11-09"),
        ("Was wurde im letzten Monat veröffentlicht?", "Was wurde veröffentlicht?", "2026-10-24"),
        ("Was wurde diese Woche beschlossen?", "Was wurde beschlossen?", "2026-11-23"),
        ("Was gibt es Neues seit gestern?", "Was gibt es Neues?", "2026-11-22"),
    ],
)
def test_a_moment_is_a_filter_where_changes_are_asked_for(question: str, rest: str, since: str) -> None:
    found = said(question, MONDAY)
    assert found.rest == rest
    assert found.filters == SearchFilters(updated_after=datetime.fromisoformat(since).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "question",
    [
        "Who has been the chief executive since March?",
        "How many people have joined since 2025?",
        "What has changed in the city since 1990?",
        "What has changed since 31 February 2026?",
        "What has changed since March 2027?",
        "What must I do on the last day of the month?",
        "What is new after two years?",
        "How long is the notice period in the last two weeks?",
    ],
)
def test_any_other_moment_belongs_to_the_question(question: str) -> None:
    found = said(question, MONDAY)
    assert (found.rest, found.filters) == (question, None)


@pytest.mark.parametrize(
    ("question", "rest", "name"),
    [
        ("How many vacation days do I get in the HR wiki?", "How many vacation days do I get?", "HR wiki"),
        ("In the HR wiki, how many vacation days do I get?", "how many vacation days do I get?", "HR wiki"),
        ("How do I book travel, from the handbook?", "How do I book travel?", "handbook"),
        ("How do I book travel according to the travel handbook?", "How do I book travel?", "travel handbook"),
        ("How do we rotate keys in our platform team docs?", "How do we rotate keys?", "platform team docs"),
        ('What is in the "Platform Team" wiki about keys?', "What is about keys?", "Platform Team wiki"),
        ("Is there anything about VPN in Notion?", "Is there anything about VPN?", "Notion"),
        ("What does the HR wiki say about leave?", "What is said about leave?", "HR wiki"),
        ("Please search our engineering space for leave", "What is said about leave", "engineering space"),
        ("Where in the wiki is the rota?", "Where is the rota?", "wiki"),
        ("Wie viele Urlaubstage habe ich laut HR-Wiki?", "Wie viele Urlaubstage habe ich?", "HR-Wiki"),
        ("Was steht im HR-Wiki über Elternzeit?", "Was steht über Elternzeit?", "HR-Wiki"),
        ("Where in the HR wiki is the leave form?", "Where is the leave form?", "HR wiki"),
        ("What is the notice period (HR wiki)?", "What is the notice period?", "HR wiki"),
        ("How do I use the coffee machine (office handbook)?", "How do I use the coffee machine?", "office handbook"),
        ("Was steht im Personalwiki zu Urlaub?", "Was steht zu Urlaub?", "Personalwiki"),
        ("How do I use the VPN according to the IT handbook?", "How do I use the VPN?", "IT handbook"),
        ("How do I add a dependant in the HR wiki?", "How do I add a dependant?", "HR wiki"),
        ("What access do I need, from the IT handbook?", "What access do I need?", "IT handbook"),
        ("Where is the form in our e-learning platform wiki?", "Where is the form?", "e-learning platform wiki"),
        ("Was steht im Handbuch zu Reisekosten?", "Was steht zu Reisekosten?", "Handbuch"),
    ],
)
def test_a_source_is_a_filter_where_a_noun_says_that_it_is_one(question: str, rest: str, name: str) -> None:
    found = said(question, MONDAY)
    assert (found.rest, found.filters) == (rest, SearchFilters(source_names=[name]))


@pytest.mark.parametrize(
    "question",
    [
        "Where is the printer in the office?",
        "What is in the handbook's travel section?",
        "What is in the handbook travel section?",
        "Which rules in the handbook section on travel apply?",
        "How do I create a page in Confluence?",
        "How do I get access to the HR wiki?",
        "Who may edit pages in the HR wiki?",
        "How do I rename a page in the team wiki?",
        "How do I log in on the HR wiki?",
        f"What is in the {'very ' * 3}{'long' * 30} wiki?",
        "How do I cite in documentation?",
        "What does the documentation say about leave?",
        "What happens in outer space?",
        "Is it in the design and docs?",
        "Which bugs in the billing repository matter most?",
    ],
)
def test_any_other_place_belongs_to_the_question(question: str) -> None:
    found = said(question, MONDAY)
    assert (found.rest, found.filters) == (question, None)


def test_both_may_be_said() -> None:
    found = said("What has changed in the HR wiki since March?", MONDAY)
    assert found.rest == "What has changed?"
    march = datetime(2026, 3, 1, tzinfo=UTC)
    assert found.filters == SearchFilters(source_names=["HR wiki"], updated_after=march)


def test_days_begin_in_utc_wherever_the_clock_stands() -> None:
    in_tokyo = datetime(2026, 11, 24, 3, tzinfo=timezone(timedelta(hours=9)))
    found = said("What is new today?", in_tokyo)
    assert found.filters == SearchFilters(updated_after=datetime(2026, 11, 23, tzinfo=UTC))
