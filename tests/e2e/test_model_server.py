"""With a model server that answers, refuses, hangs or is cut: a cited answer, or a clear word on what is wrong."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import ask, sign_in
from tests.e2e.fleet import Fleet, Frame, User, running_fleet, signed_in, text_of, until
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
        "AI_PRICES": json.dumps({"test-model": {"prompt": 2.5, "completion": 10}}),
        "AI_FIRST_TOKEN_SECONDS": "2",
        "AI_IDLE_SECONDS": "2",
        "AI_ANSWER_CACHE_SECONDS": "0",
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
    assert answer["usage"]["cost"] == pytest.approx(100 * 2.5e-6 + answer["usage"]["completion_tokens"] * 10e-6)
    assert "[7]" not in answer["content"]
    supported = {answer["content"][one["start"] : one["end"]]: one["supported"] for one in answer["citations"]}
    assert [ok for sentence, ok in supported.items() if "27" in sentence] == [True]
    assert [ok for sentence, ok in supported.items() if "cheese" in sentence] == [False]
    assert not answer["grounded"]


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
    assert (answer["model"], answer["usage"]["estimated"]) == ("test-model", True)
    assert answer["usage"]["completion_tokens"] > 0
    assert answer["timings_ms"]["total"] > 0
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


async def test_what_was_used_is_on_the_bill(admin: User) -> None:
    before = await used(admin, "test-model")
    answer = (await asked(admin))[-1]["answer"]
    after = await used(admin, "test-model")
    assert after["answers"] == before["answers"] + 1
    assert after["prompt_tokens"] == before["prompt_tokens"] + answer["usage"]["prompt_tokens"]
    assert after["cost"] == pytest.approx(before["cost"] + answer["usage"]["cost"])
    by_user = (await admin.get("/api/v1/usage", by="user"))["items"]
    assert after["answers"] in [line["answers"] for line in by_user]


async def used(user: User, model: str) -> dict[str, Any]:
    lines = (await user.get("/api/v1/usage"))["items"]
    return next((line for line in lines if line["model"] == model), {"answers": 0, "prompt_tokens": 0, "cost": 0})


@pytest.mark.parametrize(
    "behaviour", [{"status": 500}, {"status": 401}, {"hang_after": 3}, {"cut_after": 3}, {"garbage_after": 3}]
)
async def test_a_model_that_fails_is_replaced_by_quoting(
    admin: User, model: ModelProcess, behaviour: dict[str, int]
) -> None:
    model.behave(**behaviour, times=6)
    try:
        frames = await asked(admin)
    finally:
        model.behave(times=None)
    answer = frames[-1]["answer"]
    assert "27" in answer["content"]
    assert text_of(frames) == answer["content"]
    assert answer["citations"]
    assert answer["model"] == "extractive"
    assert "_The language model does not answer at the moment" in answer["content"].splitlines()[-1]
    assert [one["status"] for one in (await services(admin))["model:openai"]] == ["degraded"]
    await eventually_written_by(admin, "test-model")


async def test_the_key_is_in_no_log(fleet: Fleet) -> None:
    for log in (fleet.home / "logs").iterdir():
        assert "sk-very-secret" not in log.read_text(errors="replace"), log.name


async def asked(user: User) -> list[Frame]:
    """The frames of an answer."""
    async with user.socket() as socket:
        await socket.ask(QUESTION)
        return await socket.until("done", "error")


async def services(user: User) -> dict[str, list[Any]]:
    """The status page's lines, by name."""
    lines: dict[str, list[Any]] = {}
    for line in (await user.get("/api/v1/status"))["services"]:
        lines.setdefault(line["name"], []).append(line)
    return lines


async def eventually_written_by(user: User, model: str) -> None:
    """A model that works again is asked again; one that refused a key a little later."""

    async def is_written() -> bool:
        return str((await asked(user))[-1]["answer"]["model"]) == model

    await until(is_written, seconds=30)
