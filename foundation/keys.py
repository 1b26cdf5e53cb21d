"""The pseudonym key, and pseudonyms.

A pseudonym is HMAC-SHA-256 under a key that is not in the lake: handles and ids are enumerable, so a
plain or salted hash would be reversible (GDPR Art. 4(5); EDPB Guidelines 01/2025). Only producers
hold the key. Spark jobs know its fingerprint, `key_id`, and refuse records made under another key.
"""

import base64
import hashlib
import hmac
import os
import secrets
import stat
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from foundation.errors import KeyFileError

_KEY_BYTES = 32


@dataclass(frozen=True)
class PseudonymKey:
    """A versioned secret; never printed."""

    version: int
    secret: bytes = field(repr=False)

    @cached_property
    def key_id(self) -> str:
        """`v<version>-<fingerprint>`: says which key it is without saying the key."""
        return f"v{self.version}-{hmac.new(self.secret, b'echostream key id', hashlib.sha256).hexdigest()[:12]}"

    def pseudonym(self, *fields: str) -> str:
        """`v<version>:` and 26 characters of base32 (130 bit) for a tuple such as (owner, platform, kind, id).

        Fields are length-prefixed, so that no two tuples encode alike.
        """
        message = b"".join(
            len(part).to_bytes(4, "big") + part for part in (f.encode("utf-8", "surrogatepass") for f in fields)
        )
        digest = hmac.digest(self.secret, message, "sha256")
        return f"v{self.version}:{base64.b32encode(digest)[:26].decode().lower()}"


def canonical(name: str) -> str:
    """One spelling for handles and ids that platforms compare without case."""
    return unicodedata.normalize("NFKC", name).casefold()


def create_key(file: Path) -> PseudonymKey:
    """Make a key and its fingerprint file, readable by this user alone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = PseudonymKey(version=1, secret=secrets.token_bytes(_KEY_BYTES))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(f"v{key.version}:{key.secret.hex()}\n")
    file.with_suffix(".id").write_text(key.key_id + "\n", encoding="ascii")
    return key


def load_key(file: Path) -> PseudonymKey:
    """The key in a file.

    Raises:
        KeyFileError: it is missing, malformed, readable by others, or another one than its fingerprint file names.
    """
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KeyFileError(
            f"pseudonym key {file} is missing",
            remedy="`echostream up` makes one for local use; a lake that exists needs its own key back",
        ) from None
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(
            f"pseudonym key {file} cannot be read", remedy="Give the file back its content and its owner"
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"pseudonym key {file} is readable by others", remedy=f"chmod 600 {file}")
    key = _parse(text, file)
    try:
        expected = read_key_id(file.with_suffix(".id"))
    except KeyFileError:
        raise KeyFileError(
            f"pseudonym key {file} lacks its fingerprint file",
            remedy=f"Write {key.key_id} to {file.with_suffix('.id')} if this is the lake's key",
        ) from None
    if key.key_id != expected:
        raise KeyFileError(
            f"pseudonym key {file} is {key.key_id}, expected {expected}",
            remedy="Put the right key back; under another one every author would count twice",
        )
    return key


def read_key_id(file: Path) -> str:
    """The fingerprint of the key in use.

    Raises:
        KeyFileError: the file is missing.
    """
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(
            f"key fingerprint {file} is missing", remedy="`echostream up` makes key and fingerprint"
        ) from None


def _parse(text: str, file: Path) -> PseudonymKey:
    version, _, secret = text.partition(":")
    try:
        key = PseudonymKey(version=int(version.removeprefix("v")), secret=bytes.fromhex(secret))
    except ValueError:
        key = PseudonymKey(version=0, secret=b"")
    if len(key.secret) != _KEY_BYTES or key.version < 1:
        raise KeyFileError(
            f"pseudonym key {file} is malformed", remedy="It must be one line: v1: and 64 hexadecimal digits"
        )
    return key
