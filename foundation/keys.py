"""Secret keys and their files; the pseudonym key, and pseudonyms.

A pseudonym is HMAC-SHA-256 under a key that is not in the lake: handles and ids are enumerable, so
a plain or salted hash would be reversible (GDPR Art. 4(5); EDPB Guidelines 01/2025). Producers make
them. Spark jobs know the key's fingerprint, `key_id`, and refuse records made under another key.
`foundation.key_sources` reads them from files and from AWS.

Keys are a chain: a pseudonym of version 2 is HMAC under key 2 over the pseudonym of version 1, and
so on, so that whoever has a pseudonym and the newer keys can bring it forward, without the native
id (docs/adr/0012).
"""

import base64
import hmac
import os
import re
import secrets
import stat
import unicodedata
from pathlib import Path

from foundation.errors import KeyFileError
from foundation.secret_keys import KEY_BYTES, SecretKey, in_use, parse_keys

PSEUDONYM_KEY = "pseudonym key"
PSEUDONYM = re.compile(r"v([1-9][0-9]{0,8}):[a-z2-7]{26}")
_EVENT_ID = re.compile(r"[0-9a-f]{32}")


class PseudonymKey(SecretKey):
    """The key under which pseudonyms are made."""

    older: "PseudonymKey | None"

    @classmethod
    def of(cls, key: SecretKey) -> "PseudonymKey":
        """Return the same key, for pseudonyms."""
        return cls(key.version, key.secret, cls.of(key.older) if key.older else None)

    def pseudonym(self, *fields: str) -> str:
        """Return `v<version>:` and 26 characters of base32 (130 bit) for the fields.

        Fields are length-prefixed, so that no two tuples encode alike.
        """
        if self.older:
            return self._next(self.older.pseudonym(*fields))
        return self._named(
            b"".join(
                len(part).to_bytes(4, "big") + part
                for part in (f.encode("utf-8", "surrogatepass") for f in fields)
            )
        )

    def pseudonyms(self, *fields: str) -> list[str]:
        """Return the same under this key and those before it, newest first."""
        return [self.pseudonym(*fields), *(self.older.pseudonyms(*fields) if self.older else ())]

    def post_key(self, owner: str, platform: str, post_id: str) -> str:
        """Return the post's pseudonym."""
        return self.pseudonym(owner, platform, "post", post_id)

    def post_keys(self, owner: str, platform: str, post_id: str) -> list[str]:
        """Return the post's pseudonyms under this key and those before it, newest first."""
        return self.pseudonyms(owner, platform, "post", post_id)

    def author_key(self, owner: str, platform: str, author_id: str) -> str:
        """Return the author's pseudonym; every spelling of the id has the same."""
        return self.pseudonym(owner, platform, "author", canonical(author_id))

    def author_keys(self, owner: str, platform: str, author_id: str) -> list[str]:
        """Return the author's pseudonyms under this key and those before it, newest first."""
        return self.pseudonyms(owner, platform, "author", canonical(author_id))

    def event_ids(self, *fields: str | None) -> list[str]:
        """Return 32 hex digits that identify an event, under this key and older ones, newest first.

        Keyed too: who tries ids on a plain hash finds out whose post a delete was, and which row is
        a known post's.
        """
        if self.older:
            older = self.older.event_ids(*fields)
            return [self._next_event_id(older[0]), *older]
        message = b"event" + b"".join(
            b"-"
            if part is None
            else len(data := part.encode("utf-8", "surrogatepass")).to_bytes(4, "big") + data
            for part in fields
        )
        return [hmac.digest(self.secret, message, "sha256").hex()[:32]]

    def event_id(self, *fields: str | None) -> str:
        """Return the event's id under this key."""
        return self.event_ids(*fields)[0]

    def forward(self, text: str) -> str:
        """Return this key's pseudonym for one of a key before it; any other text as it is."""
        if (match := PSEUDONYM.fullmatch(text)) and self.follows(int(match[1])):
            return self._next(self.older.forward(text)) if self.older else text
        return text

    def forward_event_id(self, event_id: str, version: int) -> str:
        """Return this key's id for an event's id under an older version; others as they are."""
        if self.older and self.follows(version) and _EVENT_ID.fullmatch(event_id):
            return self._next_event_id(self.older.forward_event_id(event_id, version))
        return event_id

    def follows(self, version: int) -> bool:
        """Tell whether a key before this one has that version."""
        return any(key.version == version for key in self if key is not self)

    def _next(self, pseudonym: str) -> str:
        # No tuple of names begins so: it would be of a thousand million characters.
        return self._named(b"pseudonym" + pseudonym.encode())

    def _next_event_id(self, event_id: str) -> str:
        return hmac.digest(self.secret, b"event id" + event_id.encode(), "sha256").hex()[:32]

    def _named(self, message: bytes) -> str:
        digest = hmac.digest(self.secret, message, "sha256")
        return f"v{self.version}:{base64.b32encode(digest)[:26].decode().lower()}"


def canonical(name: str) -> str:
    """Return one spelling for handles and ids that platforms compare without case."""
    return unicodedata.normalize("NFKC", name).casefold()


def version_of(pseudonym: str) -> int | None:
    """Return the version of the key that made a pseudonym; None for any other text."""
    match = PSEUDONYM.fullmatch(pseudonym)
    return int(match[1]) if match else None


def create_key(file: Path) -> PseudonymKey:
    """Make a key and its fingerprint file, readable by this user alone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = PseudonymKey(version=1, secret=secrets.token_bytes(KEY_BYTES))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(_line(key))
    write_key_id(file, key.key_id)
    return key


def add_key(file: Path, name: str) -> SecretKey:
    """Add a key of the next version to a file; the fingerprint file brings it into use.

    Raises:
        KeyFileError: as of `read_keys`.
    """
    older = read_keys(file, name)
    key = SecretKey(older.version + 1, secrets.token_bytes(KEY_BYTES), older)
    _replace(file, "".join(_line(version) for version in reversed(list(key))))
    return key


def write_key_id(file: Path, key_id: str) -> None:
    """Say in a key file's fingerprint file which of its keys is in use."""
    _replace(file.with_suffix(".id"), key_id + "\n")


def load_key(file: Path) -> PseudonymKey:
    """Return the pseudonym key in a file.

    Raises:
        KeyFileError: it is missing, malformed, readable by others, or another one than its
            fingerprint file names.
    """
    return PseudonymKey.of(read_key(file, PSEUDONYM_KEY))


def read_key(file: Path, name: str) -> SecretKey:
    """Return the key in a file that is in use; `name` says in errors what it is for.

    Raises:
        KeyFileError: it is missing, malformed, readable by others, or another one than its
            fingerprint file names.
    """
    newest = read_keys(file, name)
    try:
        expected = read_key_id(file.with_suffix(".id"))
    except KeyFileError:
        raise KeyFileError(
            f"{name} {file} lacks its fingerprint file",
            remedy=f"Write {newest.key_id} to {file.with_suffix('.id')} if this is the lake's key",
        ) from None
    return in_use(newest, expected, f"{name} {file}")


def read_keys(file: Path, name: str) -> SecretKey:
    """Return the newest key in a file, with those before it, whichever of them is in use.

    Raises:
        KeyFileError: it is missing, malformed, or readable by others.
    """
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        raise KeyFileError(
            f"{name} {file} is missing",
            remedy="`echostream up` makes one for local use; a lake that exists needs its own key"
            " back",
        ) from None
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(
            f"{name} {file} cannot be read", remedy="Give the file back its content and its owner"
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(f"{name} {file} is readable by others", remedy=f"chmod 600 {file}")
    return parse_keys(text, f"{name} {file}")


def read_key_id(file: Path) -> str:
    """Return the fingerprint of the key in use.

    Raises:
        KeyFileError: the file is missing.
    """
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(
            f"key fingerprint {file} is missing", remedy="`echostream up` makes key and fingerprint"
        ) from None


def _line(key: SecretKey) -> str:
    return f"v{key.version}:{key.secret.hex()}\n"


def _replace(file: Path, text: str) -> None:
    """Write a file whole or not at all, readable by this user alone, and synced to the disk."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
