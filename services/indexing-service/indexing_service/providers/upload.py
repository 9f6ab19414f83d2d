"""Documents that people and programs hand in: there is nothing to look at, they come by themselves."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from flash_core.errors import FieldError, InvalidInputError
from indexing_service.interfaces import ItemState, Outcome, SourceDocument
from indexing_service.interfaces.providers import (
    Access,
    Changes,
    Check,
    DocumentationProviderInterface,
    DocumentationSourceInterface,
    Found,
    Inventory,
)


class UploadProvider(DocumentationProviderInterface):
    @property
    def addresses(self) -> frozenset[str]:
        return frozenset()

    async def validated(self, access: Access) -> Access:
        unknown = [f"config.{name}" for name in access.config] + [f"credentials.{name}" for name in access.credentials]
        if unknown:
            errors = [FieldError(name, "There is no such setting.") for name in sorted(unknown)]
            raise InvalidInputError("An upload source has no settings.", errors)
        return Access({})

    @asynccontextmanager
    async def connect(self, access: Access) -> AsyncIterator[DocumentationSourceInterface]:  # noqa: ARG002  # nothing to reach
        yield UploadSource()


class UploadSource(DocumentationSourceInterface):
    """A sync finds nothing and removes nothing: what was handed in stays until it is replaced or deleted."""

    async def check(self) -> Check:
        return Check(ok=True, detail="Documents can be handed in.")

    async def list(self, found: Found, known: Collection[str] = ()) -> Inventory:  # noqa: ARG002  # its listings leave nothing out
        return Inventory([], complete=False)

    async def changes(self, cursor: str, found: Found) -> Changes | None:  # noqa: ARG002  # nothing to look at
        return None

    async def fetch(self, external_id: str) -> SourceDocument | Outcome:  # noqa: ARG002  # nothing to look at
        return Outcome(ItemState.SKIPPED, "It was handed in and is not kept here.")

    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        return None
