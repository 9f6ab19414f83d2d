"""Which worker a source belongs to."""

from flash_core.errors import FencedError


def refuse_fenced(seen: int, fence: int | None) -> None:
    """Without a fence it is no worker's write."""
    if fence is not None and fence < seen:
        raise FencedError("Another worker has this source now.")
