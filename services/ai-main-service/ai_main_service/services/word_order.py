"""Which words follow each other, and which stand together: the same words in another order say something else."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from ai_main_service.services.reading import Text

_NEAR: Final = 3
_AROUND: Final = 5
_FAR: Final = 25


def anchors_turned(said: Text, positions: dict[str, list[int]]) -> float:
    """How many names and numbers that follow each other, up to two pairs, do so in the passage the other way only."""
    anchors = [word.stem for word in said.words if word.kind in {"number", "name"} and word.stem in positions]
    turned = 0
    for one, other in pairwise(anchors):
        gaps = [there - here for here in positions[one] for there in positions[other]]
        turned += one != other and not any(0 < gap <= _FAR for gap in gaps) and any(-_FAR <= gap < 0 for gap in gaps)
    return float(min(2, turned))


def order(stems: Sequence[str], positions: dict[str, list[int]]) -> tuple[float, float]:
    """The shares of neighbours that are near each other in the passage in this order, and only in the other."""
    neighbours = [(one, other) for one, other in pairwise(stems) if one != other]
    if not neighbours:
        return 1.0, 0.0
    kept = turned = 0
    for one, other in neighbours:
        gaps = [there - here for here in positions.get(one, ()) for there in positions.get(other, ())]
        if any(0 < gap <= _NEAR for gap in gaps):
            kept += 1
        elif any(-_NEAR <= gap < 0 for gap in gaps):
            turned += 1
    return kept / len(neighbours), turned / len(neighbours)


def company(said: Text, stems: Sequence[str], positions: dict[str, list[int]]) -> float:
    """How much of what stands around a number or a name stands around it in the passage: the least of all of them."""
    shares = []
    for at, word in enumerate(said.words):
        if word.kind not in {"number", "name"} or word.stem not in positions:
            continue
        around = {one.stem for one in said.words[max(0, at - _NEAR) : at + _NEAR + 1]} - {word.stem}
        near = (set(stems[max(0, place - _AROUND) : place + _AROUND + 1]) for place in positions[word.stem])
        shares.append(max(len(around & there) for there in near) / len(around) if around else 1.0)
    return min(shares, default=1.0)
