"""Versioned secrets, each of which follows the one before, as files and services hold them."""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn

from foundation.errors import KeyFileError

KEY_BYTES = 32


@dataclass(frozen=True)
class SecretKey:
    """A versioned secret; never printed and never pickled, so Spark's workers are sent none.

    Attributes:
        version: from 1 on, one more with each rotation.
        secret: 256 bits.
        older: the key that this one follows, None for the first.
    """

    version: int
    secret: bytes = field(repr=False)
    older: "SecretKey | None" = field(default=None, repr=False)

    def __reduce__(self) -> NoReturn:
        """Refuse to travel."""
        raise TypeError("a key stays in the process that has read it")

    def __iter__(self) -> "Iterator[SecretKey]":
        """Yield this key and those before it, newest first."""
        yield self
        if self.older:
            yield from self.older

    @cached_property
    def key_id(self) -> str:
        """Return `v<version>-<fingerprint>`: it names the key, and tells nothing of it."""
        message = b"echostream key id" + (self.older.key_id.encode() if self.older else b"")
        return f"v{self.version}-{hmac.new(self.secret, message, hashlib.sha256).hexdigest()[:12]}"


def parse_keys(text: str, key_name: str) -> SecretKey:
    """Return the newest of the keys in lines, oldest first, with those before it.

    Raises:
        KeyFileError: they say none; `key_name` names the keys, no line is quoted.
    """
    keys = []
    for line in text.split():
        version, _, secret = line.partition(":")
        try:
            keys.append((int(version.removeprefix("v")), bytes.fromhex(secret)))
        except ValueError:
            raise _malformed(key_name) from None
    return chained(keys, key_name)


def chained(keys: list[tuple[int, bytes]], key_name: str) -> SecretKey:
    """Chain versions and secrets, oldest first; return the newest.

    Raises:
        KeyFileError: there is none, a secret has another length, or a version is left out.
    """
    newest: SecretKey | None = None
    for version, secret in keys:
        if len(secret) != KEY_BYTES or version < 1 or (newest and version != newest.version + 1):
            raise _malformed(key_name)
        newest = SecretKey(version, secret, newest)
    if newest is None:
        raise _malformed(key_name)
    return newest


def in_use(newest: SecretKey, expected: str, key_name: str) -> SecretKey:
    """Return the key of that fingerprint: the newest, or during a rotation one before it.

    Raises:
        KeyFileError: none of them has it.
    """
    for key in newest:
        if key.key_id == expected:
            return key
    raise KeyFileError(
        f"{key_name} is {newest.key_id}, expected {expected}",
        remedy="Put the right key back; under another one every author would count twice, and no"
        " payload be read",
    )


def _malformed(key_name: str) -> KeyFileError:
    return KeyFileError(
        f"{key_name} is malformed",
        remedy="It must be a line for each version, v1: and 64 hexadecimal digits, then v2: …",
    )
