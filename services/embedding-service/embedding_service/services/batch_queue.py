"""The order in which waiting texts are served: people before index runs; people in turn, index runs one by one."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from flash_core.interfaces.embedding import Priority, Purpose, Vectors

_INTERACTIVE_IN_A_ROW: Final = 16
"""Batches for people before one batch of a waiting index run: it may be slow, but never starves."""

Key = tuple[Purpose, str]


@dataclass(eq=False, slots=True)
class Item:
    """One text, wanted by the calls in `wanted_by`; computed once for all of them."""

    key: Key
    enqueued_at: float
    wanted_by: "list[Call]" = field(default_factory=list)
    started: bool = False

    @property
    def text(self) -> str:
        return self.key[1]


@dataclass(eq=False, slots=True)
class Call:
    """One caller's texts. `done` ends when all are computed, or with the error of the first batch that failed."""

    priority: Priority
    purpose: Purpose
    done: asyncio.Future[None]
    missing: set[str]
    todo: deque[Item] = field(default_factory=deque)
    vectors: dict[str, Vectors] = field(default_factory=dict)

    def receive(self, text: str, vector: Vectors) -> None:
        self.vectors[text] = vector
        self.missing.discard(text)
        if not self.missing and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class BatchQueue:
    """Not thread-safe: one event loop uses it."""

    def __init__(self) -> None:
        self._lanes: dict[Priority, deque[Call]] = {priority: deque() for priority in Priority}
        self._waiting = dict.fromkeys(Priority, 0)
        self._items: dict[Key, Item] = {}
        self._in_a_row = 0

    def waiting(self, priority: Priority) -> int:
        """Texts that calls of this priority wait for and no batch has taken."""
        return self._waiting[priority]

    def add(self, texts: Iterable[str], *, purpose: Purpose, priority: Priority, now: float) -> Call:
        """A call for these texts; one that is already waiting or being computed is shared with the call before."""
        unique = dict.fromkeys(texts)
        call = Call(priority, purpose, asyncio.get_running_loop().create_future(), set(unique))
        # Longest first: neighbours in a batch are of similar length, so that little of it is padding.
        for text in sorted(unique, key=len, reverse=True):
            item = self._items.setdefault((purpose, text), Item((purpose, text), now))
            item.wanted_by.append(call)
            if not item.started:
                call.todo.append(item)
        self._waiting[priority] += len(call.todo)
        if call.todo:
            self._lanes[priority].append(call)
        return call

    def take(self, size: int, only: Priority | None = None) -> list[Item]:
        """The next batch, of one purpose and one priority. Empty: nothing waits.

        People get one text of each call in turn. An index run has its calls answered one after the other: what comes
        of one is stored while the next is computed, where otherwise all would be computed and then all stored.
        """
        for priority in self._order() if only is None else (only,):
            batch = self._take_from(priority, size)
            if batch:
                self._in_a_row = self._in_a_row + 1 if priority is Priority.INTERACTIVE else 0
                return batch
        return []

    def settle(self, batch: Sequence[Item], vectors: Vectors) -> None:
        for item, vector in zip(batch, vectors, strict=True):
            del self._items[item.key]
            for call in item.wanted_by:
                call.receive(item.text, vector)

    def fail(self, batch: Sequence[Item], error: Exception) -> None:
        """Only the calls that wait for a text of this batch see its error; what else they wanted is dropped."""
        for item in batch:
            del self._items[item.key]
            for call in item.wanted_by:
                call.fail(error)
                self.withdraw(call)

    def withdraw(self, call: Call) -> None:
        """The caller waits no longer: what nobody else wants and no batch has taken is dropped."""
        self._waiting[call.priority] -= len(call.todo)
        call.todo.clear()
        for text in call.missing:
            item = self._items.get((call.purpose, text))
            if item is None or call not in item.wanted_by:
                continue
            item.wanted_by.remove(call)
            if not item.wanted_by and not item.started:
                del self._items[item.key]

    def _order(self) -> tuple[Priority, Priority]:
        if self._in_a_row >= _INTERACTIVE_IN_A_ROW:
            return Priority.BULK, Priority.INTERACTIVE
        return Priority.INTERACTIVE, Priority.BULK

    def _take_from(self, priority: Priority, size: int) -> list[Item]:
        lane, others, batch = self._lanes[priority], deque[Call](), list[Item]()
        while lane and len(batch) < size:
            call = lane.popleft()
            if batch and call.purpose is not batch[0].key[0]:
                others.append(call)
                continue
            item = self._next_of(call)
            if item is not None:
                batch.append(item)
            if call.todo:
                (lane.append if priority is Priority.INTERACTIVE else lane.appendleft)(call)
        lane.extendleft(reversed(others))
        return batch

    def _next_of(self, call: Call) -> Item | None:
        while call.todo:
            item = call.todo.popleft()
            self._waiting[call.priority] -= 1
            if not item.started:  # another call that wants the same text may have been first
                item.started = True
                return item
        return None
