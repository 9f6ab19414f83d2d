"""What can go wrong on the operator's machine, always with what to do about it."""


class FleetError(Exception):
    """Printed as it is, without a traceback; the exit code is 1."""


class FleetAwayError(FleetError):
    """Nobody listens at the fleet's address."""


class RefusedError(FleetError):
    """The fleet answered a request with an error; `retry_after` in seconds where it said so."""

    def __init__(self, message: str, status: int, retry_after: float | None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
