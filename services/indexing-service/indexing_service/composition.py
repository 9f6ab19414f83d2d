"""Which implementation stands behind each interface. Nothing else may decide that."""

import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from flash_core.clients.documentation import DocumentRegistryClient, StoredDocumentsClient, VisibleDocumentsClient
from flash_core.clients.embedding import EmbeddingModelsClient
from flash_core.clients.outgoing import OutgoingPolicy
from flash_core.clients.vector import VectorStoreClient
from flash_core.composition import ServiceContainer, open_platform
from flash_core.database.context import open_database
from flash_core.interfaces.worker import WorkerInterface
from flash_core.messaging.consumer import StreamConsumer, Subscription
from flash_core.messaging.events import JobQueued
from flash_core.messaging.outbox_relay import OutboxRelay
from flash_core.messaging.redis_queue import RedisMessageQueue
from flash_core.schemas.indexing import SourceType
from flash_core.utils.clock import SystemClock
from flash_core.utils.ids import new_id
from indexing_service.config import Settings
from indexing_service.database.rebuild_transaction import SqlRebuildTransaction
from indexing_service.database.repositories.sealed_repo import SqlSealedCredentials
from indexing_service.database.tables import OutboxRow
from indexing_service.database.unit_of_work import SqlIndexingUnitOfWork
from indexing_service.interfaces.providers import DocumentationProviderInterface
from indexing_service.providers.azure_devops.provider import AzureDevOpsWikiProvider
from indexing_service.providers.confluence.provider import ConfluenceProvider
from indexing_service.providers.embedding_turns import EmbeddingTurns
from indexing_service.providers.folder import FolderProvider
from indexing_service.providers.git.provider import GitProvider
from indexing_service.providers.notion.provider import NotionProvider
from indexing_service.providers.parsing.limits import Limits
from indexing_service.providers.parsing.pool import ConverterPool
from indexing_service.providers.upload import UploadProvider
from indexing_service.providers.vault import EnvelopeVault, sealing_keys
from indexing_service.services.collections import IndexCollections
from indexing_service.services.index_upkeep import IndexUpkeep
from indexing_service.services.intake import DocumentIntake
from indexing_service.services.job_work import JobWork
from indexing_service.services.jobs import JobManager
from indexing_service.services.key_rotation import KeyRotation
from indexing_service.services.pipeline import DocumentPipeline
from indexing_service.services.rebuilder import IndexRebuilder
from indexing_service.services.retention import JobRetention
from indexing_service.services.scheduled_syncs import ScheduledSyncs
from indexing_service.services.scheduler import JobScheduler
from indexing_service.services.sources import SourceManager
from indexing_service.services.webhooks import WebhookReceiver

GROUP = "indexing"
_VISIBLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running indexing service."""

    sources: SourceManager
    intake: DocumentIntake
    jobs: JobManager
    collections: IndexCollections
    webhooks: WebhookReceiver
    workers: Sequence[WorkerInterface]


@asynccontextmanager
async def compose(settings: Settings | None = None) -> AsyncIterator[Container]:
    settings = settings or Settings()
    clock = SystemClock()
    vault = EnvelopeVault(sealing_keys(settings.credentials_keys.get_secret_value()))
    providers = _providers(settings)
    async with (
        open_platform(settings, "indexing") as platform,
        open_database(settings.database_url, pool_size=20) as database,
        ConverterPool(_limits(settings), processes=settings.parser_processes) as converter,
    ):
        unit_of_work = partial(SqlIndexingUnitOfWork, database.sessions)
        registry = DocumentRegistryClient(platform.http.sibling(settings.documentation_url))
        visible = VisibleDocumentsClient(platform.http.sibling(settings.documentation_url), seconds=_VISIBLE_SECONDS)
        vectors = VectorStoreClient(platform.http.sibling(settings.vector_url))
        models = EmbeddingModelsClient(platform.http.sibling(settings.embedding_url))
        stored = StoredDocumentsClient(platform.http.sibling(settings.documentation_url))
        rebuilds = partial(SqlRebuildTransaction, database.sessions)
        pipeline = DocumentPipeline(registry, EmbeddingTurns(models), vectors, converter, rebuilds)
        scheduler = JobScheduler(
            unit_of_work,
            JobWork(
                unit_of_work, registry, vectors, pipeline, providers, vault, hold_share=settings.indexing_hold_deletions
            ),
            at_once=settings.indexing_jobs,
            lease_seconds=settings.indexing_lease_seconds,
        )
        sources = SourceManager(
            unit_of_work,
            registry,
            providers,
            vault,
            clock,
            default_schedule=settings.indexing_schedule,
            restricted_schedule=settings.indexing_schedule_restricted,
        )
        yield Container(
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
            health=(*platform.health, database),
            sources=sources,
            intake=DocumentIntake(unit_of_work, registry, visible, clock),
            jobs=JobManager(unit_of_work, registry, clock),
            collections=IndexCollections(rebuilds, models, vectors, clock),
            webhooks=WebhookReceiver(
                partial(sources.sync, full=False), settings.internal_key.get_secret_value().encode()
            ),
            workers=(
                OutboxRelay(database, OutboxRow, RedisMessageQueue(platform.redis)),
                scheduler,
                ScheduledSyncs(unit_of_work),
                JobRetention(unit_of_work, keep=timedelta(days=settings.indexing_keep_days)),
                IndexRebuilder(rebuilds, stored, models, vectors, clock),
                IndexUpkeep(unit_of_work, rebuilds, stored, models, vectors, clock),
                KeyRotation(SqlSealedCredentials(database.sessions), vault),
                StreamConsumer(
                    platform.redis,
                    Subscription(JobQueued, scheduler.job_queued),
                    group=GROUP,
                    member=f"{socket.gethostname()}:{os.getpid()}:{new_id().hex[-8:]}",
                ),
            ),
        )


def _providers(settings: Settings) -> dict[SourceType, DocumentationProviderInterface]:
    outgoing = OutgoingPolicy(settings.allowed_hosts)
    return {
        SourceType.AZURE_DEVOPS_WIKI: AzureDevOpsWikiProvider(outgoing),
        SourceType.CONFLUENCE: ConfluenceProvider(outgoing),
        SourceType.FOLDER: FolderProvider(),
        SourceType.GIT: GitProvider(outgoing, settings.indexing_folder, local=settings.indexing_local_repositories),
        SourceType.NOTION: NotionProvider(outgoing),
        SourceType.UPLOAD: UploadProvider(),
    }


def _limits(settings: Settings) -> Limits:
    return Limits(
        seconds=settings.parser_seconds, memory_mb=settings.parser_memory_mb, max_pages=settings.parser_max_pages
    )
