"""What the operator sets is checked before the start, and the message says what to do."""

from typing import Any

import pytest
from pydantic import ValidationError

from ai_main_service.config import AiMainSettings, ModelPrice
from tests.unit.ai_main_service.builders import settings

OPENAI = {"ai_main_model": "gpt"}
ANTHROPIC = {"anthropic_model": "claude", "anthropic_api_key": "k"}


@pytest.mark.parametrize(
    ("named", "writers"),
    [
        ("extractive", ("extractive",)),
        ("openai", ("openai", "extractive")),
        ("anthropic, openai ,extractive", ("anthropic", "openai", "extractive")),
        ("openai,openai", ("openai", "extractive")),
        ("extractive,openai", ("extractive", "openai")),
    ],
)
def test_the_last_resort_are_quotations_named_or_not(named: str, writers: tuple[str, ...]) -> None:
    assert settings(ai_provider=named, **OPENAI, **ANTHROPIC).providers == writers


@pytest.mark.parametrize(
    ("named", "main", "own", "model"),
    [
        ("anthropic", "claude", "", "claude"),
        ("anthropic", "claude", "claude-2", "claude-2"),
        ("anthropic,extractive", "claude", "", "claude"),
        ("openai,anthropic", "gpt", "claude", "claude"),
    ],
)
def test_each_provider_has_a_model(named: str, main: str, own: str, model: str) -> None:
    made = settings(ai_provider=named, ai_main_model=main, anthropic_model=own, anthropic_api_key="k")
    assert made.model_of_anthropic == model


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"ai_provider": "parrot,openai", **OPENAI}, "parrot is not known; extractive, openai and anthropic are"),
        ({"ai_provider": " , "}, "nothing is not known"),
        ({"ai_provider": "openai"}, "AI_MAIN_MODEL must name a model"),
        ({"ai_provider": "anthropic", "anthropic_api_key": "k"}, "ANTHROPIC_MODEL must name a model"),
        ({"ai_provider": "openai,anthropic", "anthropic_api_key": "k", **OPENAI}, "ANTHROPIC_MODEL must name a model"),
        ({"ai_provider": "anthropic", "anthropic_model": "claude"}, "ANTHROPIC_API_KEY must be set"),
        ({"ai_prices": {"m": {"prompt": -1, "completion": 1}}}, "greater than or equal to 0"),
        ({"ai_prices": {"m": {"prompt": 1}}}, "completion"),
    ],
)
def test_what_can_not_work_says_what_to_set(values: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValidationError, match=advice):
        settings(**values)


def test_a_server_of_one_s_own_may_want_no_key() -> None:
    made = settings(ai_provider="anthropic", anthropic_model="m", anthropic_base_url="http://127.0.0.1:8080")
    assert made.providers[0] == "anthropic"


def test_prices_are_json_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEY", "k" * 32)
    monkeypatch.setenv("AI_PRICES", '{"gpt-4o": {"prompt": 2.5, "completion": 10}}')
    assert AiMainSettings().ai_prices == {"gpt-4o": ModelPrice(prompt=2.5, completion=10)}
    monkeypatch.setenv("AI_PRICES", "")
    assert AiMainSettings().ai_prices == {}
