"""A user, as every service speaks of them."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class UserRole(StrEnum):
    """ADMIN manages users and sources, EDITOR sources and documents, USER asks."""

    ADMIN = "admin"
    EDITOR = "editor"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone whose identity was proved for this request.

    `groups` are the names by which documents are shared; a document without groups is for everyone who is logged in.
    `session_id` is None for service accounts and API keys.
    """

    user_id: UUID
    roles: frozenset[UserRole]
    groups: frozenset[str]
    session_id: UUID | None = None

    @property
    def is_admin(self) -> bool:
        return UserRole.ADMIN in self.roles

    @property
    def is_editor(self) -> bool:
        return self.is_admin or UserRole.EDITOR in self.roles
