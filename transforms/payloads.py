"""Payloads at rest: workers encrypt them by AES-256-GCM, and decrypt them where they decode.

A stored payload is what was received, unless its first byte says otherwise; no JSON begins with one
of these:

    0: what was received follows; put before payloads that themselves begin with 0 or 1
    1: encrypted. The length of the key's id, the id, 24 random bytes, ciphertext and tag follow

Of the random bytes 12 make a key for this payload out of the payload key, by HMAC-SHA-256, and 12
are the nonce under it: with one key for all, 96 random bits would be good for 2^32 payloads (NIST
SP 800-38D, 8.3), which a busy lake has in months. A payload is bound to its coordinates in Kafka,
so none can be moved to another row.
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
# Spark's message ends with a worker's error about a key; it quotes neither keys nor payloads.
_REFUSED = re.compile(r"foundation\.errors\.(KeyFileError|KeyServiceError|KeyMismatchError): (.+)")
_REFUSALS: dict[str, type[EchoStreamError]] = {
    error.__name__: error for error in (KeyFileError, KeyServiceError, KeyMismatchError)
}


@dataclass(frozen=True, slots=True)
class At:
    """The coordinates in Kafka of a payload's record."""

    topic: str
    partition: int
    offset: int

    @property
    def bound(self) -> bytes:
        """Return the bytes that are authenticated with the payload."""
        return f"{self.topic}/{self.partition}/{self.offset}".encode()


@cache
def key_of(source: KeySource) -> SecretKey:
    """Return the key of that source, read once per process."""
    return source.load()


def encrypt(payload: bytes, key: SecretKey, at: At) -> bytes:
    """Return the encrypted payload, as it may rest."""
    key_id = key.key_id.encode()
    drawn = os.urandom(_SALT + _NONCE)
    head = ENCRYPTED + len(key_id).to_bytes(1, "big") + key_id + drawn
    return head + _cipher(key, drawn).encrypt(drawn[_SALT:], payload, at.bound)


def decrypt(stored: bytes | None, source: KeySource, at: At) -> bytes | None:
    """Return the payload as it was received; the key is read only for an encrypted one.

    Raises:
        BadRecordError: it is not what was encrypted at these coordinates.
        KeyMismatchError: it was encrypted under another key.
        KeyFileError, KeyServiceError: the key cannot be had.
    """
    if stored is None or stored[:1] not in (AS_RECEIVED, ENCRYPTED):
        return stored
    if stored[:1] == AS_RECEIVED:
        return stored[1:]
    end = 2 + stored[1] if len(stored) > 1 else 0
    key_id = stored[2:end]
    drawn = stored[end : end + _SALT + _NONCE]
    ciphertext = stored[end + _SALT + _NONCE :]
    if not _KEY_ID.fullmatch(key_id) or len(ciphertext) < _TAG:
        raise BadRecordError("decode", Reason.PAYLOAD_DAMAGED)
    key = key_of(source)
    if key_id.decode() != key.key_id:
        raise KeyMismatchError(
            f"payloads were encrypted under key {key_id.decode()}, the payload key now is"
            f" {key.key_id}",
            remedy="Put that key back: payloads.key says where it is looked for; nothing is lost",
        )
    try:
        return _cipher(key, drawn).decrypt(drawn[_SALT:], ciphertext, at.bound)
    except InvalidTag:
        raise BadRecordError("decode", Reason.PAYLOAD_DAMAGED) from None


def known_again(text: str) -> EchoStreamError | None:
    """Return the error about a key that one of Spark's messages quotes."""
    refused = _REFUSED.search(text)
    return _REFUSALS[refused[1]](refused[2].strip()) if refused else None


def _cipher(key: SecretKey, drawn: bytes) -> AESGCM:
    return AESGCM(hmac.digest(key.secret, b"echostream payload" + drawn[:_SALT], "sha256"))
