"""What a Confluence source is set to."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from indexing_service.providers.confluence.site import BLOG, PAGE, Page, one_of


@dataclass(frozen=True, slots=True)
class Settings:
    """`spaces` empty: all that the account sees. `labels` empty: whatever labels a page has."""

    spaces: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    exclude_labels: frozenset[str] = frozenset()
    include_blogs: bool = True
    group_map: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Of a configuration that was validated."""
        return cls(
            frozenset(config.get("spaces") or ()),
            frozenset(config.get("labels") or ()),
            frozenset(config.get("exclude_labels") or ()),
            config.get("include_blogs", True),
            config.get("group_map") or {},
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        return (PAGE, BLOG) if self.include_blogs else (PAGE,)

    @property
    def scope(self) -> str:
        """Another one chooses other pages."""
        chosen = [sorted(self.spaces), sorted(self.labels), sorted(self.exclude_labels), self.include_blogs]
        return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:16]

    @property
    def cql(self) -> str:
        """Finds all that this source may hold, whatever its labels."""
        kinds = one_of("type", self.kinds)
        return f"{kinds} and {one_of('space', self.spaces)}" if self.spaces else kinds

    def takes_labels(self, labels: frozenset[str]) -> bool:
        return not labels & self.exclude_labels and (not self.labels or bool(labels & self.labels))

    def refusal(self, page: Page) -> str:
        """Why a page is none of this source, "" if it is one."""
        if page.status != "current":
            return "It lies in the trash." if page.status == "trashed" else "It is not published (any more)."
        if page.kind not in self.kinds:
            return "Blog posts are not read from this source."
        if self.spaces and page.space not in self.spaces:
            return "It is in none of the spaces that this source reads."
        return "" if self.takes_labels(page.labels) else "Its labels leave it out of this source."
