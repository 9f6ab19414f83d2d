"""What every type of source promises, whatever its protocol."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from flash_core.errors import UpstreamUnavailableError
from indexing_service.interfaces import Item, Outcome, SourceDocument


class SourceAwayError(UpstreamUnavailableError):
    """No one document is to blame: the source can't be reached, or wants to be left alone for a while."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a source is reached: the part that may be shown, and the part that may not."""

    config: Mapping[str, Any]
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a source can be read; `detail` says what to do where it can't, `found` counts what there is."""

    ok: bool
    detail: str
    found: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All that is in a source now, each item with its version.

    `complete` False: something may be missing, so nothing may be removed. `cursor`: where the changes after this
    inventory begin; None where the source keeps no record of changes. `tells_renames`: an external id is a name that
    may change, and a version is that of one content, so that a document is known by it under another name.
    """

    items: Sequence[Item]
    complete: bool
    cursor: str | None = None
    tells_renames: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of a source since a cursor.

    `items` were added or changed; `deleted` are gone for sure; `renamed` maps old external ids to new ones; they may
    be among `items` too. `cursor` is where the next changes begin; it may be kept only after all of this is durable.
    """

    items: Sequence[Item]
    deleted: Sequence[str]
    cursor: str
    renamed: Mapping[str, str] = field(default_factory=dict)


Found = Callable[[int], None]
"""Told how many documents a listing has seen so far."""


class DocumentationSourceInterface(Protocol):
    """One source that is connected. Reading it changes nothing there.

    Raises `UpstreamUnavailableError` for what may pass, `SourceAwayError` where that can't be a single document's, as
    lasting throttling; `UpstreamRejectedError`, saying what to do, when it can't be read with this configuration or
    these credentials.
    """

    @abstractmethod
    async def check(self) -> Check:
        """Try to read it, without raising for what is wrong with it."""

    @abstractmethod
    async def list(self, found: Found, known: Collection[str] = ()) -> Inventory:
        """`known`: documents that were there before. Where a listing may leave one out by mistake, it is asked for."""

    @abstractmethod
    async def changes(self, cursor: str, found: Found) -> Changes | None:
        """None when it can't be said from this cursor (any more): a listing must say it."""

    @abstractmethod
    async def fetch(self, external_id: str) -> SourceDocument | Outcome:
        """One document, or why there is none (any more). What is wrong with one never raises, but for what
        may pass.
        """

    @abstractmethod
    async def permissions(self) -> Mapping[str, frozenset[str]] | None:
        """Maps every document of the source that the account can read to the groups that it is narrowed to; those
        absent are closed.

        No groups: the document is open to all who may see the source. A restriction to somebody that AskFlash does not
        know is `flash_core.models.document.NOBODY`. There may be more in it than the documents that are listed.

        None: the source restricts no document by itself. Raises rather than leave out what can't be read now.
        """


class DocumentationProviderInterface(Protocol):
    """One type of source."""

    @property
    @abstractmethod
    def addresses(self) -> frozenset[str]:
        """The settings that say where its credentials are sent."""

    @abstractmethod
    async def validated(self, access: Access) -> Access:
        """As it is stored; `InvalidInputError` names the fields (`config.…`, `credentials.…`) that are wrong."""

    @abstractmethod
    def connect(self, access: Access) -> AbstractAsyncContextManager[DocumentationSourceInterface]:
        """Nothing is sent before the first call. Ends with the context."""
