"""What the operator may set for the monitoring service."""

from flash_core.config.settings import ServiceSettings


class Settings(ServiceSettings):
    """Nothing of its own yet: it watches what the common settings name."""

    def services(self) -> dict[str, str]:
        """Base URL by service name, in the order in which the status page lists them."""
        return {
            "auth": self.auth_url,
            "chat": self.chat_url,
            "ai-intent": self.ai_intent_url,
            "ai-main": self.ai_main_url,
            "documentation": self.documentation_url,
            "vector": self.vector_url,
            "embedding": self.embedding_url,
            "indexing": self.indexing_url,
        }
