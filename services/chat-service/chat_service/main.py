"""The chat service. Run: `flash serve chat`."""

import re

from chat_service.api import answers, ask, conversations, internal, messages, socket, usage
from chat_service.composition import Container, compose
from flash_core.web.app import ServiceSpec


async def drain(container: Container) -> None:
    """Send everyone who follows an answer here to another replica."""
    container.reader.close()
    await container.sockets.leave(container.settings.chat_drain_seconds)


SPEC = ServiceSpec(
    name="chat",
    compose=compose,
    routers=(
        conversations.router,
        messages.router,
        answers.router,
        ask.router,
        usage.router,
        socket.router,
        internal.router,
    ),
    workers=lambda container: container.workers,
    drain=drain,
    own_idempotency=re.compile(r"/api/v1/(chat|conversations/[^/]+/messages|messages/[^/]+/regenerate)"),
)
