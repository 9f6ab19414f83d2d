"""SQLAlchemy's and asyncpg's exceptions as `FlashError`s."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from flash_core.errors import ConflictError, InvalidInputError, UpstreamUnavailableError

AWAY = (OSError, TimeoutError, PoolTimeoutError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database that restarts, hangs or refuses connections makes its clients raise."""

_DATA_EXCEPTION = "22"
"""The SQLSTATE class of values that a column can't hold: a NUL in a text, a number out of range."""
_DISK_FULL = "53100"


@contextmanager
def translated_errors() -> Iterator[None]:
    """A broken constraint is a conflict, a value that can't be stored is wrong input, all else is a database away.

    Programming errors (a missing table, wrong SQL) stay what they are.
    """
    try:
        yield
    except ProgrammingError:
        raise
    except IntegrityError as error:
        raise ConflictError("This conflicts with what is stored already.") from error
    except AWAY as error:
        if isinstance(error, DBAPIError) and _is_data_exception(error):
            raise InvalidInputError("This holds a value that can't be stored.") from error
        if _state(error) == _DISK_FULL:
            raise UpstreamUnavailableError("The disk of the database is full. Make room.") from error
        raise UpstreamUnavailableError("The database did not answer.") from error


def _is_data_exception(error: DBAPIError) -> bool:
    cause = getattr(error.orig, "__cause__", None)
    return _state(error).startswith(_DATA_EXCEPTION) or isinstance(cause, asyncpg.DataError)


def _state(error: Exception) -> str:
    """The SQLSTATE, "" where there is none."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(original, "sqlstate", None) or "")
