"""Names that tell versions of a model apart: caches and collections are keyed by them."""

import hashlib
from pathlib import Path
from typing import Final

_DIGITS: Final = 8
_COUNTED: Final = frozenset({".safetensors", ".bin", ".onnx", ".json", ".txt", ".model"})
"""Weights, configuration, vocabulary; not what a model's folder holds for people."""


def versioned(name: str, *parts: str) -> str:
    """`name@digest` of everything that makes the model compute what it computes."""
    return f"{name}@{hashlib.sha256(repr(parts).encode()).hexdigest()[:_DIGITS]}"


def contents_of(folder: Path) -> str:
    """A digest of a model's files, by name and content; half a second a gigabyte."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _COUNTED and path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
