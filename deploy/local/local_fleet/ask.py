"""`askflash ask`: one question at the running fleet, the answer on stdout as it is written."""

import sys
from collections.abc import Mapping
from typing import Any, TextIO

from local_fleet.client import AskFlashClient, connected
from local_fleet.errors import FleetError
from local_fleet.home import read_json
from local_fleet.settings import FleetSettings


async def ask(settings: FleetSettings, question: str) -> int:
    """Exit code 0 when an answer was written, also one that says it is not in the documentation."""
    async with connected(settings.gateway) as client:
        await sign_in(client, settings)
        conversation = await client.post("/api/v1/conversations", {})
        accepted = await client.post(f"/api/v1/conversations/{conversation['id']}/messages", {"content": question})
        printer = AnswerPrinter(sys.stdout, sys.stderr)
        async for frame in client.frames(accepted["answer_id"]):
            printer.show(frame)
        return printer.exit_code


async def sign_in(client: AskFlashClient, settings: FleetSettings) -> None:
    """As the first administrator, with what the environment says or else with what the first start kept."""
    kept = read_json(settings.home.secrets)
    email = settings.environment.get("ASKFLASH_ADMIN_EMAIL") or kept.get("admin_email")
    password = settings.environment.get("ASKFLASH_ADMIN_PASSWORD") or kept.get("admin_password")
    if not email or not password:
        raise FleetError(f"No login is known for {settings.home.root}: is the fleet there? (make up)")
    await client.sign_in(str(email), str(password))


class AnswerPrinter:
    """Frames as text: stages to one side, the answer and its sources to the other."""

    def __init__(self, out: TextIO, stages: TextIO) -> None:
        self.exit_code = 1
        self._out = out
        self._stages = stages
        self._wrote = False

    def show(self, frame: Mapping[str, Any]) -> None:
        """One frame; those that say nothing to a reader are passed over."""
        show = {
            "status": self._stage,
            "delta": self._delta,
            "reset": self._reset,
            "done": self._done,
            "error": self._error,
        }.get(frame["type"])
        if show is not None:
            show(frame)

    def _stage(self, frame: Mapping[str, Any]) -> None:
        start = "\n" if self._wrote else ""
        detail = f": {frame['detail']}" if frame.get("detail") else ""
        print(f"{start}… {frame['stage']}{detail}", file=self._stages, flush=True)

    def _delta(self, frame: Mapping[str, Any]) -> None:
        self._wrote = True
        print(frame["text"], end="", file=self._out, flush=True)

    def _reset(self, _: Mapping[str, Any]) -> None:
        if self._wrote:
            print("\n\n(written again)\n", file=self._out, flush=True)
        self._wrote = False

    def _done(self, frame: Mapping[str, Any]) -> None:
        answer = frame["answer"]
        self.exit_code = 0 if answer["state"] == "done" else 1
        if not self._wrote:
            print(answer["content"], end="", file=self._out)
        print("\n", file=self._out)
        for source in answer["sources"]:
            place = " / ".join([*source["path"], source["title"]])
            print(f"[{source['marker']}] {place}  {source['url'] or ''}".rstrip(), file=self._out)

    def _error(self, frame: Mapping[str, Any]) -> None:
        print(f"\n{frame['problem']['detail']}", file=self._stages)
