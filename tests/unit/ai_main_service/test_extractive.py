"""Without a model: the fewest sentences that answer, in a readable order, each with its marker."""

import asyncio
from collections.abc import Sequence

import pytest

from ai_main_service.providers.extractive import ExtractiveProvider
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


async def test_nothing_to_quote_is_nothing_said() -> None:
    assert await written("What?", passage("# Only a heading")) == ""
    assert await written("What?") == ""
