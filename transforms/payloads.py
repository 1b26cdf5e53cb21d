"""Encrypt payloads at rest with AES-256-GCM, and decrypt them for decoding; workers do both.

A stored payload is as received, unless it begins with one of these bytes; no JSON does:

    0: the payload as received follows; it precedes payloads that themselves begin with 0 or 1
    1: encrypted; the length of the key's id, the id, 24 random bytes, ciphertext and tag follow

The first 12 random bytes and the payload key give a key for this payload alone, by HMAC-SHA-256.
The other 12 are the nonce. With one key for all payloads, a random nonce would be safe for 2^32 of
them (NIST SP 800-38D, 8.3), which a busy lake has in months. A payload is bound to its coordinates
in Kafka (topic, partition, offset), so it cannot be moved to another row.
"""

import hmac
import os
import re
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from foundation.errors import EchoStreamError, KeyFileError, KeyMismatchError, KeyServiceError
from foundation.key_sources import KeySource
from foundation.secret_keys import SecretKey
from schemas.reasons import Reason
from transforms.decode import BadRecordError

AS_RECEIVED = b"\0"
ENCRYPTED = b"\1"
_SALT = 12
_NONCE = 12
_TAG = 16
_KEY_ID = re.compile(rb"v[1-9][0-9]*-[0-9a-f]{12}")
# Spark's message ends with a worker's error about a key, which quotes neither keys nor payloads.
_REFUSED = re.compile(r"foundation\.errors\.(KeyFileError|KeyServiceError|KeyMismatchError): (.+)")
_REFUSALS: dict[str, type[EchoStreamError]] = {
    error.__name__: error for error in (KeyFileError, KeyServiceError, KeyMismatchError)
}


@dataclass(frozen=True, slots=True)
class At:
    """The coordinates in Kafka of a payload's record, to which the payload is bound."""

    topic: str
    partition: int
    offset: int

    @property
    def bound(self) -> bytes:
        """Return the bytes that are authenticated with the payload."""
        return f"{self.topic}/{self.partition}/{self.offset}".encode()


@cache
def key_of(source: KeySource) -> SecretKey:
    """Return the source's key, which each process reads once."""
    return source.load()


def encrypt(payload: bytes, key: SecretKey, at: At) -> bytes:
    """Return the encrypted payload, as it is stored."""
    key_id = key.key_id.encode()
    random_bytes = os.urandom(_SALT + _NONCE)
    head = ENCRYPTED + len(key_id).to_bytes(1, "big") + key_id + random_bytes
    return head + _cipher(key, random_bytes).encrypt(random_bytes[_SALT:], payload, at.bound)


def decrypt(stored: bytes | None, source: KeySource, at: At) -> bytes | None:
    """Return the payload as received; read the key only if the payload is encrypted.

    Raises:
        BadRecordError: the payload is damaged, or was encrypted at other coordinates.
        KeyMismatchError: it was encrypted under another key.
        KeyFileError, KeyServiceError: the key cannot be read.
    """
    if stored is None or stored[:1] not in (AS_RECEIVED, ENCRYPTED):
        return stored
    if stored[:1] == AS_RECEIVED:
        return stored[1:]
    end = 2 + stored[1] if len(stored) > 1 else 0
    key_id = stored[2:end]
    random_bytes = stored[end : end + _SALT + _NONCE]
    ciphertext = stored[end + _SALT + _NONCE :]
    if not _KEY_ID.fullmatch(key_id) or len(ciphertext) < _TAG:
        raise BadRecordError("decode", Reason.PAYLOAD_DAMAGED)
    key = key_of(source)
    if key_id.decode() != key.key_id:
        raise KeyMismatchError(
            f"payloads were encrypted under key {key_id.decode()}, the payload key now is"
            f" {key.key_id}",
            remedy="Put that key back where payloads.key points; nothing is lost",
        )
    try:
        return _cipher(key, random_bytes).decrypt(random_bytes[_SALT:], ciphertext, at.bound)
    except InvalidTag:
        raise BadRecordError("decode", Reason.PAYLOAD_DAMAGED) from None


def known_again(text: str) -> EchoStreamError | None:
    """Return the error about a key that Spark's message quotes, if any."""
    refused = _REFUSED.search(text)
    return _REFUSALS[refused[1]](refused[2].strip()) if refused else None


def _cipher(key: SecretKey, random_bytes: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key.secret, b"echostream payload" + random_bytes[:_SALT], "sha256"))
