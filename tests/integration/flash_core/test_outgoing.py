"""Requests to configured hosts, over real connections."""

import datetime as dt
import gzip
import itertools
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from flash_core.clients.outgoing import OutgoingPolicy, open_outgoing
from flash_core.errors import TooLargeError, UpstreamRejectedError, UpstreamUnavailableError
from tests.servers.scripted import Reply, ScriptedServer, running

MEGABYTE = 1024 * 1024


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with running() as scripted:
        yield scripted


class Names:
    """A resolver that says what it is told, in turn; the last answer stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def policy_of(server: ScriptedServer) -> OutgoingPolicy:
    return OutgoingPolicy([f"127.0.0.1:{server.port}"])


async def test_a_host_that_is_allowed_answers_with_headers_and_sign_in(server: ScriptedServer) -> None:
    server.says(Reply(body=b"hello"))
    async with open_outgoing(
        f"{server.url}/api", policy_of(server), auth=("me", "token"), headers={"X-Version": "7"}
    ) as http:
        answer = await http.get("/pages")

    assert answer.text == "hello"
    assert server.requests[0].target == "/api/pages"
    assert server.requests[0].headers["x-version"] == "7"
    assert server.requests[0].headers["authorization"].startswith("Basic ")


async def test_a_private_host_that_nobody_allowed_hears_nothing(server: ScriptedServer) -> None:
    with pytest.raises(UpstreamRejectedError, match="OUTGOING_ALLOW"):
        async with open_outgoing(server.url, OutgoingPolicy()):
            pass
    async with open_outgoing(f"https://wiki.test:{server.port}", OutgoingPolicy(resolver=Names(["127.0.0.1"]))) as http:
        with pytest.raises(UpstreamRejectedError, match="not public"):
            await http.get("/")

    assert server.requests == []


async def test_a_name_that_leads_elsewhere_after_the_check_is_not_followed(server: ScriptedServer) -> None:
    """The address that was checked is the one that is connected to; the next connection is checked again."""
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    policy = OutgoingPolicy(["wiki.test"], resolver=names)
    server.says(Reply(body=b"first"))
    async with open_outgoing(f"http://wiki.test:{server.port}", policy) as http:
        first = await http.get("/")
        asked = names.asked
        with pytest.raises(UpstreamRejectedError, match="not public"):
            await http.get("/")

    assert (first.text, asked, len(server.requests)) == ("first", 1, 1)
    assert server.requests[0].headers["host"] == f"wiki.test:{server.port}"


async def test_the_second_address_is_tried_when_the_first_does_not_answer(server: ScriptedServer) -> None:
    policy = OutgoingPolicy(["wiki.test"], resolver=Names(["::1", "127.0.0.1"]))
    server.says(Reply(body=b"there"))
    async with open_outgoing(f"http://wiki.test:{server.port}", policy) as http:
        assert (await http.get("/")).text == "there"


async def test_a_host_that_does_not_answer_is_a_broken_connection(server: ScriptedServer) -> None:
    policy = OutgoingPolicy(["wiki.test"], resolver=Names(["::1"]))
    async with open_outgoing(f"http://wiki.test:{server.port}", policy) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("/")


async def test_a_name_that_takes_too_long_is_given_up() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        raise TimeoutError

    async with open_outgoing("https://wiki.test", OutgoingPolicy(resolver=never), timeout=5) as http:
        with pytest.raises(UpstreamUnavailableError):
            await http.get("/")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/secret",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "https://10.0.0.1/",
        "https://login.example.com/signin",
        "file:///etc/passwd",
    ],
)
async def test_a_redirect_away_from_the_configured_host_is_refused(server: ScriptedServer, location: str) -> None:
    server.says(Reply(302, {"Location": location}))
    async with open_outgoing(server.url, policy_of(server)) as http:
        with pytest.raises((UpstreamRejectedError, httpx2.UnsupportedProtocol)):
            await http.get("/")

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("http://127.0.0.1:1/secret?key=value", "127.0.0.1:1,"),
        ("https://login.example.com/signin?key=value", "login.example.com:443,"),
        ("http://[::1]/secret?key=value", "[::1]:80,"),
    ],
)
async def test_the_reason_says_where_a_redirect_would_lead_and_nothing_of_its_path(
    server: ScriptedServer, location: str, named: str
) -> None:
    server.says(Reply(302, {"Location": location}))
    async with open_outgoing(server.url, policy_of(server)) as http:
        with pytest.raises(UpstreamRejectedError) as refused:
            await http.get("/")

    assert f"sends on to another address, {named} which is not followed" in str(refused.value)
    assert not any(word in str(refused.value) for word in ("OUTGOING_ALLOW", "secret", "signin", "value"))


async def test_a_redirect_to_the_same_host_is_followed_but_not_for_ever(server: ScriptedServer) -> None:
    server.says(Reply(302, {"Location": "/there"}), Reply(body=b"there"))
    async with open_outgoing(server.url, policy_of(server)) as http:
        assert (await http.get("/")).text == "there"
        server.says(Reply(302, {"Location": "/again"}))
        with pytest.raises(httpx2.TooManyRedirects):
            await http.get("/")


async def test_a_redirect_to_a_host_that_was_named_is_followed_without_the_credentials(server: ScriptedServer) -> None:
    async with running() as files:
        files.says(Reply(body=b"file"))
        server.says(Reply(302, {"Location": f"{files.url}/file"}))
        policy = OutgoingPolicy(["127.0.0.1"])
        async with open_outgoing(server.url, policy, auth=("me", "token"), also=[files.url]) as http:
            assert (await http.get("/")).text == "file"

    assert "authorization" not in files.requests[0].headers


async def test_hosts_beside_the_first_are_meant_with_https(server: ScriptedServer) -> None:
    policy = OutgoingPolicy(["127.0.0.1", "files.test"], resolver=Names(["127.0.0.1"]))
    async with open_outgoing(server.url, policy, also=["files.test"]) as http:
        with pytest.raises(UpstreamRejectedError, match="not followed"):
            await http.get(f"http://files.test:{server.port}/")


async def test_proxies_of_the_environment_see_nothing(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with open_outgoing(server.url, policy_of(server)) as http:
            assert (await http.get("/")).is_success

    assert proxy.requests == []


async def test_an_endless_answer_is_cut_off(server: ScriptedServer) -> None:
    server.says(Reply(chunks=itertools.repeat(b"x" * 65536)))
    async with open_outgoing(server.url, policy_of(server), max_body=MEGABYTE) as http:
        with pytest.raises(TooLargeError, match="1 MB"):
            await http.get("/")


async def test_an_answer_that_unpacks_to_too_much_is_cut_off(server: ScriptedServer) -> None:
    bomb = gzip.compress(b"\0" * 64 * MEGABYTE)
    server.says(Reply(headers={"Content-Encoding": "gzip"}, body=bomb))
    async with open_outgoing(server.url, policy_of(server), max_body=MEGABYTE) as http:
        with pytest.raises(TooLargeError, match="1 MB"):
            await http.get("/")
    assert len(bomb) < MEGABYTE


async def test_an_answer_of_the_largest_size_arrives_also_packed(server: ScriptedServer) -> None:
    whole = b"y" * MEGABYTE
    server.says(Reply(body=whole), Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(whole)))
    async with open_outgoing(server.url, policy_of(server), max_body=MEGABYTE) as http:
        assert (await http.get("/")).content == whole
        assert (await http.get("/")).content == whole


async def test_the_certificate_must_be_the_names_not_the_addresss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "wiki.test.pem"))
    async with running(_certificate(tmp_path, "wiki.test")) as server:
        policy = OutgoingPolicy(["wiki.test", "other.test"], resolver=Names(["127.0.0.1"]))
        async with open_outgoing(f"https://wiki.test:{server.port}", policy) as http:
            assert (await http.get("/")).is_success
        async with open_outgoing(f"https://other.test:{server.port}", policy) as http:
            with pytest.raises(httpx2.ConnectError, match=r"other\.test"):
                await http.get("/")

    assert len(server.requests) == 1


def _certificate(folder: Path, host: str) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
