"""Documents as documentation keeps them, as versions to be cut and embedded again."""

from flash_core.schemas.documentation import StoredDocument
from indexing_service.interfaces import SourceDocument
from indexing_service.interfaces.parsing import ParsedDocument
from indexing_service.services.passages import Version, content_digest


def stored_version(stored: StoredDocument) -> Version:
    """The same version, with the same content hash.

    Whether the text is Markdown is not kept, but the hash is of one of the two.
    """
    markdown = ParsedDocument(stored.title, stored.text, markdown=True)
    plain = ParsedDocument(stored.title, stored.text, markdown=False)
    is_plain = stored.content_hash.partition(".")[0] == content_digest(stored.path, plain)
    document = SourceDocument(
        external_id=stored.external_id,
        content=stored.text,
        format="text" if is_plain else "markdown",
        modified_at=stored.updated_at,
        title=stored.title,
        url=stored.url,
        path=tuple(stored.path),
        groups=frozenset(stored.groups),
        updated_at=stored.updated_at,
    )
    return Version(document, plain if is_plain else markdown, stored.content_hash)
