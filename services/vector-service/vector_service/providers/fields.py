"""Names that both engines give to the parts of a point."""

from typing import Final

DENSE: Final = "dense"
SPARSE: Final = "bm25"
KEYWORD_FIELDS: Final = ("source_id", "document_id", "source_groups", "document_groups", "content_hash")
"""Payload fields that searches and deletions filter by equality."""

NUMBER_FIELDS: Final = ("updated_at",)
