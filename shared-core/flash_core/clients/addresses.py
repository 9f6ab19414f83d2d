"""Which addresses of the network are meant when a host outside is meant."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""How networks without IPv4 reach it (NAT64, RFC 6052)."""
_SITE: Final = IPv6Network("fec0::/10")
"""Private until RFC 3879 gave them up; networks may still route them."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large; one that carries an IPv4 address is judged by that."""
    address = _carried(address)
    return address.is_global and not (address.is_multicast or address.is_reserved or address in _SITE)


def is_private(address: Address) -> bool:
    """Whether it is a machine's own or its network's, as an operator may mean by a host's name.

    Not so link-local ones, where clouds keep the credentials of their machines, and those that name no machine.
    """
    address = _carried(address)
    nowhere = address.is_unspecified or address.is_multicast or address.is_link_local
    return not nowhere and (address.is_loopback or not address.is_reserved)


def parsed(host: str) -> Address | None:
    """None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _carried(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class AllowList:
    """What an operator lets be reached besides the internet: `host`, `host:port`, addresses and networks in CIDR.

    An address of the machine itself allows its name `localhost`, too.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._networks: list[Network] = []
        self._hosts: set[tuple[str, int | None]] = set()
        for entry in entries:
            try:
                self._networks.append(ip_network(entry))
            except ValueError:
                self._hosts.add(_host_and_port(entry))

    def names(self, host: str, port: int) -> bool:
        """Whether this host is allowed as it is written."""
        address = parsed(host)
        if address is not None and self.holds(address):
            return True
        if _is_this_machine(host) and any(network[0].is_loopback for network in self._networks):
            return True
        return not self._hosts.isdisjoint({(host, None), (host, port)})

    def holds(self, address: Address) -> bool:
        carried = _carried(address)
        return any(one in network for network in self._networks for one in (address, carried))


def _is_this_machine(host: str) -> bool:
    """Names that lead nowhere else, whoever is asked (RFC 6761)."""
    return host == "localhost" or host.endswith(".localhost")


def _host_and_port(entry: str) -> tuple[str, int | None]:
    """`ValueError` for what is no host."""
    try:
        parts = urlsplit(f"//{entry}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.netloc != entry or "@" in entry or any(letter.isspace() for letter in entry):
        message = f"{entry!r} is neither a host, nor host:port, nor a network as 10.0.0.0/8."
        raise ValueError(message)
    return host.rstrip("."), port
