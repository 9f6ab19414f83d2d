"""Understanding, for the service that writes answers."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection

from flash_core.errors import UnauthenticatedError
from flash_core.interfaces.intent import IntentInterface
from flash_core.schemas.ai import IntentRequest, IntentResponse
from flash_core.web.identity import InternalCaller
from flash_core.web.problems import problems

router = APIRouter(prefix="/internal", tags=["intent"])


async def _intent(connection: HTTPConnection) -> IntentInterface:
    intent: IntentInterface = connection.state.container.intent
    return intent


@router.post("/intent", responses=problems(UnauthenticatedError))
async def understand(
    body: IntentRequest, _: InternalCaller, intent: Annotated[IntentInterface, Depends(_intent)]
) -> IntentResponse:
    """What kind of question it is, and the question as it stands alone."""
    return await intent.analyse(body)
