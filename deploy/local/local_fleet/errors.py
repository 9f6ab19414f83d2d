"""What can go wrong on the operator's machine, always with what to do about it."""


class FleetError(Exception):
    """Printed as it is, without a traceback; the exit code is 1."""
