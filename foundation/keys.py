"""Make pseudonyms, and read and write key files.

A pseudonym is HMAC-SHA-256 under a key that is not in the lake. Handles and ids can be enumerated,
so a plain or salted hash could be reversed (GDPR Art. 4(5); EDPB Guidelines 01/2025). Producers
make pseudonyms. Spark jobs know only the key's fingerprint `key_id`, and refuse records made under
another key. `foundation.key_sources` reads keys from files and from AWS.

Keys form a chain: a pseudonym of version 2 is HMAC under key 2 of the pseudonym of version 1, and
so on. A pseudonym can thus be converted to a newer version without the original id (ADR 12).
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
    """The key that makes pseudonyms.

    >>> key = load_key(Path("var/keys/pseudonym.key"))
    >>> key.author_key("public", "reddit", "t2_abc")
    """

    older: "PseudonymKey | None"

    @classmethod
    def of(cls, key: SecretKey) -> "PseudonymKey":
        """Return a secret key as a pseudonym key."""
        return cls(key.version, key.secret, cls.of(key.older) if key.older else None)

    def pseudonym(self, *fields: str) -> str:
        """Return `v<version>:` and 26 characters of base32 (130 bit) for the fields.

        Fields are length-prefixed, so that no two tuples have the same encoding.
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
        """Return the pseudonyms of the fields under this and all older keys, newest first."""
        return [self.pseudonym(*fields), *(self.older.pseudonyms(*fields) if self.older else ())]

    def post_key(self, owner: str, platform: str, post_id: str) -> str:
        """Return the post's pseudonym."""
        return self.pseudonym(owner, platform, "post", post_id)

    def post_keys(self, owner: str, platform: str, post_id: str) -> list[str]:
        """Return the post's pseudonyms under this and all older keys, newest first."""
        return self.pseudonyms(owner, platform, "post", post_id)

    def author_key(self, owner: str, platform: str, author_id: str) -> str:
        """Return the author's pseudonym, which is the same for all spellings of the id."""
        return self.pseudonym(owner, platform, "author", canonical(author_id))

    def author_keys(self, owner: str, platform: str, author_id: str) -> list[str]:
        """Return the author's pseudonyms under this and all older keys, newest first."""
        return self.pseudonyms(owner, platform, "author", canonical(author_id))

    def event_ids(self, *fields: str | None) -> list[str]:
        """Return an event's ids of 32 hex digits under this and all older keys, newest first.

        Event ids are keyed too. With a plain hash, anyone could try known ids to find out which
        post a delete or a row belongs to.
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
        """Convert a pseudonym of an older key to this key. Return any other text unchanged."""
        if (match := PSEUDONYM.fullmatch(text)) and self.follows(int(match[1])):
            return self._next(self.older.forward(text)) if self.older else text
        return text

    def forward_event_id(self, event_id: str, version: int) -> str:
        """Convert an event's id of an older version to this key. Return others unchanged."""
        if self.older and self.follows(version) and _EVENT_ID.fullmatch(event_id):
            return self._next_event_id(self.older.forward_event_id(event_id, version))
        return event_id

    def follows(self, version: int) -> bool:
        """Tell whether an older key has this version."""
        return any(key.version == version for key in self if key is not self)

    def _next(self, pseudonym: str) -> str:
        # No tuple of fields has this encoding: its first length would be over a thousand million.
        return self._named(b"pseudonym" + pseudonym.encode())

    def _next_event_id(self, event_id: str) -> str:
        return hmac.digest(self.secret, b"event id" + event_id.encode(), "sha256").hex()[:32]

    def _named(self, message: bytes) -> str:
        digest = hmac.digest(self.secret, message, "sha256")
        return f"v{self.version}:{base64.b32encode(digest)[:26].decode().lower()}"


def canonical(name: str) -> str:
    """Return the canonical spelling of a handle or id, which platforms compare without case."""
    return unicodedata.normalize("NFKC", name).casefold()


def version_of(pseudonym: str) -> int | None:
    """Return the version of the key that made a pseudonym, or None for any other text."""
    match = PSEUDONYM.fullmatch(pseudonym)
    return int(match[1]) if match else None


def create_key(file: Path) -> PseudonymKey:
    """Create a key file that only this user can read, and its fingerprint file."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = PseudonymKey(version=1, secret=secrets.token_bytes(KEY_BYTES))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(_line(key))
    write_key_id(file, key.key_id)
    return key


def add_key(file: Path, name: str) -> SecretKey:
    """Add a key of the next version to a file. `write_key_id` then brings it into use.

    Raises:
        KeyFileError: the errors of `read_keys`.
    """
    older = read_keys(file, name)
    key = SecretKey(older.version + 1, secrets.token_bytes(KEY_BYTES), older)
    _replace(file, "".join(_line(version) for version in reversed(list(key))))
    return key


def write_key_id(file: Path, key_id: str) -> None:
    """Write the fingerprint of the key in use to the fingerprint file of a key file."""
    _replace(file.with_suffix(".id"), key_id + "\n")


def load_key(file: Path) -> PseudonymKey:
    """Return the pseudonym key in a file.

    Raises:
        KeyFileError: it is missing, malformed, readable by others, or differs from its
            fingerprint file.
    """
    return PseudonymKey.of(read_key(file, PSEUDONYM_KEY))


def read_key(file: Path, name: str) -> SecretKey:
    """Return the key in use from a file. Errors call it `name`.

    Raises:
        KeyFileError: it is missing, malformed, readable by others, or differs from its
            fingerprint file.
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
    """Return the newest key in a file, chained to the older ones, whether or not it is in use.

    Raises:
        KeyFileError: it is missing, malformed, or readable by others.
    """
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        raise KeyFileError(
            f"{name} {file} is missing",
            remedy="`echostream up` makes one for a new local lake; put the key of an existing"
            " lake back",
        ) from None
    except (OSError, UnicodeDecodeError):
        raise KeyFileError(
            f"{name} {file} cannot be read", remedy="Restore the file and its owner"
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
    """Replace a file atomically and durably by one that only this user can read."""
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
