"""What an answer says without saying where it stands."""

from ai_main_service.services.sentences import UnitKind
from ai_main_service.services.strict import is_claim, pieces
from flash_core.schemas.chat import TextSpan


def uncited(content: str) -> list[TextSpan]:
    """The sentences, items, rows and code blocks that claim something and carry no marker, in code points.

    A block of code may have its marker from the line that introduces it.
    """
    found: list[TextSpan] = []
    introduced_by: tuple[int, ...] = ()
    end = 0
    for piece in pieces(content):
        start = end + len(piece.gap)
        end = start + len(piece.text)
        if piece.is_header or not is_claim(piece.unit, piece.said):
            introduced_by = piece.markers
            continue
        if not (piece.markers or (introduced_by and piece.unit.kind is UnitKind.CODE)):
            found.append(TextSpan(start=start, end=end))
        introduced_by = ()
    return found
