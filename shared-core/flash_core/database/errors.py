"""SQLAlchemy's and asyncpg's exceptions as `FlashError`s."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from flash_core.errors import ConflictError, InvalidInputError, UpstreamUnavailableError

AWAY = (OSError, TimeoutError, PoolTimeoutError, DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database that restarts, hangs or refuses connections makes its clients raise."""

_DATA_EXCEPTION = "22"
"""The class of SQLSTATEs that say that a value is wrong."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """A broken constraint is a conflict, text that can't be stored wrong input, all else a database away."""
    try:
        yield
    except IntegrityError as error:
        raise ConflictError("This conflicts with what is stored already.") from error
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", None)).startswith(_DATA_EXCEPTION):
            raise InvalidInputError("Some text has characters that can't be stored, like NUL.") from error
        raise UpstreamUnavailableError("The database did not answer.") from error
    except AWAY as error:
        raise UpstreamUnavailableError("The database did not answer.") from error
    except SQLAlchemyError as error:
        raise UpstreamUnavailableError("The database failed.") from error
