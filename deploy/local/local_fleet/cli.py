"""`askflash up|down|status|ask|eval`: the fleet without containers."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence

from local_fleet.ask import ask
from local_fleet.detach import in_background
from local_fleet.down import down
from local_fleet.errors import FleetError
from local_fleet.eval.options import add_options, read_options
from local_fleet.process import rotate
from local_fleet.settings import FleetSettings
from local_fleet.status import print_status
from local_fleet.up import up

Run = Callable[[argparse.Namespace, FleetSettings], int]
_EPILOG = (
    "Settings are environment variables or lines of .env in the repository: ASKFLASH_HOME (all state, default "
    ".askflash), ASKFLASH_PORT (8080), ASKFLASH_HOST (127.0.0.1), ASKFLASH_SAMPLE (1), the services' (.env.example)."
)


def main(
    arguments: Sequence[str] | None = None, read_settings: Callable[[], FleetSettings] = FleetSettings.read
) -> int:
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options, read_settings())
    except FleetError as error:
        print(f"askflash: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="askflash", description=__doc__, epilog=_EPILOG)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, run: Run) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, epilog=_EPILOG)
        added.set_defaults(run=run)
        return added

    starting = command("up", "start the fleet and keep it alive until Ctrl-C", _up)
    starting.add_argument("--detach", action="store_true", help="return when it is ready and leave it running")
    command("down", "stop the fleet and wait until it has ended", _down)
    command("status", "one line a process; exit code 1 unless all of them run", _status)
    asking = command("ask", "ask the running fleet one question and print the answer as it is written", _ask)
    asking.add_argument("question", help="the question, in quotes")
    add_options(command("eval", "measure search, answers, citations and refusals on a file of questions", _eval))
    return parser


def _up(options: argparse.Namespace, settings: FleetSettings) -> int:
    if not options.detach:
        return up(settings, ready=lambda: None)
    settings.home.create()
    log = settings.home.log("fleet")
    rotate(log)
    return in_background(lambda ready: _reported(settings, ready), log)


def _reported(settings: FleetSettings, ready: Callable[[], None]) -> int:
    """The child of a fork must not return into its parent's code, so it prints its own errors."""
    try:
        return up(settings, ready)
    except FleetError as error:
        print(f"askflash: {error}", file=sys.stderr)
        return 1


def _down(_: argparse.Namespace, settings: FleetSettings) -> int:
    print(down(settings.home))
    return 0


def _status(_: argparse.Namespace, settings: FleetSettings) -> int:
    return 0 if print_status(settings.home, sys.stdout) else 1


def _ask(options: argparse.Namespace, settings: FleetSettings) -> int:
    return asyncio.run(ask(settings, options.question))


def _eval(options: argparse.Namespace, settings: FleetSettings) -> int:
    from local_fleet.eval.command import evaluate  # noqa: PLC0415 - the supervisor need not carry it

    return evaluate(settings, read_options(options))
