"""With a model server that answers, refuses, hangs or is cut: a cited answer, or a clear word on what is wrong."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import ask, sign_in
from tests.e2e.fleet import Fleet, User, running_fleet, signed_in, text_of
from tests.e2e.model import ModelProcess, running_model

pytestmark = pytest.mark.timeout(240)
QUESTION = "How many vacation days do full-time employees get?"
PAGE = {"Vacation": "# Vacation\n\nFull-time employees get 27 vacation days a year."}


@pytest.fixture(scope="module")
def model() -> Iterator[ModelProcess]:
    with running_model() as model:
        yield model


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, model: ModelProcess) -> Iterator[Fleet]:
    settings = {
        "AI_PROVIDER": "openai,extractive",
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "sk-very-secret",
        "AI_MAIN_MODEL": "test-model",
        "AI_FIRST_TOKEN_SECONDS": "2",
        "AI_IDLE_SECONDS": "2",
    }
    with running_fleet(tmp_path_factory.mktemp("model"), **settings) as fleet:
        yield fleet


@pytest.fixture
async def admin(fleet: Fleet) -> AsyncIterator[User]:
    async with signed_in(fleet) as admin:
        await admin.index(PAGE)
        yield admin


async def test_a_model_writes_and_is_checked(admin: User, model: ModelProcess) -> None:
    text = "They get 27 vacation days a year [1]. The moon is made of cheese [1]. Nobody said this [7]."
    model.behave(text=text, times=1)
    async with admin.socket() as socket:
        await socket.ask(QUESTION)
        frames = await socket.until("done", "error")
    answer = frames[-1]["answer"]
    assert text_of(frames) == answer["content"]
    assert answer["model"] == "test-model"
    assert answer["usage"]["completion_tokens"] > 0
    assert "[7]" not in answer["content"]
    supported = {answer["content"][one["start"] : one["end"]]: one["supported"] for one in answer["citations"]}
    assert [ok for sentence, ok in supported.items() if "27" in sentence] == [True]
    assert [ok for sentence, ok in supported.items() if "cheese" in sentence] == [False]
    assert not answer["grounded"]


@pytest.mark.parametrize(
    "behaviour", [{"status": 500}, {"status": 401}, {"hang_after": 3}, {"cut_after": 3}, {"garbage_after": 3}]
)
async def test_a_model_that_fails_is_replaced_by_quoting(
    admin: User, model: ModelProcess, behaviour: dict[str, int]
) -> None:
    model.behave(**behaviour, times=6)
    async with admin.socket() as socket:
        await socket.ask(QUESTION)
        frames = await socket.until("done", "error")
    model.behave(times=None)
    answer = frames[-1]["answer"]
    assert "27" in answer["content"]
    assert text_of(frames) == answer["content"]
    assert answer["citations"]


async def test_cancelling_keeps_what_was_written(admin: User, model: ModelProcess) -> None:
    model.behave(text="Full-time employees get 27 vacation days a year [1]. " * 30, token_seconds=0.1, times=1)
    async with admin.socket() as socket:
        await socket.ask(QUESTION)
        begun = await socket.until("delta")
        await socket.send(type="cancel", answer_id=begun[0]["answer_id"])
        frames = begun + await socket.until("done", "error")
    answer = frames[-1]["answer"]
    assert answer["state"] == "cancelled"
    assert 0 < len(answer["content"]) < 1_000
    assert text_of(frames) == answer["content"]


async def test_a_page_reloaded_in_the_middle_of_an_answer_goes_on(
    page: Page, fleet: Fleet, admin: User, model: ModelProcess
) -> None:
    words = " ".join(f"word{number}" for number in range(60))
    model.behave(text=f"They get 27 vacation days a year [1]. {words} end.", token_seconds=0.1, times=1)
    await sign_in(page, fleet)
    await ask(page, QUESTION)
    await expect(page.get_by_test_id("answer").last).to_contain_text("word5")
    await page.reload()
    answer = page.get_by_test_id("answer").last
    await expect(answer).to_contain_text("word10")
    await expect(answer).not_to_contain_text("end.")
    await expect(answer).to_have_attribute("data-state", "done")
    await expect(answer).to_contain_text("27 vacation days a year")
    await expect(answer).to_contain_text("word59 end.")


async def test_the_key_is_in_no_log(fleet: Fleet) -> None:
    for log in (fleet.home / "logs").iterdir():
        assert "sk-very-secret" not in log.read_text(errors="replace"), log.name
