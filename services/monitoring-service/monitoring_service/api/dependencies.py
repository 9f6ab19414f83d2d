"""The container, as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from monitoring_service.composition import Container
from monitoring_service.services.api_document import ApiDocument
from monitoring_service.services.fleet_status import FleetStatus


async def _container(connection: HTTPConnection) -> Container:
    container: Container = connection.state.container
    return container


ContainerDep = Annotated[Container, Depends(_container)]


async def _fleet_status(container: ContainerDep) -> FleetStatus:
    return container.fleet_status


async def _api_document(container: ContainerDep) -> ApiDocument:
    return container.api_document


FleetStatusDep = Annotated[FleetStatus, Depends(_fleet_status)]
ApiDocumentDep = Annotated[ApiDocument, Depends(_api_document)]
