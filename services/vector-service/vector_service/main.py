"""The vector service. Run: `flash serve vector`."""

from typing import Final

from flash_core.web.app import ServiceSpec
from vector_service.api import collections, points
from vector_service.composition import compose

_POINTS_BYTES: Final = 32 << 20

SPEC: Final = ServiceSpec(
    name="vector",
    compose=compose,
    routers=(collections.router, points.router),
    body_limits={"/internal/collections/*": _POINTS_BYTES},
)
