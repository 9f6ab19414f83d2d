"""Numbered steps with times: one line each, rewritten while it goes on when a person watches."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO


class Progress:
    """Prints `[3/7] databases … 0.8 s`."""

    def __init__(self, total: int, out: TextIO | None = None) -> None:
        self._total = total
        self._out = out or sys.stdout
        self._number = 0
        self._line = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One step, for the time of the block."""
        self._number += 1
        self._line = f"[{self._number}/{self._total}] {title} …"
        self._write(self._line)
        started = time.monotonic()
        try:
            yield
        except BaseException:
            self._write("\n")
            raise
        self.detail("")
        self._write(f" {time.monotonic() - started:.1f} s\n")

    def detail(self, text: str) -> None:
        """How far the current step is; shown only where the line can be rewritten."""
        if self._out.isatty():
            self._write(f"\r\033[K{self._line}{' ' if text else ''}{text}")

    def say(self, text: str) -> None:
        """A line of its own."""
        self._write(f"{text}\n")

    def _write(self, text: str) -> None:
        with suppress(OSError):  # on a full disk: what is said must not stop what is done
            self._out.write(text)
            self._out.flush()
