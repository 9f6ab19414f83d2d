"""Which implementation stands behind each interface. Nothing else may decide that."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from chat_service.config import Settings
from chat_service.database.tables import OutboxRow
from chat_service.database.unit_of_work import SqlChatUnitOfWork
from chat_service.interfaces import RetryRules
from chat_service.providers.tickets import AuthTickets
from chat_service.services.answer_reader import AnswerReader
from chat_service.services.conversations import ConversationManager
from chat_service.services.generations import GenerationManager
from chat_service.services.questions import QuestionDesk
from chat_service.services.reconciler import Reconciler
from chat_service.services.socket_login import SocketDoor
from chat_service.services.sockets import OpenSockets
from chat_service.services.usage import UsageReport
from flash_core.clients.documentation import VisibleDocumentsClient
from flash_core.composition import ServiceContainer, open_platform
from flash_core.database.context import open_database
from flash_core.interfaces.worker import WorkerInterface
from flash_core.messaging.answer_log import RedisAnswerLog
from flash_core.messaging.outbox_relay import OutboxRelay
from flash_core.messaging.redis_queue import RedisMessageQueue
from flash_core.utils.clock import SystemClock
from flash_core.web.problems import problem_of

_DISCLOSURE_SECONDS = 5.0
"""What somebody waits who reads an answer while documentation does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running chat service."""

    settings: Settings
    conversations: ConversationManager
    questions: QuestionDesk
    generations: GenerationManager
    reader: AnswerReader
    door: SocketDoor
    sockets: OpenSockets
    usage: UsageReport
    workers: Sequence[WorkerInterface] = ()


@asynccontextmanager
async def compose() -> AsyncIterator[Container]:
    settings = Settings()
    rules, clock = rules_of(settings), SystemClock()
    async with open_platform(settings, "chat") as platform, open_database(settings.database_url) as database:
        unit_of_work = partial(SqlChatUnitOfWork, database.sessions)
        answers = RedisAnswerLog(platform.redis)
        documentation = platform.http.sibling(settings.documentation_url)
        documents = VisibleDocumentsClient(documentation, seconds=_DISCLOSURE_SECONDS)
        reader = AnswerReader(
            unit_of_work, answers, platform.broadcast, documents, clock, settings.chat_silence_seconds
        )
        tickets = AuthTickets(platform.http.sibling(settings.auth_url), platform.redis)
        yield Container(
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
            health=(*platform.health, database),
            settings=settings,
            conversations=ConversationManager(unit_of_work, platform.broadcast, clock, documents),
            questions=QuestionDesk(unit_of_work, clock, rules),
            generations=GenerationManager(unit_of_work, answers, platform.broadcast, rules, problem_of),
            reader=reader,
            door=SocketDoor(platform.authenticator, tickets, clock),
            sockets=OpenSockets(settings.chat_sockets_per_user),
            usage=UsageReport(unit_of_work, clock),
            workers=(
                reader,
                OutboxRelay(database, OutboxRow, RedisMessageQueue(platform.redis)),
                Reconciler(unit_of_work, answers, rules, problem_of, settings.chat_reconcile_seconds),
            ),
        )


def rules_of(settings: Settings) -> RetryRules:
    return RetryRules(
        lease=timedelta(seconds=settings.chat_lease_seconds),
        deadline=timedelta(seconds=settings.chat_deadline_seconds),
        max_attempts=settings.chat_max_attempts,
        max_waiting=settings.chat_max_waiting,
        history_turns=settings.chat_history_turns,
        requeue_after=timedelta(seconds=settings.chat_requeue_seconds),
        requeue_at_most=timedelta(seconds=settings.chat_requeue_max_seconds),
    )
