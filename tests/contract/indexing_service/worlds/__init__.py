"""Sources with documents in them, for the rules that every type of source keeps."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from enum import Flag, auto
from pathlib import Path

from indexing_service.interfaces.providers import Access, DocumentationProviderInterface


class Can(Flag):
    """What the tests may do to a world; TELL: its source says what changed."""

    NOTHING = 0
    WRITE = auto()
    DELETE = auto()
    RENAME = auto()
    RESTRICT = auto()
    TELL = auto()


class World:
    """A source of one type. Documents go by their external ids, which `names` holds as they are at first (two or more,
    unless it can do nothing). What a world can't do is not called.
    """

    def __init__(self, provider: DocumentationProviderInterface, access: Access, names: list[str], can: Can) -> None:
        self.provider = provider
        self.access = access
        self.names = names
        self.can = can

    async def write(self, name: str, text: str) -> str:
        """Change the document `name`, or add one that is called so; returns its external id."""
        raise NotImplementedError

    async def delete(self, name: str) -> None:
        raise NotImplementedError

    async def rename(self, name: str, to: str) -> str:
        """Returns its external id, which may be a new one."""
        raise NotImplementedError

    async def restrict(self, name: str) -> frozenset[str]:
        """To somebody; returns the groups that `permissions` must say."""
        raise NotImplementedError


Opening = Callable[[Path], AbstractAsyncContextManager[World]]
"""Opens a world, with a folder for what it needs."""
