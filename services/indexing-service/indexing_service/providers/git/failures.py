"""What git says when it fails, as what the owner of the source can do about it."""

from typing import Final

from flash_core.errors import FlashError, UpstreamRejectedError
from indexing_service.interfaces.providers import SourceAwayError

_MAX_SAID: Final = 300
_CAUSES: Final = (
    (
        (
            "Authentication failed",
            "could not read Username",
            "could not read Password",
            "returned error: 401",
            "returned error: 403",
        ),
        "The server refuses these credentials, or wants some. A token that may read the repository is needed.",
    ),
    (
        ("returned error: 404", "not found", "does not appear to be a git repository", "not a git repository"),
        "There is no such repository, or these credentials may not see it.",
    ),
    (
        ("returned error: 30", "unable to update url base from redirection"),
        "The server redirects, which is not followed. Give the final address, often the one that ends in `.git`.",
    ),
    (("dubious ownership",), "The folder belongs to another user than the indexing service's, so git won't read it."),
    (
        ("SSL certificate", "certificate verif", "SSL peer certificate"),
        "The server's certificate can't be verified on this machine.",
    ),
    (("does not support shallow",), "The server does not speak Git's smart protocol."),
    (("mismatched algorithms",), "Repositories with SHA-256 object names can't be read."),
)
_TOO_LARGE: Final = "File too large"


def refused(said: str, max_bytes: int) -> FlashError:
    """The error that stands for it. What nobody knows may pass: it is tried again."""
    if _TOO_LARGE in said:
        return UpstreamRejectedError(f"The repository is larger than {max_bytes / 1e9:.3g} GB, even without its past.")
    for signs, advice in _CAUSES:
        if any(sign in said for sign in signs):
            return UpstreamRejectedError(advice)
    return SourceAwayError(f"The repository can't be read now: {_told(said)}")


def _told(said: str) -> str:
    """The line that says why: the last one that git marks as such."""
    lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:"))] or said.splitlines()
    return (lines[-1] if lines else "git says nothing.")[:_MAX_SAID]
