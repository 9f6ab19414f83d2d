"""HTTP to hosts that people configured: to these only, and to nothing in the operator's own network by accident."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import cache
from typing import Any, Final

import httpcore2
import httpx2

from flash_core.clients.addresses import Address, AllowList, is_private, is_public, parsed
from flash_core.errors import TooLargeError, UpstreamRejectedError, UpstreamUnavailableError

MEGABYTE: Final = 1024 * 1024
_PORTS: Final = {"https": 443, "http": 80}
_LAST_PORT: Final = 65535
_REDIRECTS: Final = 5

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as the system finds them; `OSError` if there are none."""


async def system_resolver(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class OutgoingPolicy:
    """What may be reached: public addresses over https, and what `allow` names (hosts, host:port, CIDR).

    A host that is allowed by its name may use http and lead to private addresses; link-local ones, as those of
    clouds' metadata, have to be allowed as addresses. Malformed entries are a `ValueError`.
    """

    def __init__(self, allow: Iterable[str] = (), *, resolver: Resolver = system_resolver) -> None:
        self._allowed = AllowList(allow)
        self._resolver = resolver

    def permit(self, url: str) -> None:
        """`UpstreamRejectedError` if this may not be asked for, whatever its name leads to."""
        host, port = origin_of(url)
        parts = httpx2.URL(url)
        if parts.userinfo:
            raise UpstreamRejectedError("An address may not hold credentials.")
        if parts.scheme != "https" and not self._allowed.names(host, port):
            raise UpstreamRejectedError(
                f"{host} must be addressed with https, or the operator adds `{_entry(host, port)}` to OUTGOING_ALLOW."
            )
        address = parsed(host)
        if address is not None:
            self._checked([host], host, port)

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Those to connect to, all of them checked. `UpstreamUnavailableError` if the name leads to none."""
        try:
            found = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise UpstreamUnavailableError(f"The name {host} can't be resolved.") from error
        return self._checked(found, host, port)

    def _checked(self, found: Sequence[str], host: str, port: int) -> Sequence[str]:
        """One address that may not be reached spoils the name: an honest one has none."""
        named = self._allowed.names(host, port)
        for text in found:
            address = parsed(text)
            if address is None or not (
                is_public(address) or self._allowed.holds(address) or (named and is_private(address))
            ):
                verb = "leads to" if parsed(host) is None else "is"
                raise UpstreamRejectedError(
                    f"{host} {verb} an address that is not public. {_advice(address, host, port)}"
                )
        return found


def _advice(address: Address | None, host: str, port: int) -> str:
    """What opens the way; that it leads to a link-local address is not said together with which one."""
    if address is not None and is_private(address):
        return f"The operator may allow it by adding `{_entry(host, port)}` to OUTGOING_ALLOW."
    return "The operator may allow it by adding that address itself to OUTGOING_ALLOW."


def _entry(host: str, port: int) -> str:
    """As it stands in the list of what is allowed."""
    return host if parsed(host) is not None else f"{host}:{port}"


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def origin_of(url: str) -> tuple[str, int]:
    """Host and port; `UpstreamRejectedError` for what is no address of the web."""
    try:
        parts = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise UpstreamRejectedError("This is not an address of the web.") from error
    if parts.scheme not in _PORTS or not parts.host or not 0 < (parts.port or _PORTS[parts.scheme]) <= _LAST_PORT:
        raise UpstreamRejectedError("This is not an address of the web: it begins with https:// and names a host.")
    return parts.raw_host.decode("ascii").lower().rstrip("."), parts.port or _PORTS[parts.scheme]


@asynccontextmanager
async def open_outgoing(
    base_url: str,
    policy: OutgoingPolicy,
    *,
    auth: httpx2.Auth | tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30,  # noqa: ASYNC109  # of a single step: connecting, or waiting for more of an answer
    also: Iterable[str] = (),
    max_body: int = 64 * MEGABYTE,
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the host of `base_url`, and of `also` (addresses, or hosts for https); it follows redirects there.

    Every connection goes to an address that was checked as the policy says; the certificate must still be the name's.
    What is refused raises `UpstreamRejectedError`, an answer with more than `max_body` bytes, unpacked,
    `TooLargeError`. Proxies of the environment are not used: they would connect to what nobody checked.
    """
    policy.permit(base_url)
    origins = {origin_of(base_url), *(origin_of(one if "://" in one else f"https://{one}") for one in also)}
    async with httpx2.AsyncClient(
        base_url=base_url,
        auth=auth,
        headers=dict(headers or {}),
        timeout=timeout,
        trust_env=False,
        follow_redirects=True,
        max_redirects=_REDIRECTS,
        transport=_GuardedTransport(policy, frozenset(origins), max_body),
    ) as client:
        yield client


class _CheckedBackend(httpcore2.AnyIOBackend):
    """Connects to an address that was checked. There is no second resolution that could say something else."""

    def __init__(self, policy: OutgoingPolicy) -> None:
        self._policy = policy

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's own signature
        *args: Any,
        **options: Any,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._policy.addresses(host, port)
        except TimeoutError as error:
            raise UpstreamUnavailableError(f"The name {host} was not resolved in time.") from error
        for address in addresses[:-1]:
            try:
                return await super().connect_tcp(address, port, timeout, *args, **options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await super().connect_tcp(addresses[-1], port, timeout, *args, **options)


@cache
def _trusted(*_: str | None) -> ssl.SSLContext:
    """Certificates that the environment names, or the usual ones; reading them takes too long for every connection."""
    return httpx2.create_ssl_context()


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    def __init__(self, policy: OutgoingPolicy, origins: frozenset[tuple[str, int]], max_body: int) -> None:
        context = _trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        super().__init__(context, trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=10,
            keepalive_expiry=30,
            network_backend=_CheckedBackend(policy),
        )
        self._policy = policy
        self._origins = origins
        self._max_body = max_body

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        origin = origin_of(str(request.url))
        if origin not in self._origins:
            raise UpstreamRejectedError(
                f"The source sends on to another address, {_shown(*origin)}, which is not followed. Either it asks to "
                "sign in, so the credentials are wrong, or it has moved: then configure its new address."
            )
        self._policy.permit(str(request.url))
        answer = await super().handle_async_request(request)
        return _CappedResponse(answer, self._max_body)


class _CappedResponse(httpx2.Response):
    """Counts what arrives and what it unpacks to, and stops before it is all there."""

    def __init__(self, answer: httpx2.Response, cap: int) -> None:
        super().__init__(answer.status_code, headers=answer.headers, stream=answer.stream, extensions=answer.extensions)
        self._cap = cap

    async def aiter_raw(self, chunk_size: int | None = None) -> AsyncGenerator[bytes, None]:
        async with aclosing(super().aiter_raw(chunk_size)) as parts, aclosing(self._capped(parts)) as capped:
            async for part in capped:
                yield part

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncGenerator[bytes, None]:
        async with aclosing(super().aiter_bytes(chunk_size)) as parts, aclosing(self._capped(parts)) as capped:
            async for part in capped:
                yield part

    async def _capped(self, parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        size = 0
        async for part in parts:
            size += len(part)
            if size > self._cap:
                raise TooLargeError(f"An answer has more than {self._cap // MEGABYTE} MB, which are not read.")
            yield part
