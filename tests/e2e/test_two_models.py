"""Anthropic's protocol first, OpenAI's second, quotations last: whoever can writes, and the answer says who did."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.fleet import Fleet, Frame, User, running_fleet, signed_in, text_of
from tests.e2e.model import ModelProcess, running_model

pytestmark = pytest.mark.timeout(240)
QUESTION = "How many vacation days do full-time employees get?"
PAGE = {"Vacation": "# Vacation\n\nFull-time employees get 27 vacation days a year."}


@pytest.fixture(scope="module")
def claude() -> Iterator[ModelProcess]:
    with running_model() as model:
        yield model


@pytest.fixture(scope="module")
def gpt() -> Iterator[ModelProcess]:
    with running_model() as model:
        yield model


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, claude: ModelProcess, gpt: ModelProcess) -> Iterator[Fleet]:
    settings = {
        "AI_PROVIDER": "anthropic,openai",
        "ANTHROPIC_BASE_URL": claude.root_url,
        "ANTHROPIC_API_KEY": "sk-ant-very-secret",
        "ANTHROPIC_MODEL": "claude",
        "OPENAI_BASE_URL": gpt.base_url,
        "AI_MAIN_MODEL": "gpt",
        "AI_FIRST_TOKEN_SECONDS": "2",
        "AI_IDLE_SECONDS": "2",
        "AI_ANSWER_CACHE_SECONDS": "0",
    }
    with running_fleet(tmp_path_factory.mktemp("models"), **settings) as fleet:
        yield fleet


@pytest.fixture
async def admin(fleet: Fleet) -> AsyncIterator[User]:
    async with signed_in(fleet) as admin:
        await admin.index(PAGE)
        yield admin


async def asked(user: User) -> list[Frame]:
    async with user.socket() as socket:
        await socket.ask(QUESTION)
        return await socket.until("done", "error")


async def test_the_first_choice_writes(admin: User, claude: ModelProcess) -> None:
    claude.behave(text="They get 27 vacation days a year [1].", key="sk-ant-very-secret", times=1)
    answer = (await asked(admin))[-1]["answer"]
    assert answer["model"] == "claude"
    assert answer["content"] == "They get 27 vacation days a year [1]."
    assert answer["grounded"]
    assert answer["usage"]["prompt_tokens"] > 0


async def test_general_mode_never_cites(admin: User, claude: ModelProcess) -> None:
    claude.behave(text="Paris [1] is the capital [2].", times=1)
    answer = await admin.post("/api/v1/chat", {"query": "Capital of France?", "mode": "general"}, expect=200)
    assert (answer["response"], answer["sources"]) == ("Paris is the capital.", [])


async def test_the_second_choice_writes_when_the_first_breaks_off(
    admin: User, claude: ModelProcess, gpt: ModelProcess
) -> None:
    claude.behave(text="They get a lot of vacation days.", token_seconds=0.05, error_after=4, times=1)
    gpt.behave(text="They get 27 vacation days a year [1].", times=1)
    frames = await asked(admin)
    answer = frames[-1]["answer"]
    assert answer["model"] == "gpt"
    assert answer["content"].startswith("They get 27 vacation days a year [1].")
    assert "another one wrote this" in answer["content"].splitlines()[-1]
    assert text_of(frames) == answer["content"]
    assert "reset" in [frame["type"] for frame in frames]


async def test_quotations_are_the_last_resort_though_nobody_asked_for_them(
    admin: User, claude: ModelProcess, gpt: ModelProcess
) -> None:
    claude.behave(status=529, times=3)
    gpt.behave(status=401, times=1)
    answer = (await asked(admin))[-1]["answer"]
    assert answer["model"] == "extractive"
    assert "27" in answer["content"]
    assert "these are quotations" in answer["content"].splitlines()[-1]
    shown = {line["name"]: line["detail"] for line in (await admin.get("/api/v1/status"))["services"]}
    assert "refuses the key (401)" in shown["model:openai"]
    assert "(529)" in shown["model:anthropic"]
    assert "refuses the key (401)" in shown["ai-main"]


async def test_the_keys_are_in_no_log(fleet: Fleet) -> None:
    for log in (fleet.home / "logs").iterdir():
        assert "very-secret" not in log.read_text(errors="replace"), log.name
