"""What the use cases of documentation need from their database."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.interfaces.persistence import TransactionInterface
from flash_core.models.document import Document
from flash_core.schemas.documentation import CurrentVersion, ResolvedDocument, StoredDocument


@dataclass(frozen=True, slots=True)
class Source:
    """What documentation knows of a source; indexing owns the rest. No `groups`: everyone who is logged in."""

    id: UUID
    name: str
    provider: str
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source as a search finds it.

    `version` grows with every change of the source or of one of its documents, in the same transaction. `settled` is
    False while the vector store has not heard of its groups, or of those of a document. `calibrated_at` is None until
    it was calibrated, `checked_at` until its documents were compared with the source. `languages`: ISO 639-1 codes of
    the languages that documents of it are or were stemmed in.
    """

    id: UUID
    name: str
    version: int
    settled: bool
    calibrated_at: datetime | None = None
    checked_at: datetime | None = None
    languages: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class LiveDocument:
    """The searchable version of a document, without its text.

    `source_version`: what the source calls it. `checked_at`: when its source was last compared with the index.
    """

    id: UUID
    source_id: UUID
    external_id: str
    provider: str
    title: str
    path: tuple[str, ...]
    url: str | None
    groups: frozenset[str]
    content_hash: str
    updated_at: datetime
    source_version: str = ""
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadableDocument:
    """With its text, or the beginning of a long one. `for_everyone`: whoever is logged in may read it."""

    document: LiveDocument
    text: str
    for_everyone: bool


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """A page of the documents that members of `groups` may see, ordered by id, behind `after`.

    `words` must appear in the title or in the external id, as they are but for upper and lower case.
    """

    groups: frozenset[str]
    limit: int
    after: UUID | None = None
    source_id: UUID | None = None
    words: str | None = None


class ChoreKind(StrEnum):
    """What the vector store must still be told: a document or a source is gone, or its groups have changed."""

    DOCUMENT_DELETED = "document_deleted"
    DOCUMENT_GROUPS = "document_groups"
    SOURCE_DELETED = "source_deleted"
    SOURCE_GROUPS = "source_groups"


@dataclass(frozen=True, slots=True, order=True)
class Chore:
    kind: ChoreKind
    target_id: UUID


class SourceRepositoryInterface(Protocol):
    @abstractmethod
    async def get(self, source_id: UUID) -> Source | None:
        """None for a source that is not there or was deleted."""

    @abstractmethod
    async def put(self, source: Source, *, fence: int | None = None) -> Source | None:
        """Make or change it; returns how it was. `ConflictError` for one that was deleted: its id never comes back.

        With the `fence` of a worker it is that worker's from now on; `FencedError` when it is that of a later one.
        """

    @abstractmethod
    async def delete(self, source_id: UUID) -> bool:
        """For good; whether there was one. Waits for those who add documents to it at this moment."""

    @abstractmethod
    async def checked(self, source_id: UUID, at: datetime) -> None:
        """Keeps the later moment. No change of the source: what a search shows of it stays the same."""

    @abstractmethod
    async def add_language(self, source_id: UUID, language: str) -> None:
        """There are documents in it; said once or often."""

    @abstractmethod
    async def touch(self) -> None:
        """Raise the versions of all: what can be found has changed, though no document has."""

    @abstractmethod
    async def states(self, groups: frozenset[str]) -> list[SourceState]:
        """Of the sources that members of `groups` may see, ordered by id."""


class DocumentRepositoryInterface(Protocol):
    """A document is visible to members of `groups` when its source and the document itself each have no groups or
    one of them. Being an administrator changes nothing about that.

    Publishing, deleting, renaming and regrouping raise the version of the source; they happen one after another for
    each source. They raise `FencedError` when the source has seen a higher `fence` than theirs.
    """

    @abstractmethod
    async def resolve(self, source_id: UUID, external_ids: Sequence[str]) -> list[ResolvedDocument]:
        """In the order given; `NotFoundError` without such a source."""

    @abstractmethod
    async def publish(self, document: Document, *, fence: int | None = None) -> bool:
        """Make this the searchable version; False when the document or its source was deleted."""

    @abstractmethod
    async def visible(self, document_ids: Sequence[UUID], groups: frozenset[str]) -> list[LiveDocument]: ...

    @abstractmethod
    async def read(self, document_id: UUID, groups: frozenset[str]) -> tuple[LiveDocument, str] | None:
        """With the text that all offsets point into."""

    @abstractmethod
    async def excerpt(self, document_id: UUID, content_hash: str, start: int, end: int) -> str | None:
        """`text[start:end]` of this version, in code points; None when it is not the searchable one any more."""

    @abstractmethod
    async def page(self, query: DocumentQuery) -> list[LiveDocument]: ...

    @abstractmethod
    async def texts(
        self, groups: frozenset[str], after: UUID | None, limit: int, *, characters: int
    ) -> list[ReadableDocument]:
        """What members of `groups` may read, ordered by id, behind `after`; each text up to so many characters."""

    @abstractmethod
    async def searchable_of(self, source_id: UUID, *, after: str, limit: int) -> list[ResolvedDocument]:
        """Ordered by external id (by code point), behind `after`."""

    @abstractmethod
    async def regroup(
        self, source_id: UUID, groups: Mapping[str, frozenset[str]], *, fence: int | None = None
    ) -> list[UUID]:
        """Narrow documents, by external id, to these groups; those whose groups were others."""

    @abstractmethod
    async def groups_of(self, document_ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
        """That documents are narrowed to."""

    @abstractmethod
    async def rename(self, source_id: UUID, renamed: Mapping[str, str], *, fence: int | None = None) -> int:
        """Old external ids to new ones; how many documents it was. A new one that a searchable document has is left
        out, one that was only resolved makes way.
        """

    @abstractmethod
    async def stored(self, after: UUID | None, limit: int, *, characters: int) -> list[StoredDocument]:
        """The next searchable ones of all sources, ordered by id, behind `after`: so many as have together no more
        than `characters`, but always one if there is one.
        """

    @abstractmethod
    async def current(self, document_ids: Sequence[UUID]) -> dict[UUID, CurrentVersion]:
        """Of those that are searchable now."""

    @abstractmethod
    async def delete(self, document_ids: Sequence[UUID], *, fence: int | None = None) -> list[UUID]:
        """Those that were there, searchable or not yet."""

    @abstractmethod
    async def delete_of(self, source_id: UUID) -> int:
        """All of a source; how many of them were searchable."""


class ChoreRepositoryInterface(Protocol):
    @abstractmethod
    async def add(self, chores: Sequence[Chore]) -> None:
        """The same chore twice is one."""

    @abstractmethod
    async def due(self, limit: int) -> list[Chore]:
        """The oldest ones that nobody works on."""

    @abstractmethod
    async def take(self, chores: Sequence[Chore]) -> list[Chore]:
        """Remove these, holding them against others until the end of the transaction; returns those still there."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A term and its synonyms mean the same. No two aliases have the same term (see `folded`)."""

    id: UUID
    term: str
    synonyms: tuple[str, ...]
    created_at: datetime
    updated_at: datetime


class AliasRepositoryInterface(Protocol):
    """`version` grows with every change, and readers see it together with what changed."""

    @abstractmethod
    async def version(self) -> int: ...

    @abstractmethod
    async def every(self) -> list[Alias]:
        """Ordered by id."""

    @abstractmethod
    async def page(self, after: UUID | None, limit: int) -> list[Alias]:
        """Ordered by id, behind `after`."""

    @abstractmethod
    async def get(self, alias_id: UUID) -> Alias | None: ...

    @abstractmethod
    async def of_term(self, term: str) -> Alias | None:
        """The one with this term, upper or lower case."""

    @abstractmethod
    async def count(self) -> int: ...

    @abstractmethod
    async def begin_change(self) -> None:
        """To be called before what a change depends on is read: changes happen one after another, and the version
        grows.
        """

    @abstractmethod
    async def put(self, alias: Alias) -> None:
        """Add it, or replace the one with its id."""

    @abstractmethod
    async def delete(self, alias_id: UUID) -> bool:
        """Whether there was one."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is usual in a source, as of its `source_version`.

    `cosine` is the median cosine of `questions` questions made of its passages' words with the nearest passage;
    `frequencies` says in how many of `passages` passages a stem stands.
    """

    source_id: UUID
    source_version: int
    questions: int
    cosine: float
    passages: int
    frequencies: Mapping[str, int]
    calibrated_at: datetime


@dataclass(frozen=True, slots=True)
class OutdatedCalibration:
    """A source at a version that its calibration does not know. `is_old`: the calibration is from before a moment.
    `is_first`: nothing was in the source when it was looked at, if it ever was.
    """

    source_id: UUID
    version: int
    is_old: bool
    is_first: bool


@dataclass(frozen=True, slots=True)
class SampledDocument:
    """`groups` are all groups that it or its source is open to. `restricted`: not all readers of its source may read
    it.
    """

    title: str
    text: str
    groups: frozenset[str]
    restricted: bool = False


class CalibrationRepositoryInterface(Protocol):
    @abstractmethod
    async def outdated(self, before: datetime) -> list[OutdatedCalibration]:
        """Sources that have changed since they were calibrated, or never were; `is_old` compares with `before`."""

    @abstractmethod
    async def sample(self, source_id: UUID, limit: int) -> list[SampledDocument]:
        """Searchable documents of a source; always the same ones as long as these are there."""

    @abstractmethod
    async def put(self, calibration: Calibration) -> None:
        """Replace the source's; one of a newer version stays."""

    @abstractmethod
    async def stamps(self) -> dict[UUID, datetime]:
        """When each source was calibrated."""

    @abstractmethod
    async def get(self, source_ids: Sequence[UUID]) -> list[Calibration]: ...


class DocumentationTransactionInterface(TransactionInterface, Protocol):
    sources: SourceRepositoryInterface
    documents: DocumentRepositoryInterface
    chores: ChoreRepositoryInterface
    aliases: AliasRepositoryInterface
    calibrations: CalibrationRepositoryInterface


TransactionFactory = Callable[[], DocumentationTransactionInterface]


class ChoreRunnerInterface(Protocol):
    """Does what a committed transaction has left to do in the vector store."""

    @abstractmethod
    async def attempt(self, chores: Sequence[Chore]) -> None:
        """Do these now. What the vector store is away for stays to be done later: nothing is raised for that."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """A term of a query, as it stands in `query[start:end]`, and the synonyms that mean the same, best first."""

    term: str
    synonyms: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Expansion:
    """A query with the accepted synonyms of its terms.

    `variants` is the query as others would say it, best first, without the query itself: each a whole query in which
    terms are replaced by synonyms; at most four, so that there may be synonyms in no variant. `alternatives`
    are the terms found, in order and without overlaps, with all of their synonyms. `keywords` is the query with every
    synonym behind it.

    Alternatives say one thing in several words. Whoever scores by them must count that once: the best of the variants
    for a document (of a BM25 score as of a cosine), or weights that make the terms of a synonym together no heavier
    than the term that they stand for. A sum over `keywords` with equal weights lets one long synonym outweigh the
    rest of the query. Every synonym alone must be able to find a document.
    """

    keywords: str
    variants: tuple[str, ...] = ()
    alternatives: tuple[Alternatives, ...] = ()

    @property
    def applied(self) -> Mapping[str, tuple[str, ...]]:
        """The synonyms by the term of the query that they stand for."""
        return {one.term: one.synonyms for one in self.alternatives}


class QueryExpanderInterface(Protocol):
    """Adds the company's own synonyms to a query."""

    @abstractmethod
    async def expand(self, query: str, language: str) -> Expansion:
        """By the aliases as they are now, whoever changed them where. `language` is the query's ISO 639-1 code.

        Never fails: without aliases, or when they can't be read now, the expansion is the query alone.
        """


@dataclass(frozen=True, slots=True)
class LiveCollection:
    """By its own name, so that a question's vector never meets vectors of another model: an alias may move between the
    embedding of a question and its search. `model`: what its vectors are of.
    """

    name: str
    model: str


class LiveIndexInterface(Protocol):
    """Which collection is searched at the moment, and with which model."""

    @abstractmethod
    async def current(self) -> LiveCollection | None:
        """None before anything was indexed. While the vector store is away what was known last counts; without it
        `UpstreamUnavailableError`.
        """

    @abstractmethod
    async def embeddings(self, collection: LiveCollection | None) -> EmbeddingProviderInterface:
        """Of the collection's model, whose calls raise `NotFoundError` as long as it is not served; without a
        collection of the model that the first one will have.
        """
