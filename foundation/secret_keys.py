"""Define versioned secret keys, each chained to the one before, and parse them from text."""

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
    """A versioned secret. It cannot be printed or pickled, so Spark never sends it to workers.

    Attributes:
        version: 1 for the first key, and one more with each rotation.
        secret: 32 bytes.
        older: the key before this one, or None for the first.
    """

    version: int
    secret: bytes = field(repr=False)
    older: "SecretKey | None" = field(default=None, repr=False)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("a key stays in the process that has read it")

    def __iter__(self) -> "Iterator[SecretKey]":
        """Yield this key and all older ones, newest first."""
        yield self
        if self.older:
            yield from self.older

    @cached_property
    def key_id(self) -> str:
        """The fingerprint `v<version>-<digits>`, which names the key and reveals nothing of it."""
        message = b"echostream key id" + (self.older.key_id.encode() if self.older else b"")
        return f"v{self.version}-{hmac.new(self.secret, message, hashlib.sha256).hexdigest()[:12]}"


def parse_keys(text: str, key_name: str) -> SecretKey:
    """Parse the lines of a key file, oldest first, and return the newest key.

    Raises:
        KeyFileError: the lines are malformed. The error calls the keys `key_name`, and quotes no
            line.
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
    """Chain versions and secrets, given oldest first, and return the newest key.

    Raises:
        KeyFileError: there are none, a secret has the wrong length, or a version is missing.
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
    """Return the key with the expected fingerprint. During a rotation it may be an older one.

    Raises:
        KeyFileError: no key has it.
    """
    for key in newest:
        if key.key_id == expected:
            return key
    raise KeyFileError(
        f"{key_name} is {newest.key_id}, expected {expected}",
        remedy="Put the expected key back. With another one, every author would count twice, and"
        " no payload could be read",
    )


def _malformed(key_name: str) -> KeyFileError:
    return KeyFileError(
        f"{key_name} is malformed",
        remedy="It must have one line per version: v1: and 64 hexadecimal digits, then v2: …",
    )
