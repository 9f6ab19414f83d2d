"""The gateway's own errors, in the words of the services' problem documents."""

from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class GatewayProblem:
    """What is answered when nginx' own status is one of `causes`."""

    status: int
    code: str
    detail: str
    causes: tuple[int, ...]
    retry_after: int | None = None
    early: bool = False
    """May happen before nginx has understood the address."""

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase


PROBLEMS = (
    GatewayProblem(400, "bad-request", "The request is not valid HTTP.", (400,), early=True),
    GatewayProblem(404, "not-found", "There is nothing at this address.", (403, 404)),
    GatewayProblem(405, "method-not-allowed", "This address does not know that method.", (405,)),
    GatewayProblem(408, "request-timeout", "The request did not arrive in time.", (408,)),
    GatewayProblem(413, "too-large", "The body is larger than this address takes.", (413,)),
    GatewayProblem(414, "uri-too-long", "The address is too long.", (414,), early=True),
    GatewayProblem(431, "headers-too-large", "The headers are too large.", (494,), early=True),
    GatewayProblem(
        503,
        "upstream-unavailable",
        "The gateway could not take the request in; its disk may be full. Try again when there is room.",
        (500,),
        retry_after=10,
    ),
    GatewayProblem(
        503,
        "upstream-unavailable",
        "The service behind this address does not answer now; try again in a moment.",
        (502, 503, 504),
        retry_after=1,
    ),
)
