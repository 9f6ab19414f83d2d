"""What the events looked like when they were last agreed on: `python -m tests.contract.events.snapshots` agrees anew.

It refuses what would break those who send or receive the version that is out there.
"""

import json
import sys
from pathlib import Path
from typing import Any

from flash_core.messaging.events import Event

FOLDER = Path(__file__).parent
Shape = dict[str, Any]


def path_of(event: type[Event]) -> Path:
    return FOLDER / f"{event.topic}.json"


def shape_of(event: type[Event]) -> Shape:
    """What the other side relies on; words for people are left out."""
    schema = event.model_json_schema()
    fields = {name: _plain(field) for name, field in schema["properties"].items()}
    return {
        "queue": event.queue,
        "partitions": event.partitions,
        "required": sorted(schema.get("required", [])),
        "fields": dict(sorted(fields.items())),
    }


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _plain(value) for key, value in node.items() if key not in {"title", "description"}}
    return [_plain(one) for one in node] if isinstance(node, list) else node


def breaks(agreed: Shape, now: Shape) -> list[str]:
    """What a sender or a receiver of the agreed shape would stumble over."""
    found = [f"{name} is another one" for name in ("queue", "partitions") if agreed[name] != now[name]]
    for name, field in agreed["fields"].items():
        if name not in now["fields"]:
            found.append(f"field {name} is gone")
        elif now["fields"][name] != field:
            found.append(f"field {name} means something else")
    found += [f"field {name} is required" for name in sorted(set(now["required"]) - set(agreed["required"]))]
    return found


def agreed_shape(event: type[Event]) -> Shape | None:
    path = path_of(event)
    shape: Shape | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return shape


def main() -> int:
    for event in Event.by_topic.values():
        now, agreed = shape_of(event), agreed_shape(event)
        if agreed is not None and (found := breaks(agreed, now)):
            sys.stderr.write(f"{event.topic}: {'; '.join(found)}. Make a new class with the next version.\n")
            return 1
        path_of(event).write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
