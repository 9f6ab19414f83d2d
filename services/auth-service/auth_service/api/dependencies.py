"""The object graph and the caller, as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from auth_service.composition import Container
from auth_service.services.sign_in import Caller


async def _container(connection: HTTPConnection) -> Container:
    container: Container = connection.state.container
    return container


async def _caller(connection: HTTPConnection) -> Caller:
    """The gateway overwrites X-Forwarded-For with the address that it sees; without a gateway it is the peer's."""
    peer = connection.client.host if connection.client else ""
    forwarded = connection.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return Caller(address=forwarded or peer, user_agent=connection.headers.get("user-agent", ""))


ContainerDep = Annotated[Container, Depends(_container)]
CallerDep = Annotated[Caller, Depends(_caller)]
