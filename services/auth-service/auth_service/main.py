"""The auth service: `flash serve auth`."""

from typing import Final

from auth_service.api import (
    api_keys,
    groups,
    internal,
    page_session,
    service_accounts,
    sessions,
    token,
    users,
    well_known,
)
from auth_service.composition import compose
from flash_core.web.app import ServiceSpec

SPEC: Final = ServiceSpec(
    name="auth",
    compose=compose,
    routers=(
        token.router,
        page_session.router,
        users.router,
        groups.router,
        service_accounts.router,
        api_keys.router,
        sessions.router,
        well_known.router,
        internal.router,
    ),
    workers=lambda container: (container.housekeeping,),
)
