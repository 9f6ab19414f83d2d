"""Who may read what is in the index already, as the source says it now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from flash_core.interfaces.documents import DocumentRegistryInterface
from flash_core.models.document import NOBODY
from indexing_service.interfaces import Job, UnitOfWorkFactory
from indexing_service.services.live import pages

log = structlog.get_logger(__name__)
Permissions = Mapping[str, frozenset[str]]
_CLOSED: Final = frozenset({NOBODY})


class PermissionChanges:
    """In effect before anything is fetched: they wait for no page to be read, embedded or not refused."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, registry: DocumentRegistryInterface) -> None:
        self._unit_of_work = unit_of_work
        self._registry = registry

    async def apply(self, job: Job, permissions: Permissions | None) -> None:
        """A document of which nothing is said is closed until something is: unknown means no. None: the source
        restricts nothing by itself.
        """
        if permissions is None:
            return
        async with self._unit_of_work() as work:
            known = await work.known.of(job.source_id)
        said = {name: permissions.get(name, _CLOSED) for name in known}
        changed = [name for name, groups in said.items() if groups != known[name].groups]
        for page in pages(changed):
            await self._registry.regroup(job.source_id, {name: said[name] for name in page}, fence=job.fence)
            async with self._unit_of_work() as work:
                await work.jobs.hold(job)
                await work.known.put(job.source_id, [replace(known[name], groups=said[name]) for name in page])
                await work.commit()
        if changed:
            unknown = sum(name not in permissions for name in changed)
            log.info("job.regrouped", documents=len(changed), unknown=unknown)
