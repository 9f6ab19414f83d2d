"""Sealed credentials open for their source and with their keys only."""

import base64
from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest

from flash_core.errors import UpstreamRejectedError
from indexing_service.providers.vault import EnvelopeVault, SealingKey, sealing_keys

SOURCE = UUID("01970000-0000-7000-8000-000000000001")
OLD, NEW = SealingKey("old", b"o" * 32), SealingKey("new", b"n" * 32)
CREDENTIALS = {"token": "s3cret-token", "email": "me@example.com"}
VERSION, ID_LENGTH, ID, WRAP_NONCE, WRAPPED, NONCE, DATA = range(7)
REGIONS = [(0, 1), (1, 2), (2, 5), (5, 17), (17, 65), (65, 77), (77, None)]
"""Of what the key "old" sealed, as the module says them."""


def vault(*keys: SealingKey) -> EnvelopeVault:
    return EnvelopeVault(keys)


def test_what_was_sealed_opens_for_its_source() -> None:
    sealed = vault(OLD).seal(SOURCE, CREDENTIALS)

    assert vault(OLD).open(SOURCE, sealed) == CREDENTIALS


def test_nothing_of_it_can_be_read_and_no_two_are_alike() -> None:
    one, other = (vault(OLD).seal(SOURCE, CREDENTIALS) for _ in range(2))

    for secret in (*CREDENTIALS, *CREDENTIALS.values()):
        assert secret.encode() not in one
    assert one[REGIONS[WRAP_NONCE][0] :] != other[REGIONS[WRAP_NONCE][0] :]
    assert one[65:77] != other[65:77]


def test_it_does_not_open_for_another_source() -> None:
    sealed = vault(OLD).seal(SOURCE, CREDENTIALS)

    with pytest.raises(UpstreamRejectedError, match="enter the credentials of this source again"):
        vault(OLD).open(uuid4(), sealed)


def test_it_does_not_move_to_another_source_with_a_new_key() -> None:
    sealed = vault(OLD).seal(SOURCE, CREDENTIALS)

    with pytest.raises(UpstreamRejectedError, match="another source's"):
        vault(NEW, OLD).rewrapped(uuid4(), sealed)


def test_it_does_not_open_with_another_key_of_the_same_name() -> None:
    sealed = vault(OLD).seal(SOURCE, CREDENTIALS)

    with pytest.raises(UpstreamRejectedError, match="key has changed"):
        vault(SealingKey("old", b"x" * 32)).open(SOURCE, sealed)


def test_a_key_that_is_missing_is_named() -> None:
    sealed = vault(OLD).seal(SOURCE, CREDENTIALS)

    with pytest.raises(UpstreamRejectedError, match="'old', which is not in CREDENTIALS_KEYS: put it back"):
        vault(NEW).open(SOURCE, sealed)


def test_without_any_key_nothing_is_sealed_and_the_setting_is_named() -> None:
    with pytest.raises(UpstreamRejectedError, match="set CREDENTIALS_KEYS"):
        vault().seal(SOURCE, CREDENTIALS)
    assert not vault().is_current(vault(OLD).seal(SOURCE, CREDENTIALS))


@pytest.mark.parametrize("region", REGIONS)
def test_a_change_of_any_byte_is_noticed(region: tuple[int, int | None]) -> None:
    sealed = vault(OLD).seal(SOURCE, CREDENTIALS)
    places = range(*slice(*region).indices(len(sealed)))

    assert places
    for place in places:
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(UpstreamRejectedError):
            vault(OLD, NEW).open(SOURCE, bytes(changed))


def test_a_record_that_was_cut_or_lengthened_is_noticed() -> None:
    sealed = vault(OLD).seal(SOURCE, CREDENTIALS)

    for broken in [sealed[:length] for length in range(len(sealed))] + [sealed + b"\0"]:
        with pytest.raises(UpstreamRejectedError):
            vault(OLD).open(SOURCE, broken)


def test_parts_of_two_records_of_one_source_do_not_open_together() -> None:
    one, other = (vault(OLD).seal(SOURCE, CREDENTIALS) for _ in range(2))

    with pytest.raises(UpstreamRejectedError):
        vault(OLD).open(SOURCE, one[:65] + other[65:])


def test_the_wrapped_key_and_the_data_do_not_take_each_others_place() -> None:
    """What a key sealed for one purpose is refused for another."""
    tampered = vault(SealingKey("data", OLD.key)).seal(SOURCE, CREDENTIALS)
    renamed = bytes([1, 3]) + b"old" + tampered[6:]

    with pytest.raises(UpstreamRejectedError):
        vault(OLD).open(SOURCE, renamed)


def test_the_first_key_seals_and_all_open() -> None:
    before = vault(OLD).seal(SOURCE, CREDENTIALS)
    after = vault(NEW, OLD).seal(SOURCE, CREDENTIALS)

    assert vault(NEW, OLD).open(SOURCE, before) == CREDENTIALS
    assert vault(NEW).open(SOURCE, after) == CREDENTIALS
    assert [vault(NEW, OLD).is_current(sealed) for sealed in (before, after)] == [False, True]


def test_a_new_key_wraps_the_old_data_key_and_leaves_the_data() -> None:
    before = vault(OLD).seal(SOURCE, CREDENTIALS)
    moved = vault(NEW, OLD).rewrapped(SOURCE, before)

    assert vault(NEW).open(SOURCE, moved) == CREDENTIALS
    assert vault(NEW, OLD).is_current(moved)
    assert moved[65:] == before[65:]


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_keys_are_read_from_the_setting_in_their_order(encode: object) -> None:
    assert callable(encode)
    one, two = bytes(range(224, 256)), b"\xff\xfe" * 16
    setting = f"2026-11:{encode(one).decode()}, a.b:{encode(two).decode().rstrip('=')}\n"

    assert sealing_keys(setting) == (SealingKey("2026-11", one), SealingKey("a.b", two))
    assert sealing_keys("") == ()


def _setting(**keys: int) -> str:
    return ",".join(f"{name}:{base64.b64encode(b'k' * size).decode()}" for name, size in keys.items())


@pytest.mark.parametrize(
    "setting",
    [
        _setting(a=16),
        _setting(a=33),
        "a",
        "a:",
        ":" + "k" * 43,
        "a:b:c",
        "ä:" + "k" * 43,
        "a:" + "k" * 41,
        "x" * 33 + ":k",
    ],
)
def test_what_is_no_key_is_said_without_showing_it(setting: str) -> None:
    with pytest.raises(ValueError, match=r"^Entry 2 of CREDENTIALS_KEYS is not id:key with a key of 32 bytes"):
        sealing_keys(f"{_setting(first=32)},{setting}")


def test_two_keys_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two keys by the same id"):
        sealing_keys(f"{_setting(a=32)},{_setting(a=32)}")


def test_keys_are_not_shown() -> None:
    shown: Mapping[str, object] = vars(vault(OLD))

    assert repr(OLD) == "SealingKey(id='old')"
    assert "ooo" not in repr(shown)
