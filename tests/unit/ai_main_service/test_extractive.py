"""Without a model: the fewest sentences that answer, in a readable order, each with its marker."""

import asyncio
from collections.abc import Sequence

import pytest

from ai_main_service.providers.extractive import ExtractiveProvider
from ai_main_service.services.opening import SENTINEL
from ai_main_service.services.questions import Asked, Question
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.ai_provider import Finished, GroundingPassage, TextPiece, WritingRequest
from flash_core.interfaces.embedding import EmbeddingModel, EmbeddingProviderInterface, Priority, Purpose, Vectors
from flash_core.testing.fakes import FakeEmbeddingProvider
from tests.unit.ai_main_service.builders import LEAVE, TRAVEL, passage


class NoVectors(EmbeddingProviderInterface):
    def __init__(self, *, hangs: bool = False) -> None:
        self._hangs = hangs

    async def model(self) -> EmbeddingModel:
        return EmbeddingModel("none", 1, 1)

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose = Purpose.PASSAGE, priority: Priority = Priority.INTERACTIVE
    ) -> Vectors:
        if self._hangs:
            await asyncio.Event().wait()
        raise UpstreamUnavailableError("away")

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        raise UpstreamUnavailableError("away")


async def written(
    question: str, *passages: GroundingPassage, embeddings: EmbeddingProviderInterface | None = None
) -> str:
    provider = ExtractiveProvider(embeddings or FakeEmbeddingProvider(), seconds=0.02)
    items = [item async for item in provider.stream(WritingRequest(question, (), passages))]
    assert isinstance(items[-1], Finished)
    assert items[-1].model == "extractive"
    return "".join(item.text for item in items if isinstance(item, TextPiece))


async def test_a_fact_is_one_sentence_with_its_marker() -> None:
    text = await written(
        "How many days of leave do employees get?", passage(), passage(TRAVEL, marker=4, title="Travel")
    )
    assert text == "Employees get 25 days of leave a year. [1]"


async def test_a_sentence_that_goes_on_about_the_same_is_quoted_for_what_it_says_of_the_question() -> None:
    garage = passage("The Zorblax parking garage opens at 6:00. It closes at 22:45. It has 300 places.")
    opening, closing = "The Zorblax parking garage opens at 6:00. [1]", " It closes at 22:45. [1]"
    assert await written("When does the Zorblax parking garage close?", garage) == opening + closing
    assert await written("When does the Zorblax parking garage open?", garage) == opening


async def test_steps_stay_steps_under_the_sentence_that_announces_them() -> None:
    text = await written("How do I request leave?", passage())
    assert text.endswith(
        "To request leave: [1]\n\n1. Open the leave portal. [1]\n2. Choose the days. [1]\n"
        "3. Send the request to your manager. [1]"
    )


async def test_each_document_speaks_under_its_own_marker() -> None:
    text = await written(
        "Which approval do flights and leave need?",
        passage("Leave needs approval by the team lead.", marker=2),
        passage("Flights need approval by the travel office.", marker=5, title="Travel"),
    )
    assert "[2]" in text
    assert "[5]" in text


async def test_a_definition_is_preferred_and_what_points_back_comes_with_it() -> None:
    text = await written(
        "What is Tock?",
        passage("People complain about Tock every week and use Tock. Tock is a tool that tracks hours."),
    )
    assert text == "Tock is a tool that tracks hours. [1]"
    text = await written(
        "What tracks billable hours?", passage("Tock is our tool. It tracks billable hours of every project.")
    )
    assert text == "Tock is our tool. [1] It tracks billable hours of every project. [1]"


async def test_a_heading_that_asks_the_same_makes_its_section_the_answer() -> None:
    faq = "## What if my flight is late?\n\nStay calm. Call the desk:\n\n- by phone\n- by mail\n"
    faq += "\n## Other\n\nFlights are late."
    text = await written("What if my flight is late?", passage(faq))
    assert text.startswith("Stay calm. [1] Call the desk: [1]\n\n- by phone [1]\n- by mail [1]")


async def test_a_table_row_is_quoted_with_its_columns() -> None:
    table = "| Grade | Days |\n| --- | --- |\n| Junior | 25 |\n| Senior | 28 |\n"
    assert "- Grade: Senior; Days: 28 [1]" in await written("How many days for grade senior?", passage(table))


async def test_code_is_quoted_whole_with_what_introduces_it() -> None:
    text = await written(
        "How to install the client?", passage("Run this to install:\n\n```sh\nmake install client\n```\n")
    )
    assert text == "Run this to install: [1]\n\n```sh\nmake install client\n```\n\n[1]"


async def test_one_item_of_a_long_list_comes_with_what_is_nested_in_it() -> None:
    text = "Tools:\n\n- Slack\n- Concur books flights\n  - by train as well\n- Tock\n- Jira\n- Figma\n"
    said = await written("Concur flights?", passage(text))
    assert said == "Tools: [1]\n\n- Concur books flights [1]\n   - by train as well [1]"


async def test_a_long_list_is_cut_to_what_one_reads() -> None:
    items = "".join(f"- Tool {number} for design work\n" for number in range(40))
    said = await written("What are the tools for design work?", passage(f"The tools for design work are:\n\n{items}"))
    assert 2 < said.count("\n- ") <= 12
    steps = "".join(f"{number}. Do step {number} of the setup {'x' * 200}\n" for number in range(1, 20))
    said = await written("How do I do step 15 of the setup?", passage(f"Setup:\n\n{steps}"))
    assert "Do step 15" in said
    assert len(said) < 2_000


async def test_the_same_statement_is_not_quoted_twice() -> None:
    again = passage("Employees get 25 days of leave a year.", marker=2, title="Copy")
    text = await written(
        "How many days of leave do employees get a year?", passage("Employees get 25 days of leave a year."), again
    )
    assert text.count("25 days") == 1


async def test_a_sentence_much_like_another_is_quoted_for_what_it_adds() -> None:
    text = await written(
        "How many vacation days do part-time employees get?",
        passage("Full-time employees get 27 vacation days a year. Part-time employees get them in proportion."),
        embeddings=NoVectors(),
    )
    assert "27 vacation days" in text
    assert "in proportion" in text


async def test_no_more_than_three_documents_speak() -> None:
    passages = [
        passage(f"Approval of kind {word} is given by the {word} office.", marker=number, title=word)
        for number, word in enumerate(["red", "green", "blue", "black", "white"], 1)
    ]
    text = await written("Who gives approval of red green blue black white kind?", *passages)
    assert len({piece[1] for piece in text.split("]") if piece}) <= 5
    assert text.count("[") <= 3


@pytest.mark.parametrize("hangs", [False, True])
async def test_without_vectors_it_still_answers(*, hangs: bool) -> None:
    text = await written("How many days of leave?", passage(LEAVE), embeddings=NoVectors(hangs=hangs))
    assert "25 days" in text


async def test_nothing_to_quote_is_no_answer() -> None:
    assert await written("What?", passage("# Only a heading")) == SENTINEL
    assert await written("What?") == SENTINEL


async def test_steps_that_passages_divide_are_joined_in_the_order_of_their_numbers() -> None:
    text = await written(
        "How do I order business cards?",
        passage("3. Order the business cards and pay.\n4. Wait.\n", marker=1, title="Shop", heading="Orders > Cards"),
        passage(
            "We use few. To begin,\n\n1. Sign in.\n2. Choose.\n   - any colour\n",
            marker=2,
            title="Shop",
            heading="Orders > Cards",
        ),
        passage("1. Breathe.\n2. Sleep.\n", marker=3, title="Health", heading="Rest"),
    )
    assert text.startswith(
        "To begin, [2]\n\n1. Sign in. [2]\n2. Choose. [2]\n   - any colour [2]\n\n"
        "3. Order the business cards and pay. [1]\n"
    )
    assert "4. Wait. [1]" in text
    assert "Breathe" not in text


async def test_steps_keep_the_code_between_them() -> None:
    steps = "## Sign git commits\n\n1. Make a key:\n\n```sh\nmake key\n```\n\n2. Sign:\n\n```sh\nsign\n```\n"
    text = await written("How do I sign git commits?", passage(steps))
    assert text.startswith("1. Make a key: [1]\n\n```sh\nmake key\n```\n\n[1]\n\n2. Sign: [1]")


async def test_a_list_that_counts_anew_is_not_taken_for_steps() -> None:
    text = await written(
        "How do I travel by train?",
        passage("1. Buy a ticket to travel by train.\n\nOr:\n\n1. Fly.\n", heading="Ways"),
        embeddings=NoVectors(),
    )
    assert "Fly" not in text


async def test_an_item_keeps_the_number_that_it_has_in_the_source() -> None:
    text = await written("What does the moon landing cost?", passage("4. Start.\n4. The moon landing costs a lot.\n"))
    assert text == "5. The moon landing costs a lot. [1]"


async def test_an_entry_of_a_glossary_is_a_definition_and_enough() -> None:
    glossary = passage(
        "- **ADR** - A written record of a decision.\n- **ATO** - A sign-off to operate.\n", marker=2, title="Glossary"
    )
    text = await written("What is an ATO?", passage("Every ATO needs an ATO plan and an ATO owner."), glossary)
    assert text == "- **ATO** - A sign-off to operate. [2]"


async def test_what_sends_the_reader_elsewhere_is_no_answer() -> None:
    text = await written(
        "How is leave granted?",
        passage("For more information on how leave is granted, see the page. Leave is granted by the team lead."),
        passage("[How leave is granted](https://wiki.example/leave)", marker=2, title="Links"),
        embeddings=NoVectors(),
    )
    assert text == "Leave is granted by the team lead. [1]"


async def test_an_example_is_quoted_where_one_is_asked_for_only() -> None:
    leave = passage(
        "You earn leave with the years of service.\n\nFor example: you earn 4 hours of leave a period and have 14 "
        "periods left. You earn 56 hours of leave."
    )
    text = await written("How much leave do you earn?", leave, embeddings=NoVectors())
    assert text.startswith("You earn leave with the years of service. [1]")
    text = await written("Is there an example of how you earn leave?", leave, embeddings=NoVectors())
    assert text.startswith("For example")


async def test_how_a_question_is_put_says_nothing_about_its_matter() -> None:
    many = passage("How many meetings are too many? Many say that many get too many.")
    text = await written("How many days of leave do I get?", many, passage("Leave is 25 days.", marker=2, title="HR"))
    assert text == "Leave is 25 days. [2]"


async def test_a_sentence_that_points_before_its_passage_is_quoted_only_if_nothing_is_better() -> None:
    text = await written(
        "Which badge opens the office?",
        passage("The blue badge opens the office."),
        passage("It opens the office and the garage with any badge.", marker=2, title="Doors"),
    )
    assert text == "The blue badge opens the office. [1]"


async def test_a_table_that_a_passage_cuts_has_rows_but_no_names_for_them() -> None:
    text = await written("When is the review due?", passage("| 10 November | The review is due |\n| Later | Rest |\n"))
    assert "- 10 November; The review is due [1]" in text


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("What is Tock?", Asked.DEFINITION),
        ("What's the Voluntary Leave Transfer Program?", Asked.DEFINITION),
        ("What is the address of the Chicago office?", Asked.FACT),
        ("What is the target for five reports?", Asked.FACT),
        ("What does ATO stand for?", Asked.DEFINITION),
        ("telework", Asked.DEFINITION),
        ("How often may I travel?", Asked.QUANTITY),
    ],
)
def test_what_is_asked_for_is_read_from_the_words(question: str, asked: Asked) -> None:
    assert Question(question).asked is asked


def test_the_matter_of_a_question_is_never_empty() -> None:
    assert Question("How many days of leave do I get?").matter == ("day", "leav")
    assert Question("What does it mean?").matter == ("mean",)
