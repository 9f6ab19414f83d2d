"""Only public addresses over https, and what the operator names."""

from collections.abc import Sequence

import pytest

from flash_core.clients.outgoing import OutgoingPolicy, origin_of, system_resolver
from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError

NOT_PUBLIC = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104  # an address to refuse
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
]
PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]


def leading_to(*addresses: str, allow: Sequence[str] = ()) -> OutgoingPolicy:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return addresses

    return OutgoingPolicy(allow, resolver=resolver)


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_a_name_that_leads_into_the_network_is_refused(address: str) -> None:
    with pytest.raises(UpstreamRejectedError, match="not public"):
        await leading_to(address).addresses("wiki.example.com", 443)


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_name_that_leads_to_the_internet_is_used(address: str) -> None:
    assert await leading_to(address).addresses("wiki.example.com", 443) == (address,)


async def test_one_bad_address_among_good_ones_spoils_the_name() -> None:
    with pytest.raises(UpstreamRejectedError, match="not public"):
        await leading_to(PUBLIC[0], "127.0.0.1").addresses("wiki.example.com", 443)


async def test_what_is_no_address_at_all_is_refused() -> None:
    with pytest.raises(UpstreamRejectedError, match="not public"):
        await leading_to("somewhere").addresses("wiki.example.com", 443)


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "::1", "fd00::1", "100.64.0.1", "::ffff:10.0.0.1"])
@pytest.mark.parametrize("entry", ["wiki.corp", "wiki.corp:8443", "WIKI.corp"])
async def test_a_host_that_is_named_may_have_a_private_address(entry: str, address: str) -> None:
    assert await leading_to(address, allow=[entry]).addresses("wiki.corp", 8443)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "240.0.0.1"])  # noqa: S104  # refused
async def test_a_host_that_is_named_may_not_lead_to_metadata_or_nowhere(address: str) -> None:
    with pytest.raises(UpstreamRejectedError, match="not public"):
        await leading_to(address, allow=["wiki.corp"]).addresses("wiki.corp", 443)


async def test_metadata_can_be_allowed_as_an_address_only() -> None:
    policy = leading_to("169.254.169.254", allow=["169.254.169.254"])

    assert await policy.addresses("metadata.corp", 443)


@pytest.mark.parametrize(("host", "port"), [("other.corp", 8443), ("wiki.corp", 443), ("a.wiki.corp", 8443)])
async def test_naming_one_host_and_port_allows_no_other(host: str, port: int) -> None:
    with pytest.raises(UpstreamRejectedError, match="OUTGOING_ALLOW"):
        await leading_to("10.1.2.3", allow=["wiki.corp:8443"]).addresses(host, port)


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8", "::1"])
async def test_a_machines_own_address_allows_its_own_name(entry: str) -> None:
    policy = leading_to("::1", "127.0.0.1", allow=[entry])

    policy.permit("http://localhost:8088/wiki")
    assert await policy.addresses("localhost", 8088)
    for other in ("http://localhost.example.com", "http://wiki.example.com"):
        with pytest.raises(UpstreamRejectedError):
            policy.permit(other)
    with pytest.raises(UpstreamRejectedError):
        leading_to("127.0.0.1", allow=["10.0.0.0/8"]).permit("http://localhost")


@pytest.mark.parametrize(
    ("url", "entry"),
    [
        ("http://localhost:8088/x", "localhost:8088"),
        ("http://wiki.corp", "wiki.corp:80"),
        ("https://10.1.2.3", "10.1.2.3"),
        ("http://127.0.0.1:8088", "127.0.0.1"),
    ],
)
async def test_what_is_refused_says_what_would_allow_it(url: str, entry: str) -> None:
    with pytest.raises(UpstreamRejectedError, match=f"`{entry}` to OUTGOING_ALLOW"):
        OutgoingPolicy().permit(url)
    OutgoingPolicy([entry]).permit(url)


async def test_a_name_that_leads_inside_says_what_would_allow_it() -> None:
    with pytest.raises(UpstreamRejectedError, match=r"adding `wiki\.corp:8443` to OUTGOING_ALLOW"):
        await leading_to("10.1.2.3").addresses("wiki.corp", 8443)
    with pytest.raises(UpstreamRejectedError, match="that address itself"):
        await leading_to("169.254.169.254").addresses("wiki.corp", 8443)


async def test_a_network_that_is_allowed_may_be_led_to() -> None:
    policy = leading_to("10.1.2.3", "::ffff:10.9.9.9", allow=["10.0.0.0/8"])

    assert await policy.addresses("wiki.corp", 443)
    with pytest.raises(UpstreamRejectedError):
        await leading_to("192.168.0.1", allow=["10.0.0.0/8"]).addresses("wiki.corp", 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://wiki.example.com",
        "ftp://wiki.example.com",
        "file:///etc/passwd",
        "//wiki.example.com",
        "https://",
        "https://user:password@wiki.example.com",
        "https://127.0.0.1",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://wiki.example.com:99999",
        "https://[::ffff:127.0.0.1]",
        "https://[::ffff:7f00:1]",
        "https://[::]",
        "https://0.0.0.0",
        "https://100.64.0.1",
        "https://127.0.0.1.",
    ],
)
def test_an_address_that_may_not_be_asked_for_is_said_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UpstreamRejectedError):
        leading_to(PUBLIC[0]).permit(url)


async def resolved(host: str) -> None:
    """What a connection to it would do."""
    policy = OutgoingPolicy()
    policy.permit(f"https://{host}/")
    await policy.addresses(*origin_of(f"https://{host}/"))


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "0177.0.0.1", "0x7f000001", "0x7f.1", "127.1", "017700000001", "localhost", "localhost."),
        *("２１３０７０６４３３", "１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1"),
    ],
)
async def test_loopback_in_another_spelling_is_refused_by_what_the_system_makes_of_it(host: str) -> None:
    """No spelling is understood here: whatever connects is the address that the system's resolver gives."""
    with pytest.raises((UpstreamRejectedError, UpstreamUnavailableError)):
        await resolved(host)


@pytest.mark.parametrize(
    "url",
    ["http://wiki.corp/a", "http://10.1.2.3:8080", "http://[fd00::7]", "https://wiki.example.com", "https://10.0.0.1"],
)
def test_what_is_named_may_be_asked_for_without_tls(url: str) -> None:
    leading_to(PUBLIC[0], allow=["wiki.corp", "10.0.0.0/8", "fd00::7"]).permit(url)


def test_origins_are_told_apart_by_host_and_port_only() -> None:
    assert origin_of("https://Wiki.Example.com./a?b") == ("wiki.example.com", 443)
    assert origin_of("http://bücher.example") == ("xn--bcher-kva.example", 80)


@pytest.mark.parametrize(
    "entry", ["https://wiki.corp", "wiki.corp/a", "a b", "10.0.0.0/99", "wiki:port", "me@wiki", ":80"]
)
def test_an_entry_that_means_nothing_is_said_at_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a host"):
        OutgoingPolicy([entry])


async def test_a_name_that_is_not_known_may_be_known_later() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        raise OSError(host)

    with pytest.raises(UpstreamUnavailableError, match="resolved"):
        await OutgoingPolicy(resolver=resolver).addresses("wiki.example.com", 443)


async def test_the_system_is_asked_for_addresses() -> None:
    assert await system_resolver("127.0.0.1", 80) == ["127.0.0.1"]
