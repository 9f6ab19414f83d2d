"""Whether the engine answers."""

from flash_core.interfaces.health import HealthCheckInterface
from vector_service.interfaces import VectorEngineInterface


class EngineHealth(HealthCheckInterface):
    name = "vector-engine"

    def __init__(self, engine: VectorEngineInterface) -> None:
        self._engine = engine

    async def check(self) -> None:
        await self._engine.check()
