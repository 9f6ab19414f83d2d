"""The container and the path's name, as FastAPI dependencies."""

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from flash_core.interfaces.vector_store import VectorStoreInterface


async def _vectors(connection: HTTPConnection) -> VectorStoreInterface:
    store: VectorStoreInterface = connection.state.container.vectors
    return store


Vectors = Annotated[VectorStoreInterface, Depends(_vectors)]
CollectionName = Annotated[
    str, Path(pattern=r"^[a-z0-9_]{1,100}$", description="An alias, or a version's own name. It names a folder, too.")
]
