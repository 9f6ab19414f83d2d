"""The sample documentation: AskFlash's own, indexed at the first start."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_fleet.client import AskFlashClient
from local_fleet.errors import FleetError

NAME = "AskFlash documentation"
QUESTION = "How does AskFlash make sure that no accepted question is lost?"
_FOR_BUILDERS = "decisions/**"
_POLL_SECONDS = 0.3
_ENDED = frozenset({"succeeded", "partial", "failed", "cancelled"})


async def index_sample(client: AskFlashClient, folder: Path, progress: Callable[[str], None], seconds: float) -> None:
    """Create the source unless it is there, index it and wait for the end of the job.

    Raises `FleetError` when the job fails or takes longer than `seconds`; it then goes on in the background.
    """
    config = {"path": str(folder), "exclude": [_FOR_BUILDERS]}
    source = await _find(client) or await client.post(
        "/api/v1/sources", {"type": "folder", "name": NAME, "config": config, "groups": []}
    )
    started = await client.post(f"/api/v1/sources/{source['id']}/sync", {})
    try:
        async with asyncio.timeout(seconds):
            job = await _ended(client, started["job_id"], progress)
    except TimeoutError:
        raise FleetError("Indexing the sample documentation takes long; it goes on in the background.") from None
    if job["state"] != "succeeded":
        problems = "; ".join(f"{one['document']}: {one['detail']}" for one in job["problems"][:3])
        raise FleetError(f"Indexing the sample documentation ended as {job['state']}. {problems}")


async def _find(client: AskFlashClient) -> dict[str, Any] | None:
    path = "/api/v1/sources?limit=200"
    page = await client.get(path)
    return next((source for source in page["items"] if source["name"] == NAME), None)


async def _ended(client: AskFlashClient, job_id: str, progress: Callable[[str], None]) -> dict[str, Any]:
    while True:
        job: dict[str, Any] = await client.get(f"/api/v1/indexing/jobs/{job_id}")
        counts = job["counts"]
        progress(f"{counts['found'] - counts['failed']} documents found, {counts['indexed']} indexed")
        if job["state"] in _ENDED:
            return job
        await asyncio.sleep(_POLL_SECONDS)
