"""The way from nothing to a fleet that answers, step by step."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local_fleet import ports
from local_fleet.ask import sign_in
from local_fleet.client import connected
from local_fleet.errors import FleetError
from local_fleet.nginx import NginxServer
from local_fleet.progress import Progress
from local_fleet.sample import QUESTION, index_sample
from local_fleet.secrets_file import FleetSecrets, load_or_create
from local_fleet.services import (
    SERVICES,
    WITH_DATABASE,
    Environments,
    Servers,
    embedded_servers,
    environments,
    migration,
    service,
)
from local_fleet.settings import FleetSettings
from local_fleet.state import FleetState
from local_fleet.supervisor import Supervisor

_ADMINISTRATOR = ("admin_email", "admin_password")
_SERVER_SECONDS = 30.0
_SERVICE_SECONDS = 120.0
_SAMPLE_SECONDS = 180.0


@dataclass(slots=True)
class Startup:
    """Everything that the steps share."""

    settings: FleetSettings
    state: FleetState
    supervisor: Supervisor
    progress: Progress

    async def run(self) -> None:
        """Every step; raises `FleetError` at the first that fails."""
        with self.progress.step("checking this machine"):
            self._check_parts()
            self._check_gateway_port()
            secrets = load_or_create(self.settings.home.secrets, WITH_DATABASE, self._wanted_administrator())
            self._choose_ports()
            servers = embedded_servers(self.settings, secrets, self.state.ports)
        with self.progress.step("starting PostgreSQL and Redis"):
            await self._start_servers(servers)
        environment = environments(self.settings, secrets, servers, self.state.ports)
        with self.progress.step(f"preparing the databases, starting {len(SERVICES)} services"):
            if servers.postgres:
                await asyncio.to_thread(servers.postgres.provide, secrets.databases)
            await asyncio.gather(self._migrate_and_start(environment), self._start_others(environment))
        with self.progress.step("starting the gateway"):
            await self.supervisor.start([self._gateway().process()], _SERVER_SECONDS, self._show_waiting)
        if self.settings.sample and not self.state.sampled:
            await self._index_sample()
        self.progress.say(self._welcome(secrets))

    def _check_parts(self) -> None:
        for part in (self.settings.flash, self._gateway().page / "index.html"):
            if not Path(part).exists():
                raise FleetError(f"{part} is missing: make install")

    def _check_gateway_port(self) -> None:
        host, port = self.settings.host, self.settings.port
        obstacle = ports.obstacle(port, host)
        if obstacle:
            raise FleetError(f"The gateway cannot listen on {host}:{port}: {obstacle}. Choose another: ASKFLASH_PORT=…")

    def _choose_ports(self) -> None:
        self.state.ports = ports.keep_or_pick(["postgres", "redis", *SERVICES], self.state.ports)
        self.state.save(self.settings.home)

    async def _start_servers(self, servers: Servers) -> None:
        processes = []
        if servers.postgres:
            self.progress.detail("creating the database cluster")
            await asyncio.to_thread(servers.postgres.initialise)
            processes.append(servers.postgres.process())
        if servers.redis:
            processes.append(servers.redis.process())
        await self.supervisor.start(processes, _SERVER_SECONDS, self._show_waiting)

    async def _migrate_and_start(self, environment: Environments) -> None:
        await self.supervisor.complete(migration(self.settings.flash, environment))
        await self._start_services(WITH_DATABASE, environment)

    async def _start_others(self, environment: Environments) -> None:
        """Those that keep nothing need not wait for the databases."""
        await self._start_services([name for name in SERVICES if name not in WITH_DATABASE], environment)

    async def _start_services(self, names: Iterable[str], environment: Environments) -> None:
        flash = self.settings.flash
        processes = [service(flash, name, self.state.ports[name], environment[name]) for name in names]
        await self.supervisor.start(processes, _SERVICE_SECONDS, self._show_waiting)

    async def _index_sample(self) -> None:
        try:
            with self.progress.step("indexing the sample documentation"):
                async with connected(self.settings.gateway) as client:
                    await sign_in(client, self.settings)
                    await index_sample(client, self.settings.repository / "docs", self.progress.detail, _SAMPLE_SECONDS)
            self.state.sampled = True
            self.state.save(self.settings.home)
        except FleetError as error:
            self.progress.say(f"    {error}\n    The fleet runs all the same.")

    def _gateway(self) -> NginxServer:
        page = self.settings.repository / "services" / "web-ui" / "dist"
        folder = self.settings.home.run / "gateway"
        return NginxServer(folder, self.settings.host, self.settings.port, self.state.ports, page)

    def _show_waiting(self) -> None:
        names = [process.name for process in self.state.processes if process.state != "running"]
        self.progress.detail(f"waiting for {', '.join(names)}")

    def _wanted_administrator(self) -> dict[str, str]:
        """What the operator says of the first administrator, who is made once: later it is the file that knows."""
        if self.state.was_ready:
            return {}
        wanted = {name: self.settings.environment.get(f"ASKFLASH_{name.upper()}") for name in _ADMINISTRATOR}
        return {name: value for name, value in wanted.items() if value}

    def _welcome(self, secrets: FleetSecrets) -> str:
        password = f"in {_short(self.settings.home.secrets)}"
        if not self.state.was_ready:
            chosen = "admin_password" in self._wanted_administrator()
            password = "as you set it" if chosen else f"{secrets.admin_password}  (shown once)"
        return (
            f"\nAskFlash is ready at {self.settings.address}\n"
            f"    login     {secrets.admin_email}\n"
            f"    password  {password}\n"
            f'    try       make ask Q="{QUESTION}"\n'
        )


def count_steps(settings: FleetSettings, state: FleetState) -> int:
    """How many steps a start has, for the numbering."""
    always = 4
    return always + (1 if settings.sample and not state.sampled else 0)


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
