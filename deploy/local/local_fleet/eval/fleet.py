"""What the public API shows of a fleet: the settings that a run is kept with."""

from collections.abc import Sequence
from typing import Any

from local_fleet.client import AskFlashClient
from local_fleet.errors import FleetError
from local_fleet.eval.questions import Question
from local_fleet.eval.run import Record

_EXPLAINED = ("dense_weight", "reranked", "degraded")


async def source_id(client: AskFlashClient, name: str) -> str:
    """Raises `FleetError` with the names that there are."""
    path: str | None = "/api/v1/sources?limit=200"
    names = []
    while path:
        page = await client.get(path)
        for source in page["items"]:
            if source["name"] == name:
                return str(source["id"])
            names.append(source["name"])
        path = page["next_cursor"] and f"/api/v1/sources?limit=200&cursor={page['next_cursor']}"
    raise FleetError(f"No source is called “{name}”. There are: {', '.join(names) or 'none that you may see'}.")


async def shown(client: AskFlashClient, question: Question) -> dict[str, str]:
    """The fleet's version and state, and how it searches: one search is asked to explain itself."""
    status = await client.get("/api/v1/status")
    found = await client.post("/api/v1/search", {"query": question.question, "limit": 1, "explain": True})
    explained = found.get("explanation") or {}
    return {
        "version": ", ".join(sorted({service["version"] for service in status["services"]} - {""})),
        "status": status["status"],
        "index": found.get("index_version") or "",
        **{f"search {name}": _said(explained[name]) for name in _EXPLAINED if name in explained},
    }


def writers(records: Sequence[Record]) -> str:
    """The models that wrote the answers."""
    return ", ".join(sorted({record.model for record in records if record.model}))


def _said(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
