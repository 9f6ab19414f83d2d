"""Writes docs/events.md, docs/settings.md and .env.example out of the code."""
# ruff: noqa: INP001  # a program, not a package

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib import import_module
from inspect import cleandoc
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from flash_core.cli import SERVICES, package_of
from flash_core.config.settings import ServiceSettings
from flash_core.messaging.events import Event

ROOT = Path(__file__).resolve().parents[1]
NOTE = "Written by `make docs` out of the code; changes here do not last."
REQUIRED = "(required)"
NONE = "-"


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; `services` read it, none for the launcher's own."""

    name: str
    default: str
    description: str
    services: list[str] = field(default_factory=list)


LAUNCHER = (
    Variable("ASKFLASH_PORT", "8080", "The gateway's port, the only one that people and programs use."),
    Variable("ASKFLASH_HOST", "127.0.0.1", "The address that the gateway listens on; `0.0.0.0` lets others in."),
    Variable(
        "ASKFLASH_HOME",
        ".askflash",
        "Folder of everything that a fleet keeps: databases, vectors, Redis, logs. Fleets with different homes and "
        "ports run side by side.",
    ),
    Variable("ASKFLASH_SAMPLE", "1", "`0`: do not index the sample documentation at the first start."),
)
"""What `make up` reads itself."""

IN_CONTAINERS = (
    Variable("ASKFLASH_DOCUMENTS", "./docs", "The folder that the indexing service sees as `/documents`."),
    Variable("POSTGRES_PASSWORD", "askflash", "The services' password at the PostgreSQL container."),
    Variable("REDIS_PASSWORD", "askflash", "The same for the Redis container."),
    Variable("TORCH", "0", "`1`: build the embedding service's image with torch and sentence-transformers."),
)
"""What only docker-compose.yml reads."""

ABOUT_EVENTS = """\
What one service tells another through a queue: at least once, in the order of its partition until a redelivery. Fields
are only ever added; anything else is a new topic (`tests/contract/events`)."""

GIVEN_BY_LAUNCHER = """\
`make up` starts Redis and PostgreSQL itself, keeps `INTERNAL_KEY` and a random administrator's password in its home and
tells the services where all of that is; what is set here or in the environment counts instead. In containers and on
other machines the services read the same variables."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when something is outdated")
    check = parser.parse_args().check
    outdated = [path for path, text in generated().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in outdated:
        if not check:
            path.write_text(generated()[path], "utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)} {'is outdated: make docs' if check else 'written'}\n")
    return 1 if check and outdated else 0


def generated() -> dict[Path, str]:
    """Each file's whole content."""
    return {
        ROOT / "docs" / "events.md": events_page(Event.by_topic.values()),
        ROOT / "docs" / "settings.md": settings_page(),
        ROOT / ".env.example": env_example(),
    }


# Events


def events_page(events: Iterable[type[Event]]) -> str:
    parts = [
        f"# Events\n\n{NOTE}\n",
        f"{_joined(ABOUT_EVENTS)}\n",
    ]
    parts += [_event(event) for event in sorted(events, key=lambda event: event.topic)]
    return "\n".join(parts)


def _event(event: type[Event]) -> str:
    streams = ", ".join(f"`{stream}`" for stream in event.streams())
    rows = [(f"`{name}`", _type_name(one), _default(one) or NONE) for name, one in event.model_fields.items()]
    return (
        f"## `{event.topic}`\n\n{cleandoc(event.__doc__ or '')}\n\nClass `{event.__name__}`, queue `{event.queue}` "
        f"(streams {streams}).\n\n{_table(('field', 'type', 'default'), rows)}"
    )


def _type_name(info: FieldInfo) -> str:
    return f"`{getattr(info.annotation, '__name__', info.annotation)}`"


# Settings


def settings_page() -> str:
    common, own = variables()
    parts = [
        f"# Settings\n\n{NOTE}\n",
        f"Every setting is an environment variable, or a line in `.env`. {_joined(GIVEN_BY_LAUNCHER)}\n",
        f"## The local fleet (`make up`)\n\n{_settings_table(LAUNCHER)}",
        f"## All services\n\n{_settings_table(common)}",
    ]
    shared = [one for one in own if len(one.services) > 1]
    parts.append(f"## Several services\n\n{_settings_table(shared, with_services=True)}")
    by_service = {service: [one for one in own if one.services == [service]] for service in SERVICES}
    parts += [f"## {service}\n\n{_settings_table(some)}" for service, some in by_service.items() if some]
    parts.append(f"## Containers (`docker compose`)\n\n{_settings_table(IN_CONTAINERS)}")
    return "\n".join(parts)


def env_example() -> str:
    common, own = variables()
    lines = [
        "# Copy to .env and take the `#` away from what you change. docs/settings.md is the same list as a page.",
        *(f"# {line}" for line in GIVEN_BY_LAUNCHER.replace("`", "").splitlines()),
    ]
    lines += _env_section("The local fleet (make up)", LAUNCHER)
    lines += _env_section("All services", common)
    lines += _env_section("Several services", [one for one in own if len(one.services) > 1])
    for service in SERVICES:
        lines += _env_section(service, [one for one in own if one.services == [service]])
    lines += _env_section("Containers (docker compose)", IN_CONTAINERS)
    return "\n".join(lines) + "\n"


def variables() -> tuple[list[Variable], list[Variable]]:
    """What all services read, and what some do: each variable once, by its longest description."""
    common = {one.name: one for one in _variables_of(ServiceSettings, "")}
    own: dict[str, Variable] = {}
    for service in SERVICES:
        for one in _variables_of(import_module(f"{package_of(service)}.config").Settings, service):
            if one.name not in common:
                known = own.get(one.name, one)
                longer = max(known, one, key=lambda either: len(either.description))
                own[one.name] = replace(longer, services=list(dict.fromkeys([*known.services, service])))
    return list(common.values()), list(own.values())


def _variables_of(settings: type[ServiceSettings], service: str) -> Iterator[Variable]:
    for name, info in settings.model_fields.items():
        alias = info.validation_alias
        variable = alias if isinstance(alias, str) else name.upper()
        if not info.description:
            raise SystemExit(f"{settings.__module__}: {variable} has no description")
        yield Variable(variable, _default(info), info.description, [service])


def _default(info: FieldInfo) -> str:
    if info.default is PydanticUndefined:
        return REQUIRED if info.default_factory is None else ""
    return _text(info.default)


def _text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Enum):
        return str(value.value)
    return str(int(value)) if isinstance(value, bool) else str(value)


def _settings_table(some: Iterable[Variable], *, with_services: bool = False) -> str:
    head = ("variable", "default", "meaning", *(("read by",) if with_services else ()))
    rows = [
        (
            f"`{one.name}`",
            f"`{one.default}`" if one.default and one.default != REQUIRED else one.default or NONE,
            one.description,
            *((", ".join(one.services),) if with_services else ()),
        )
        for one in some
    ]
    return _table(head, rows)


def _env_section(title: str, some: Iterable[Variable]) -> list[str]:
    lines = [line for one in some for line in (f"# {one.description}", f"#{one.name}={_env_value(one.default)}")]
    return ["", f"# --- {title} ---", *lines] if lines else []


def _env_value(default: str) -> str:
    return "" if default == REQUIRED else default


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _joined(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
