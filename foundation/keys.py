"""Secret keys and their files; the pseudonym key, and pseudonyms.

A pseudonym is HMAC-SHA-256 under a key that is not in the lake: handles and ids are enumerable, so a
plain or salted hash would be reversible (GDPR Art. 4(5); EDPB Guidelines 01/2025). Only producers
hold the key. Spark jobs know its fingerprint, `key_id`, and refuse records made under another key.
Where keys are, files and AWS, is said in `foundation.key_sources`.
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
from typing import NoReturn

from foundation.errors import KeyFileError

KEY_BYTES = 32
PSEUDONYM_KEY = "pseudonym key"


@dataclass(frozen=True)
class SecretKey:
    """A versioned secret; never printed, and never pickled: what is sent to Spark's workers holds none."""

    version: int
    secret: bytes = field(repr=False)

    def __reduce__(self) -> NoReturn:
        """Refuse to travel."""
        raise TypeError("a key stays in the process that has read it")

    @cached_property
    def key_id(self) -> str:
        """`v<version>-<fingerprint>`: says which key it is without saying the key."""
        return f"v{self.version}-{hmac.new(self.secret, b'echostream key id', hashlib.sha256).hexdigest()[:12]}"


class PseudonymKey(SecretKey):
    """The key under which pseudonyms are made."""

    def pseudonym(self, *fields: str) -> str:
        """`v<version>:` and 26 characters of base32 (130 bit) for a tuple such as (owner, platform, kind, id).

        Fields are length-prefixed, so that no two tuples encode alike.
        """
        message = b"".join(
            len(part).to_bytes(4, "big") + part for part in (f.encode("utf-8", "surrogatepass") for f in fields)
        )
        digest = hmac.digest(self.secret, message, "sha256")
        return f"v{self.version}:{base64.b32encode(digest)[:26].decode().lower()}"

    def event_id(self, *fields: str | None) -> str:
        """32 hex digits for what identifies an event.

        Keyed too: who tries ids on a plain hash finds out whose post a delete was, and which row is a known post's.
        """
        message = b"event" + b"".join(
            b"-" if part is None else len(data := part.encode("utf-8", "surrogatepass")).to_bytes(4, "big") + data
            for part in fields
        )
        return hmac.digest(self.secret, message, "sha256").hex()[:32]


def canonical(name: str) -> str:
    """One spelling for handles and ids that platforms compare without case."""
    return unicodedata.normalize("NFKC", name).casefold()


def create_key(file: Path) -> PseudonymKey:
    """Make a key and its fingerprint file, readable by this user alone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = PseudonymKey(version=1, secret=secrets.token_bytes(KEY_BYTES))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(f"v{key.version}:{key.secret.hex()}\n")
    file.with_suffix(".id").write_text(key.key_id + "\n", encoding="ascii")
    return key


def load_key(file: Path) -> PseudonymKey:
    """The pseudonym key in a file.

    Raises:
        KeyFileError: it is missing, malformed, readable by others, or another one than its fingerprint file names.
    """
    key = read_key(file, PSEUDONYM_KEY)
    return PseudonymKey(key.version, key.secret)


def read_key(file: Path, name: str) -> SecretKey:
    """The key in a file; `name` says in errors what it is for.

    Raises:
        KeyFileError: it is missing, malformed, readable by others, or another one than its fingerprint file names.
    """
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KeyFileError(
            f"{name} {file} is missing",
            remedy="`echostream up` makes one for local use; a lake that exists needs its own key back",
        ) from None
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(
            f"{name} {file} cannot be read", remedy="Give the file back its content and its owner"
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{name} {file} is readable by others", remedy=f"chmod 600 {file}")
    key = parse_key(text, f"{name} {file}")
    try:
        expected = read_key_id(file.with_suffix(".id"))
    except KeyFileError:
        raise KeyFileError(
            f"{name} {file} lacks its fingerprint file",
            remedy=f"Write {key.key_id} to {file.with_suffix('.id')} if this is the lake's key",
        ) from None
    demand_id(key, expected, f"{name} {file}")
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


def parse_key(text: str, what: str) -> SecretKey:
    """The key that a line says.

    Raises:
        KeyFileError: it says none; `what` names the key, the line is not quoted.
    """
    version, _, secret = text.strip().partition(":")
    try:
        key = SecretKey(version=int(version.removeprefix("v")), secret=bytes.fromhex(secret))
    except ValueError:
        key = SecretKey(version=0, secret=b"")
    if len(key.secret) != KEY_BYTES or key.version < 1:
        raise KeyFileError(f"{what} is malformed", remedy="It must be one line: v1: and 64 hexadecimal digits")
    return key


def demand_id(key: SecretKey, expected: str, what: str) -> None:
    """Refuse another key than the one that is expected.

    Raises:
        KeyFileError: it is another one.
    """
    if key.key_id != expected:
        raise KeyFileError(
            f"{what} is {key.key_id}, expected {expected}",
            remedy="Put the right key back; under another one every author would count twice, and no payload be read",
        )
