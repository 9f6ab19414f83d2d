"""What the index holds of a document: its identity as a version, and its passages as models and keywords see them."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from flash_core.interfaces.embedding import EmbeddingModel, Vectors
from flash_core.models.document import EVERYONE
from flash_core.models.vector import ChunkPoint, Payload
from flash_core.utils.plain import plain_text
from flash_core.utils.words import STEMMERS, document_language
from indexing_service.interfaces import Source, SourceDocument
from indexing_service.interfaces.parsing import ParsedDocument
from indexing_service.services.chunker import CHUNKER_VERSION, Chunk, chunk
from indexing_service.services.parsing import readable_name
from indexing_service.services.sizes import DEFAULT_SIZE, ChunkSize

CONTENT_VERSION: Final = "4"
"""Part of every content hash: with another one every document is another version."""
_PADDING = re.compile(r"[ \t]{2,}")
_DASHES = re.compile(r"-{4,}")
_LONGEST_HEAD: Final = 1_000
_SEPARATOR: Final = " > "
_TITLE_WEIGHT: Final = 3
"""A word of the title counts as if it stood in the passage so many times (BM25F's idea, Robertson et al. 2004)."""


@dataclass(frozen=True, slots=True)
class Passage:
    """`embedded` is what a model sees, `keywords` what words are looked for in: the chunk as plain words under what
    leads to it. `start` and `end` point into the document's text. `table_head`: the header row, and the line of dashes
    under it, of the table that the passage continues; "" for any other.
    """

    ordinal: int
    start: int
    end: int
    heading: str
    embedded: str
    keywords: str
    table_head: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A document as it would be searchable.

    `content_hash` is `<content>.<about>`: the first half changes with what is embedded, the second with what only
    describes the document (groups, address, date).
    """

    document: SourceDocument
    parsed: ParsedDocument
    content_hash: str
    size: ChunkSize = DEFAULT_SIZE

    def same_content(self, live_hash: str | None) -> bool:
        return live_hash is not None and live_hash.partition(".")[0] == self.content_hash.partition(".")[0]

    def passages(self) -> list[Passage]:
        """Each under the title and the headings that lead to it: alone it often does not say what it is about.

        The folders are for the keyword half alone: in front of what is embedded they gain nothing, with or without the
        source's name (nDCG@10 .797 and .822; without either .824 on a handbook's link texts, `bench_chunks`).
        """
        chunks = chunk(self.parsed.text, markdown=self.parsed.markdown, size=self.size)
        return [self._passage(ordinal, one) for ordinal, one in enumerate(chunks)]

    def _passage(self, ordinal: int, one: Chunk) -> Passage:
        text = self.parsed.text
        head = _table_head(text, one)
        raw = f"{head}\n{text[one.start : one.end]}" if head else text[one.start : one.end]
        words = plain_text(raw) if self.parsed.markdown else raw
        title = self.parsed.title
        headings = [heading for heading in one.headings if heading != title]
        folders = map(readable_name, self.document.path)
        return Passage(
            ordinal=ordinal,
            start=one.start,
            end=one.end,
            heading=_SEPARATOR.join(one.headings),
            embedded=f"{_SEPARATOR.join([title, *headings])}\n{words}",
            keywords="\n".join([*folders, *[title] * _TITLE_WEIGHT, *headings, words]),
            table_head=head,
        )

    @property
    def language(self) -> str:
        """As the keyword half of the index names it."""
        return STEMMERS[document_language(self.parsed.title, self.parsed.text)]


def _table_head(text: str, one: Chunk) -> str:
    """None that is longer than a passage: it would leave no room for the rows."""
    if one.table_head is None:
        return ""
    dashes_end = text.find("\n", one.table_head.end + 1, one.start)
    padded = text[one.table_head.start : max(dashes_end, one.table_head.end)]
    head = _DASHES.sub("---", _PADDING.sub(" ", padded)).strip()
    return head if len(head) <= _LONGEST_HEAD else head.partition("\n")[0][:_LONGEST_HEAD]


def version_of(source: Source, document: SourceDocument, parsed: ParsedDocument) -> Version:
    """The same for every model and every way to cut: those belong to a collection of the index, and the same document
    stands in two of them while it is rebuilt.
    """
    stated = document.updated_at.isoformat() if document.updated_at else None
    about: list[object] = [sorted(document.groups), document.url, stated, source.type]
    return Version(document, parsed, f"{content_digest(document.path, parsed)}.{_digest(about)[:16]}")


def content_digest(path: Sequence[str], parsed: ParsedDocument) -> str:
    """The first half of a content hash."""
    return _digest([CONTENT_VERSION, parsed.title, *path, parsed.markdown, parsed.text])


def chunker_of(model: EmbeddingModel) -> str:
    """How documents are cut for this model; one collection holds passages of one way. How long a document's chunks are
    follows from this and its text (`measuring`).
    """
    return f"{CHUNKER_VERSION}/{model.max_tokens}"


def mark_of(model: EmbeddingModel) -> str:
    """What is the same for all documents that are read, cut and embedded the same way."""
    return f"{CONTENT_VERSION} {chunker_of(model)} {model.name}"


def point_of(
    version: Version,
    passage: Passage,
    vector: Vectors,
    *,
    document_id: UUID,
    source: Source,
    language: str,
    fence: int = 0,
) -> ChunkPoint:
    """`fence` 0: as documentation has it; whoever brings the document in anew may remove it."""
    text = version.parsed.text[passage.start : passage.end]
    payload: Payload = about(version, document_id=document_id, source=source, fence=fence) | {
        "text": text,
        "title": version.parsed.title,
        "path": list(version.document.path),
        "heading": passage.heading,
        "table_head": passage.table_head,
        "start": passage.start,
        "end": passage.end,
    }
    return ChunkPoint(point_id(version, passage, document_id), vector, passage.keywords, payload, language)


def point_id(version: Version, passage: Passage, document_id: UUID) -> UUID:
    """That of content and place: the same passage again overwrites itself."""
    content, _, _ = version.content_hash.partition(".")
    return uuid5(document_id, f"{content}:{passage.ordinal}")


def about(version: Version, *, document_id: UUID, source: Source, fence: int) -> dict[str, object]:
    """The part of a payload that may change without the content."""
    document = version.document
    return {
        "document_id": str(document_id),
        "source_id": str(source.id),
        "source_groups": sorted(source.groups) or [EVERYONE],
        "document_groups": sorted(document.groups) or [EVERYONE],
        "content_hash": version.content_hash,
        "updated_at": (document.updated_at or document.modified_at).timestamp(),
        "url": document.url,
        "external_id": document.external_id,
        "provider": source.type.value,
        "fence": fence,
    }


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
