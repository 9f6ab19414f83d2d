"""The monitoring service: what the fleet's state is, as really probed. Run: `flash serve monitoring`."""

from flash_core.web.app import ServiceSpec
from monitoring_service.api import status
from monitoring_service.composition import compose

SPEC = ServiceSpec(name="monitoring", compose=compose, routers=(status.router,))
