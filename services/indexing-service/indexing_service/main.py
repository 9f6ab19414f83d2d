"""The indexing service. Run: `flash serve indexing`."""

from flash_core.web.app import ServiceSpec
from flash_core.web.middleware import MIB
from indexing_service.api import collections, documents, internal, jobs, sources, webhooks
from indexing_service.composition import compose

SPEC = ServiceSpec(
    name="indexing",
    compose=compose,
    routers=(sources.router, webhooks.router, documents.router, jobs.router, collections.router, internal.router),
    workers=lambda container: container.workers,
    body_limits={"/api/v1/documents": documents.UPLOAD_BODY, "/api/v1/documents/batch": 32 * MIB},
)
