"""What the engine itself does not keep: which collections there are, of which model, and their aliases."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from flash_core.errors import UpstreamUnavailableError


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    dimension: int
    model: str
    chunker: str = ""


@dataclass(slots=True)
class Catalogue:
    """A small JSON file, replaced whole with every change: a reader sees the state before or after."""

    path: Path
    aliases: dict[str, str] = field(default_factory=dict)
    collections: dict[str, CollectionSpec] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> "Catalogue":
        if not path.exists():
            return cls(path)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            collections = {name: CollectionSpec(**spec) for name, spec in content["collections"].items()}
            return cls(path, dict(content["aliases"]), collections)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UpstreamUnavailableError(
                f"{path} is damaged: restore it, or remove its folder and index everything again."
            ) from error

    def alias_of(self, version: str) -> str:
        return next((alias for alias, target in self.aliases.items() if target == version), "")

    def save(self) -> None:
        content: Mapping[str, object] = {
            "aliases": self.aliases,
            "collections": {name: asdict(spec) for name, spec in self.collections.items()},
        }
        draft = self.path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
