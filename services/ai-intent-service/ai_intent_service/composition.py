"""Which implementation stands behind each interface. Nothing else may decide that."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files

from openai import AsyncOpenAI

from ai_intent_service.config import AiIntentSettings
from ai_intent_service.providers.openai_analyser import OpenAIAnalyser
from ai_intent_service.services.cached_intent import CachedIntent
from ai_intent_service.services.intent_analyser import IntentAnalyser
from ai_intent_service.services.rule_analyser import RuleAnalyser
from flash_core.composition import ServiceContainer, open_platform
from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.intent import IntentInterface

PROMPT = "intent.v1"
_SHARE_OF_BUDGET = 0.8
"""The asking service waits for the whole budget; what is left is for the way there and back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running intent service."""

    intent: IntentInterface


@asynccontextmanager
async def compose(settings: AiIntentSettings | None = None) -> AsyncIterator[Container]:
    settings = settings or AiIntentSettings()
    async with open_platform(settings, "ai-intent") as platform, AsyncExitStack() as stack:
        seconds = settings.ai_intent_seconds * _SHARE_OF_BUDGET
        model = await _model(settings, platform.cache, stack) if settings.uses_model else None
        yield Container(
            intent=IntentAnalyser(RuleAnalyser(), model, seconds=seconds),
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
        )


def read_prompt(name: str) -> str:
    """The text of `prompts/<name>.md`."""
    return files("ai_intent_service").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


async def _model(settings: AiIntentSettings, cache: CacheInterface, stack: AsyncExitStack) -> IntentInterface:
    client = AsyncOpenAI(
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key.get_secret_value() or "none",  # local servers want none, the SDK wants one
        timeout=settings.ai_intent_seconds,
        max_retries=0,
    )
    await stack.enter_async_context(client)
    analyser = OpenAIAnalyser(client, settings.ai_intent_model, read_prompt(PROMPT))
    return CachedIntent(analyser, cache, version=f"{PROMPT}:{settings.ai_intent_model}")
