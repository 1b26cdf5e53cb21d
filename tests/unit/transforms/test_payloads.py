"""Payloads at rest are encrypted and decrypted, and changed ones are refused."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import KeyFileError, KeyMismatchError, KeyServiceError
from foundation.key_sources import KeyFile
from foundation.keys import SecretKey, create_key
from schemas.reasons import Reason
from tests.support.made_records import RULES
from transforms.decode import BadRecordError
from transforms.payloads import AS_RECEIVED, ENCRYPTED, At, decrypt, encrypt, known_again
from transforms.refine import Refiner, refine_row
from transforms.scoring.score import ScorerOptions

AT = At("social.reddit.posts.v1", 1, 42)
PAYLOAD = b'{"text": "a secret text"}'


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "payload.key"
    create_key(file)
    return KeyFile(file, "payload key")


@pytest.fixture(scope="module")
def key(source):
    return source.load()


@given(payload=st.binary())
def test_what_is_encrypted_is_decrypted(source, key, payload):
    assert decrypt(encrypt(payload, key, AT), source, AT) == payload


def test_it_cannot_be_read_and_never_looks_the_same(key):
    encrypted = [encrypt(PAYLOAD, key, AT) for _ in range(3)]
    assert len(set(encrypted)) == 3
    assert [text for text in encrypted if b"secret" in text or key.secret in text] == []
    assert all(
        text.startswith(ENCRYPTED + bytes([len(key.key_id)]) + key.key_id.encode())
        for text in encrypted
    )


@pytest.mark.parametrize("received", [None, b"", b"{}", b" \x01", b"\xff", b"\x02"])
def test_what_was_never_encrypted_is_as_received(received, tmp_path):
    nowhere = KeyFile(tmp_path / "none.key", "payload key")
    assert decrypt(received, nowhere, AT) == received
    assert decrypt(AS_RECEIVED + (received or b""), nowhere, AT) == (received or b"")


@pytest.mark.parametrize(
    "at",
    [At("social.x.posts.v1", 1, 42), At(AT.topic, 2, 42), At(AT.topic, 1, 43), At(AT.topic, 14, 2)],
)
def test_it_cannot_be_moved(source, key, at):
    assert_damaged(encrypt(PAYLOAD, key, AT), source, at)


def test_no_byte_can_be_changed_and_none_left_out(source, key):
    encrypted = encrypt(PAYLOAD, key, AT)
    head = len(encrypt(b"", key, AT)) - 40  # version and key id
    for at in range(head, len(encrypted)):
        assert_damaged(
            encrypted[:at] + bytes([encrypted[at] ^ 1]) + encrypted[at + 1 :], source, AT
        )
    for end in range(1, len(encrypted)):
        assert_damaged(encrypted[:end], source, AT)


def test_another_key_is_no_bad_record(source):
    other = SecretKey(1, b"\1" * 32)
    with pytest.raises(
        KeyMismatchError,
        match=rf"under key {other.key_id}, the payload key now is {source.key_id()}",
    ):
        decrypt(encrypt(PAYLOAD, other, AT), source, AT)


def test_a_key_of_the_same_version_and_another_secret_is_another(source, key):
    with pytest.raises(KeyMismatchError):
        decrypt(encrypt(PAYLOAD, SecretKey(key.version, bytes(32)), AT), source, AT)


def test_a_key_that_is_missing_is_no_bad_record(key, tmp_path):
    with pytest.raises(KeyFileError, match=r"payload key .*is missing"):
        decrypt(encrypt(PAYLOAD, key, AT), KeyFile(tmp_path / "none.key", "payload key"), AT)


def test_a_damaged_payload_is_quarantined(source, key):
    encrypted = encrypt(PAYLOAD, key, At(AT.topic, AT.partition, 0))
    row = {"topic": AT.topic, "partition": AT.partition, "offset": AT.offset, "value": encrypted}
    row |= dict.fromkeys(("kafka_timestamp", "op", "post_key", "author_key", "day"))
    refined = refine_row(row, Refiner(RULES, ScorerOptions(), payload_key=source))
    assert (refined["stage"], refined["reason"]) == ("decode", Reason.PAYLOAD_DAMAGED)


def test_each_payload_has_a_key_and_a_nonce_of_its_own(key):
    drawn = Counter(encrypt(b"", key, AT)[-40:-16] for _ in range(1000))
    assert len(drawn) == 1000


@pytest.mark.parametrize(
    "error",
    [
        KeyFileError("payload key f is missing", remedy="Put it back"),
        KeyServiceError("payload key k: AccessDeniedException", remedy="Check the role"),
        KeyMismatchError("payloads were encrypted under key v1-0", remedy="Put that key back"),
    ],
)
def test_the_error_is_known_again_in_what_spark_says(error):
    line = f"foundation.errors.{type(error).__name__}: {error}"
    said = f"Traceback:\n  File x\n{line}\n\n\tat org.apache.spark(X.scala:1)"
    known = known_again(said)
    assert (type(known), str(known)) == (type(error), str(error))
    assert known_again("ValueError: payload key") is None


def assert_damaged(stored, source, at):
    with pytest.raises(BadRecordError) as bad:
        decrypt(stored, source, at)
    assert (bad.value.stage, bad.value.reason) == ("decode", Reason.PAYLOAD_DAMAGED)
    assert bad.value.__suppress_context__ or bad.value.__context__ is None
