"""What the embedded engine writes down beside its collections."""

from pathlib import Path

import pytest

from flash_core.errors import UpstreamUnavailableError
from vector_service.providers.edge.catalogue import Catalogue, CollectionSpec


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    catalogue = Catalogue.load(tmp_path / "catalogue.json")
    catalogue.collections["chunks_v1"] = CollectionSpec(384, "m")
    catalogue.aliases["chunks"] = "chunks_v1"
    catalogue.save()
    loaded = Catalogue.load(tmp_path / "catalogue.json")
    assert loaded == catalogue
    assert loaded.alias_of("chunks_v1") == "chunks"
    assert loaded.alias_of("chunks_v2") == ""
    assert [path.name for path in tmp_path.iterdir()] == ["catalogue.json"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"aliases": {}, "collections": {"a": {"size": 1}}}', "\x00\xff"])
def test_a_damaged_file_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(content)
    with pytest.raises(UpstreamUnavailableError, match=r"catalogue\.json is damaged"):
        Catalogue.load(path)
