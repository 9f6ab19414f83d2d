"""Where sources tell of changes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, status

from flash_core.errors import ForbiddenError, NotFoundError, TooLargeError, UnauthenticatedError
from flash_core.schemas.webhooks import WebhookResponse
from flash_core.web.identity import CurrentEditor
from flash_core.web.problems import problems
from indexing_service.api.dependencies import SourcesDep, WebhooksDep
from indexing_service.services.webhooks import Proof

router = APIRouter(prefix="/api/v1/sources", tags=["sources"], responses=problems(UnauthenticatedError, NotFoundError))


async def _proof(
    authorization: Annotated[str, Header()] = "",
    x_hub_signature_256: Annotated[str, Header()] = "",
    x_hub_signature: Annotated[str, Header()] = "",
    x_gitlab_token: Annotated[str, Header()] = "",
) -> Proof:
    """GitHub sends two signatures, the older one of which is weak; Confluence sends a good one by the older name."""
    return Proof(authorization, x_hub_signature_256 or x_hub_signature, x_gitlab_token)


@router.post("/{source_id}/webhook", status_code=status.HTTP_202_ACCEPTED, responses=problems(TooLargeError))
async def webhook(
    source_id: UUID, request: Request, proof: Annotated[Proof, Depends(_proof)], webhooks: WebhooksDep
) -> None:
    """Something has changed there. Asks for a sync; one that waits already is not doubled.

    The secret comes as the password of Basic (Azure DevOps), signs the body in `X-Hub-Signature-256` or
    `X-Hub-Signature: sha256=…` (GitHub, Confluence Data Center), or is `X-Gitlab-Token`.
    """
    await webhooks.receive(source_id, proof, await request.body())


@router.get("/{source_id}/webhook", responses=problems(ForbiddenError))
async def webhook_settings(
    source_id: UUID, editor: CurrentEditor, sources: SourcesDep, webhooks: WebhooksDep
) -> WebhookResponse:
    """What to enter at the source so that it tells of changes."""
    source = await sources.get(source_id, editor)
    return WebhookResponse(path=f"/api/v1/sources/{source.id}/webhook", secret=webhooks.secret(source.id))
