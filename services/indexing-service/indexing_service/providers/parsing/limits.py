"""What one document may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds`: of waiting and of computing. `memory_mb`: address space of a reading process."""

    seconds: int = 60
    memory_mb: int = 1_024
    max_pages: int = 5_000
    max_text: int = 20_000_000
