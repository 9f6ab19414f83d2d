"""Events the indexing service reacts to, and what else runs beside its routes."""

from collections.abc import Sequence

from flash_core.interfaces.worker import WorkerInterface
from flash_core.messaging.consumer import StreamConsumer, Subscription
from flash_core.messaging.events import JobQueued
from indexing_service.composition import Container

GROUP = "indexing"


def workers(container: Container) -> Sequence[WorkerInterface]:
    return (
        container.relay,
        container.scheduler,
        StreamConsumer(
            container.redis,
            Subscription(JobQueued, container.scheduler.job_queued),
            group=GROUP,
            member=container.worker_name,
        ),
    )
