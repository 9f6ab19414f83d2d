"""What the operator may set for the intent service."""

from typing import Final

from pydantic import Field, SecretStr

from flash_core.config.settings import ServiceSettings

OPENAI: Final = "openai"
ANTHROPIC: Final = "anthropic"


class AiIntentSettings(ServiceSettings):
    ai_provider: str = Field(
        default="extractive", description="A model is asked only where this names `openai` or `anthropic`."
    )
    openai_base_url: str = Field(
        default="https://api.openai.com/v1", description="Where an OpenAI-compatible server answers."
    )
    openai_api_key: SecretStr = Field(default=SecretStr(""), description="Its key; empty for servers without one.")
    anthropic_base_url: str = Field(
        default="https://api.anthropic.com", description="Where Anthropic's messages API answers."
    )
    anthropic_api_key: SecretStr = Field(
        default=SecretStr(""), description="Its key; needed when AI_PROVIDER names `anthropic` at the default address."
    )
    ai_intent_model: str = Field(
        default="",
        description="The model that reads follow-up questions, of `openai` where AI_PROVIDER names it, else of "
        "`anthropic`; empty: rules and vectors do. It has AI_INTENT_SECONDS.",
    )
    ai_intent_seconds: float = Field(
        default=0.3,
        gt=0,
        description="How long a question may wait to be understood; then what rules make of it counts. Enough for "
        "rules and vectors; where AI_INTENT_MODEL names a model, raise it to what that takes.",
    )

    @property
    def model_provider(self) -> str | None:
        """Whose model is asked; None: no model is."""
        named = {name.strip() for name in self.ai_provider.split(",")}
        return next((name for name in (OPENAI, ANTHROPIC) if name in named and self.ai_intent_model), None)


Settings = AiIntentSettings
