"""Points at which something happens to what passes a wire."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event, Lock


class Moment(StrEnum):
    """`BEFORE`: it has not reached the other side. `AFTER`: it was done there, and who asked never hears of it."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class Trap:
    """`do` happens when `step` passes for the `nth` time from now, and what passes is cut off."""

    step: str
    moment: Moment
    do: Callable[[], object]
    nth: int = 1
    sprung: Event = field(default_factory=Event)


class Traps:
    """Wires tell what passes them; a test, in another thread, sets one trap at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._trap: Trap | None = None
        self._passed = 0
        self._seen: list[str] = []
        self._away: set[str] = set()

    @property
    def seen(self) -> list[str]:
        """The steps that passed since `forget`, in their order."""
        with self._lock:
            return list(self._seen)

    def forget(self) -> None:
        with self._lock:
            self._seen.clear()

    @contextmanager
    def set(self, trap: Trap) -> Iterator[Trap]:
        with self._lock:
            self._trap, self._passed = trap, 0
        try:
            yield trap
        finally:
            with self._lock:
                self._trap = None

    @contextmanager
    def away(self, service: str) -> Iterator[None]:
        """Nothing reaches it."""
        self._away.add(service)
        try:
            yield
        finally:
            self._away.discard(service)

    def is_away(self, service: str) -> bool:
        return service in self._away

    def passes(self, step: str, moment: Moment) -> bool:
        """Whether it may go on."""
        with self._lock:
            if moment is Moment.BEFORE:
                self._seen.append(step)
            trap = self._trap
            if trap is None or (trap.step, trap.moment) != (step, moment):
                return True
            self._passed += 1
            if self._passed < trap.nth:
                return True
            self._trap = None
        trap.do()
        trap.sprung.set()
        return False
