"""What the operator may set for the intent service."""

from pydantic import Field, SecretStr

from flash_core.config.settings import ServiceSettings


class AiIntentSettings(ServiceSettings):
    ai_provider: str = Field(default="extractive", description="A model is asked only where this names `openai`.")
    openai_base_url: str = Field(
        default="https://api.openai.com/v1", description="Where an OpenAI-compatible server answers."
    )
    openai_api_key: SecretStr = Field(default=SecretStr(""), description="Its key; empty for servers without one.")
    ai_intent_model: str = Field(
        default="", description="The model that reads follow-up questions; empty: rules and vectors do."
    )
    ai_intent_seconds: float = Field(default=0.3, gt=0, description="What understanding a question may take.")

    @property
    def uses_model(self) -> bool:
        return bool(self.ai_intent_model) and "openai" in {name.strip() for name in self.ai_provider.split(",")}


Settings = AiIntentSettings
