"""Events the main AI service reacts to."""

from collections.abc import Sequence

from ai_main_service.composition import Container
from flash_core.interfaces.worker import WorkerInterface
from flash_core.messaging.consumer import StreamConsumer, Subscription
from flash_core.messaging.events import QuestionAccepted

GROUP = "ai-main"


def workers(container: Container) -> Sequence[WorkerInterface]:
    subscription = Subscription(QuestionAccepted, container.generation_worker.answer)
    return (
        StreamConsumer(
            container.redis,
            subscription,
            group=GROUP,
            member=container.worker_name,
            concurrency=container.concurrency,
        ),
    )
