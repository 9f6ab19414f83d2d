"""What sibling services ask."""

from fastapi import APIRouter, Depends

from auth_service.api import presenters
from auth_service.api.dependencies import ContainerDep
from flash_core.schemas.auth import PrincipalResponse, RedeemTicketRequest, VerifyKeyRequest
from flash_core.web.identity import internal_caller

router = APIRouter(prefix="/internal", dependencies=[Depends(internal_caller)], include_in_schema=False)


@router.post("/api-keys/verify")
async def verify_api_key(body: VerifyKeyRequest, container: ContainerDep) -> PrincipalResponse:
    """Whom the key stands for now; 404 if it is not valid."""
    return presenters.principal(await container.api_keys.verify(body.key))


@router.post("/ws-tickets/redeem")
async def redeem_ticket(body: RedeemTicketRequest, container: ContainerDep) -> PrincipalResponse:
    """Whom the ticket stands for now, once; 404 if it is not valid."""
    return presenters.principal(await container.tickets.redeem(body.ticket))
