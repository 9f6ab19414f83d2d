"""Where changes of a workspace go on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

_REMEMBERED: Final = 5_000
_MANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Cursor:
    """`latest`: when the last edit was made; `chosen`: what the source is limited to; `pages`: those that there were,
    None where they are too many to be looked for each time.
    """

    latest: str
    chosen: str
    pages: frozenset[str] | None

    @classmethod
    def of(cls, latest: str, chosen: str, pages: Iterable[str]) -> Self:
        known = frozenset(pages)
        return cls(latest, chosen, known if len(known) <= _REMEMBERED else None)

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """None for what is none, or was given before anything was edited."""
        try:
            latest, chosen, pages = text.split(" ")
            datetime.fromisoformat(latest)
        except ValueError:
            return None
        return cls(latest, chosen, None if pages == _MANY else frozenset(filter(None, pages.split(","))))

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.latest)

    def __str__(self) -> str:
        pages = _MANY if self.pages is None else ",".join(sorted(self.pages))
        return f"{self.latest} {self.chosen} {pages}"
