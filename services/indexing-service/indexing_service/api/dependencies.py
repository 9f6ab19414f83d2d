"""The container's use cases, as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from indexing_service.composition import Container
from indexing_service.services.intake import DocumentIntake
from indexing_service.services.jobs import JobManager
from indexing_service.services.sources import SourceManager
from indexing_service.services.webhooks import WebhookReceiver


async def _container(connection: HTTPConnection) -> Container:
    container: Container = connection.state.container
    return container


_ContainerDep = Annotated[Container, Depends(_container)]


async def _sources(container: _ContainerDep) -> SourceManager:
    return container.sources


async def _intake(container: _ContainerDep) -> DocumentIntake:
    return container.intake


async def _jobs(container: _ContainerDep) -> JobManager:
    return container.jobs


async def _webhooks(container: _ContainerDep) -> WebhookReceiver:
    return container.webhooks


SourcesDep = Annotated[SourceManager, Depends(_sources)]
IntakeDep = Annotated[DocumentIntake, Depends(_intake)]
JobsDep = Annotated[JobManager, Depends(_jobs)]
WebhooksDep = Annotated[WebhookReceiver, Depends(_webhooks)]
