"""What lies in a cache is msgpack; what can't be read any more is not there."""

import pytest

from flash_core.schemas.ai import IntentResponse, QuestionKind
from flash_core.schemas.search import SearchFilters
from flash_core.utils.ids import new_id
from flash_core.utils.markers import markers_in, with_markers, without_markers
from flash_core.utils.packing import packed, unpacked

RESPONSE = IntentResponse(
    kind=QuestionKind.FOLLOW_UP, standalone_question="Wie groß?", filters=SearchFilters(source_ids=[new_id()])
)


def test_what_is_packed_comes_back() -> None:
    content = packed(RESPONSE)
    assert unpacked(IntentResponse, content) == RESPONSE
    assert len(content) < len(RESPONSE.model_dump_json())


@pytest.mark.parametrize("content", [None, b"", b"\xc1", packed(SearchFilters()), RESPONSE.model_dump_json().encode()])
def test_what_is_not_there_or_not_readable_is_nothing(content: bytes | None) -> None:
    assert unpacked(IntentResponse, content) is None


def test_markers_are_taken_out_and_links_stay() -> None:
    assert without_markers("So it is. [1][12]\nAnd [2](https://x.example) so. [3]") == (
        "So it is.\nAnd [2](https://x.example) so."
    )


def test_what_looks_like_a_marker_in_code_is_none() -> None:
    text = "Set `a[1]`. [2][2]\n\n```\nb[3]\n```\n[4]"
    assert markers_in(text) == (2, 4)
    assert without_markers(text) == "Set `a[1]`.\n\n```\nb[3]\n```\n"
    assert with_markers(text, lambda marker: f"<{marker}>" if marker > 2 else "").endswith("b[3]\n```\n<4>")
