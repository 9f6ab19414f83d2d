"""ASKFLASH_HOME: where one fleet keeps everything, and the lock that keeps a second one out."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_fleet.errors import FleetError

_NEEDED_BYTES = 300 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Home:
    """The folders and files of one fleet. Only its user may read them."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def state(self) -> Path:
        return self.run / "fleet.json"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def create(self, needed_bytes: int = _NEEDED_BYTES) -> None:
        """Make the folders; says what to do when that is impossible or the disk is nearly full."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.data, self.logs, self.run):
                folder.mkdir(mode=0o700, exist_ok=True)
            write_private(self.run / "writable", "")
        except OSError as error:
            raise FleetError(
                f"Cannot write to {self.root}: {error.strerror}. Set ASKFLASH_HOME to another folder."
            ) from error
        free = shutil.disk_usage(self.root).free
        if free < needed_bytes:
            raise FleetError(
                f"Only {free // 2**20} MB are free at {self.root}; a fleet needs {needed_bytes // 2**20} MB at least. "
                "Make room or set ASKFLASH_HOME to another disk."
            )

    @contextmanager
    def locked(self) -> Iterator[bool]:
        """Hold this home for the time of the block; False when another process does. Dies with its holder."""
        descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def is_locked(self) -> bool:
        """Whether a supervisor lives here."""
        if not self.run.exists():
            return False
        with self.locked() as free:
            return not free


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; nobody else may read it."""
    fresh = path.with_name(f"{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)


def read_json(path: Path) -> dict[str, object]:
    """The object in a file; empty when there is no file or it is damaged."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
