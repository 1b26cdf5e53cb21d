"""Decrypt payloads by the description of their form alone (docs/adr/0011).

1, the length of the key's id, the id, 24 random bytes, ciphertext and tag: AES-256-GCM under a key
that HMAC-SHA-256 makes of the payload key, "echostream payload" and the first 12 random bytes; the
other 12 are the nonce. What is authenticated with it, the record's coordinates, a scanner of bytes
does not know; so GCM's counter mode is undone here without its tag.
"""

import hmac
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

_SALT = 12
_NONCE = 12
_TAG = 16
_FIRST_COUNTER = (2).to_bytes(4, "big")  # 1 is for the tag (NIST SP 800-38D, 7.1)


class Decryptor:
    """Decrypts payloads that were encrypted under some keys."""

    def __init__(self, keys: Iterable[tuple[str, bytes]]) -> None:
        """Take ids and secrets."""
        self._keys = {key_id.encode(): secret for key_id, secret in keys}

    def decrypt(self, content: bytes) -> bytes | None:
        """Return the plain content; None where it is not encrypted.

        Raises:
            LookupError: it is encrypted under a key that is not there, so that nothing can be said
                of it.
        """
        if content[:1] != b"\1" or len(content) < 2 + _SALT + _NONCE + _TAG:
            return None
        end = 2 + content[1]
        key_id = content[2:end]
        if not key_id.startswith(b"v") or b"-" not in key_id:
            return None
        salt = content[end : end + _SALT]
        nonce = content[end + _SALT : end + _SALT + _NONCE]
        key = hmac.digest(self._keys[key_id], b"echostream payload" + salt, "sha256")
        return (
            Cipher(AES(key), CTR(nonce + _FIRST_COUNTER))
            .decryptor()
            .update(content[end + _SALT + _NONCE : -_TAG])
        )
