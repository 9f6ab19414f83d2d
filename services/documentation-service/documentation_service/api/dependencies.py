"""The container's use cases, as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from documentation_service.composition import Container
from documentation_service.services.aliases import Aliases
from documentation_service.services.discovery import AliasDiscovery
from documentation_service.services.library import Library
from documentation_service.services.registry import DocumentRegistry
from flash_core.interfaces.search import SearchInterface


async def container(connection: HTTPConnection) -> Container:
    found: Container = connection.state.container
    return found


ContainerDep = Annotated[Container, Depends(container)]


async def _search(found: ContainerDep) -> SearchInterface:
    return found.search


async def _library(found: ContainerDep) -> Library:
    return found.library


async def _registry(found: ContainerDep) -> DocumentRegistry:
    return found.registry


async def _aliases(found: ContainerDep) -> Aliases:
    return found.aliases


async def _discovery(found: ContainerDep) -> AliasDiscovery:
    return found.discovery


SearchDep = Annotated[SearchInterface, Depends(_search)]
LibraryDep = Annotated[Library, Depends(_library)]
RegistryDep = Annotated[DocumentRegistry, Depends(_registry)]
AliasesDep = Annotated[Aliases, Depends(_aliases)]
DiscoveryDep = Annotated[AliasDiscovery, Depends(_discovery)]
