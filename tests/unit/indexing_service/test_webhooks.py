"""Who may tell that a source has changed."""

import base64
import hashlib
import hmac
from uuid import UUID, uuid4

import pytest

from flash_core.errors import UnauthenticatedError
from indexing_service.services.webhooks import Proof, WebhookReceiver

SOURCE = uuid4()
BODY = b'{"action": "push"}'


class Syncs:
    """Asked for; each with a job."""

    def __init__(self) -> None:
        self.asked: list[UUID] = []

    async def __call__(self, source_id: UUID) -> UUID:
        self.asked.append(source_id)
        return uuid4()


@pytest.fixture
def syncs() -> Syncs:
    return Syncs()


@pytest.fixture
def receiver(syncs: Syncs) -> WebhookReceiver:
    return WebhookReceiver(syncs, b"k" * 32)


def basic(secret: str, scheme: str = "Basic") -> Proof:
    return Proof(authorization=f"{scheme} {base64.b64encode(f'any:{secret}'.encode()).decode()}")


def signed(secret: str, body: bytes = BODY) -> Proof:
    return Proof(signature="sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest())


async def test_each_kind_of_proof_asks_for_a_sync(receiver: WebhookReceiver, syncs: Syncs) -> None:
    secret = receiver.secret(SOURCE)
    proofs = (basic(secret), basic(secret, "bAsIc"), signed(secret), Proof(token=secret))
    for proof in proofs:
        await receiver.receive(SOURCE, proof, BODY)
    assert syncs.asked == [SOURCE] * len(proofs)


@pytest.mark.parametrize(
    "proof",
    [
        Proof(),
        Proof(token="wrong"),  # one that is wrong
        basic("wrong"),
        basic(""),
        Proof(authorization="Basic not base64!"),
        Proof(authorization="Basic caf\u00e9"),
        Proof(authorization="Basic"),
        Proof(authorization="Bearer x"),
        signed("wrong"),
        Proof(signature="sha256="),
        Proof(signature="\u00e9", token="\u00e9"),  # nothing that could be one
    ],
)
async def test_without_a_proof_nothing_happens(receiver: WebhookReceiver, syncs: Syncs, proof: Proof) -> None:
    with pytest.raises(UnauthenticatedError):
        await receiver.receive(SOURCE, proof, BODY)
    assert syncs.asked == []


async def test_a_proof_holds_for_its_kind_its_body_and_its_source_alone(
    receiver: WebhookReceiver, syncs: Syncs
) -> None:
    secret, other = receiver.secret(SOURCE), uuid4()
    weak = Proof(signature="sha1=" + hmac.new(secret.encode(), BODY, hashlib.sha1).hexdigest())
    confused = (Proof(signature=secret), Proof(authorization=secret), Proof(token=f"{secret}x"))
    for proof in (weak, signed(secret, b"{}"), *confused):
        with pytest.raises(UnauthenticatedError):
            await receiver.receive(SOURCE, proof, BODY)
    for proof in (basic(secret), signed(secret), Proof(token=secret)):
        with pytest.raises(UnauthenticatedError):
            await receiver.receive(other, proof, BODY)
    assert syncs.asked == []


async def test_a_call_that_is_sent_again_says_no_more_than_the_first(receiver: WebhookReceiver, syncs: Syncs) -> None:
    """It may ask for a look at the source; what it says is not believed, so an old one brings nothing back."""
    proof = signed(receiver.secret(SOURCE))
    for _ in range(2):
        await receiver.receive(SOURCE, proof, BODY)
    assert syncs.asked == [SOURCE, SOURCE]


def test_another_fleet_has_other_secrets(receiver: WebhookReceiver, syncs: Syncs) -> None:
    other = WebhookReceiver(syncs, b"x" * 32)
    assert receiver.secret(SOURCE) == receiver.secret(SOURCE) != other.secret(SOURCE)
    assert "s3cret" not in repr(Proof("s3cret", "s3cret", "s3cret"))
