"""The container, as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends, Header
from starlette.requests import HTTPConnection

from chat_service.composition import Container
from flash_core.web.idempotency import HEADER


async def _container(connection: HTTPConnection) -> Container:
    container: Container = connection.state.container
    return container


ContainerDep = Annotated[Container, Depends(_container)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=255,
        description="The client's own name for what it asks: sent again, it is the same question.",
    ),
]
