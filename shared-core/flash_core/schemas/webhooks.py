"""Sources that tell of changes."""

from pydantic import BaseModel, Field


class WebhookResponse(BaseModel):
    """What to enter at a source."""

    path: str = Field(description="Behind the public address of AskFlash.")
    secret: str = Field(repr=False, description="Of this source alone.")
