"""Documents that people and programs hand in: there is nothing to look at, they come by themselves."""

from collections.abc import Mapping
from typing import Any

from flash_core.errors import FieldError, InvalidInputError
from indexing_service.interfaces import (
    CheckResult,
    ItemState,
    Listing,
    Outcome,
    SourceDocument,
    SourceProviderInterface,
)


class UploadProvider(SourceProviderInterface):
    """A sync finds nothing and removes nothing: what was handed in stays until it is replaced or deleted."""

    async def validated(self, config: Mapping[str, Any]) -> dict[str, Any]:
        if config:
            errors = [FieldError(f"config.{name}", "There is no such setting.") for name in sorted(config)]
            raise InvalidInputError("An upload source has no settings.", errors)
        return {}

    async def check(self, config: Mapping[str, Any]) -> CheckResult:  # noqa: ARG002  # nothing to look at
        return CheckResult(ok=True, detail="Documents can be handed in.")

    async def list(self, config: Mapping[str, Any]) -> Listing:  # noqa: ARG002  # nothing to look at
        return Listing([], complete=False)

    async def fetch(self, config: Mapping[str, Any], external_id: str) -> SourceDocument | Outcome:  # noqa: ARG002  # nothing to look at
        return Outcome(ItemState.SKIPPED, "It was handed in and is not kept here.")
