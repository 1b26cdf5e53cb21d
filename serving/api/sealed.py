"""Make the opaque values that clients carry: encrypted cursors, keyed references to posts."""

import base64
import binascii
import hashlib
import hmac
import secrets
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tenancy.database import Database
from tenancy.signing_keys import signing_key

_NONCE = 12  # bytes
_REFERENCE = 32  # hexadecimal digits
MAX_CURSOR = 1_000  # characters


class NotOursError(Exception):
    """Raised if a cursor was not made by this service for this tenant and these filters."""


class Seals:
    """Makes and reads cursors and references with each tenant's own keys.

    The keys come from the control plane and stay in memory.
    """

    def __init__(self, database: Database) -> None:
        self._key = lru_cache(maxsize=1_000)(lambda t, name: signing_key(database, t, name))

    def cursor(self, tenant: str, bound_to: object, position: list[Any]) -> str:
        """Encrypt a position, bound to the tenant and to `bound_to`, its filters."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher(tenant).encrypt(
            nonce, orjson.dumps(position), _bound(tenant, bound_to)
        )
        return base64.urlsafe_b64encode(nonce + sealed).decode().rstrip("=")

    def position(self, tenant: str, bound_to: object, cursor: str) -> list[Any]:
        """Return the position in a cursor.

        Raises:
            NotOursError: it was made elsewhere, for another tenant or for other filters.
        """
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            plain = self._cipher(tenant).decrypt(
                raw[:_NONCE], raw[_NONCE:], _bound(tenant, bound_to)
            )
        except (binascii.Error, ValueError, InvalidTag):
            raise NotOursError from None
        position: list[Any] = orjson.loads(plain)
        return position

    def post_ref(self, tenant: str, post_key: str) -> str:
        """Return the tenant's reference of a post, which is always the same for the same post."""
        key: bytes = self._key(tenant, "post_ref")
        digest = hmac.new(key, post_key.encode(), hashlib.sha256).hexdigest()
        return f"post_{digest[:_REFERENCE]}"

    def _cipher(self, tenant: str) -> AESGCM:
        return AESGCM(self._key(tenant, "cursor"))


def _bound(tenant: str, bound_to: object) -> bytes:
    return hashlib.sha256(repr((tenant, bound_to)).encode()).digest()
