"""The embedding service. Run: `flash serve embedding`."""

from typing import Final

from embedding_service.api import internal, public
from embedding_service.composition import compose
from flash_core.web.app import ServiceSpec

_BULK_BYTES: Final = 32 << 20

SPEC: Final = ServiceSpec(
    name="embedding",
    compose=compose,
    routers=(public.router, internal.router),
    body_limits=dict.fromkeys(("/internal/embeddings", "/internal/rerank", "/internal/entailment"), _BULK_BYTES),
)
