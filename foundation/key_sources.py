"""Read keys from a local file, AWS Secrets Manager or AWS KMS, behind one interface.

With KMS, the owner keeps only the ciphertext of a data key, and KMS decrypts it. KMS's GenerateMac
would never reveal the key, but a post has up to four pseudonyms, and each would be a paid call
that takes milliseconds. A source holds no secret, so Spark may send it to its workers.
"""

import base64
import binascii
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from foundation.errors import KeyFileError, KeyServiceError
from foundation.keys import PSEUDONYM_KEY, PseudonymKey, read_key, read_key_id, read_keys
from foundation.secret_keys import KEY_BYTES, SecretKey, chained, in_use, parse_keys
from foundation.sections import KeySettings
from foundation.settings import Settings

PAYLOAD_KEY = "payload key"
RECEIPT_KEY = "receipt key"
# for one call to AWS
_TIMEOUT_S = 10
ATTEMPTS = 4


class KeySource(Protocol):
    """The source of one key, and the fingerprint that it must have."""

    def __hash__(self) -> int: ...

    @property
    def where(self) -> str:
        """The file or service, for messages."""

    def key_id(self) -> str:
        """Return the fingerprint that the key must have, without reading the key.

        Raises:
            KeyFileError: the fingerprint is not set.
        """

    def load(self) -> SecretKey:
        """Return the key in use.

        Raises:
            KeyFileError: it is missing, malformed, not the expected key, or readable by others.
            KeyServiceError: the service that keeps it does not answer, or refuses.
        """

    def newest(self) -> SecretKey:
        """Return the newest key, which may not be in use yet. Raises the errors of `load`."""


def pseudonym_source(settings: Settings) -> KeySource:
    """Return the source of the owner's pseudonym key."""
    return _source(settings.keys, settings.key_file, PSEUDONYM_KEY, "keys", settings.owner)


def payload_source(settings: Settings) -> KeySource:
    """Return the source of the key that encrypts payloads."""
    return _source(
        settings.payloads.key,
        settings.payload_key_file,
        PAYLOAD_KEY,
        "payloads.key",
        settings.owner,
    )


def receipt_source(settings: Settings) -> KeySource:
    """Return the source of the key that signs erasures."""
    return _source(
        settings.erasure.key, settings.receipt_key_file, RECEIPT_KEY, "erasure.key", settings.owner
    )


def pseudonym_key(settings: Settings) -> PseudonymKey:
    """Return the owner's pseudonym key. Producers need it; Spark jobs need its fingerprint only.

    >>> pseudonym_key(Settings()).author_key("public", "reddit", "t2_abc")

    Raises:
        KeyFileError, KeyServiceError: it cannot be read, or is not the expected key.
    """
    return PseudonymKey.of(pseudonym_source(settings).load())


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file that only its owner can read, with the fingerprint in a file beside it."""

    file: Path
    name: str

    @property
    def where(self) -> str:
        return str(self.file)

    def key_id(self) -> str:
        return read_key_id(self.file.with_suffix(".id"))

    def load(self) -> SecretKey:
        return read_key(self.file, self.name)

    def newest(self) -> SecretKey:
        return read_keys(self.file, self.name)


@dataclass(frozen=True, slots=True)
class Aws:
    """The options of both AWS services. boto3 finds the credentials as AWS's own programs do."""

    name: str
    setting: str
    expected_id: str
    region: str
    endpoint: str

    def key_id(self) -> str:
        if not self.expected_id:
            raise KeyFileError(
                f"{self.setting}.id is not set, so the {self.name} is not known",
                remedy="Run `echostream doctor` where the key can be read: it shows the id",
            )
        return self.expected_id

    def checked(self, newest: SecretKey, location: str) -> SecretKey:
        """Return the key with the fingerprint of the settings, if it is among the keys."""
        key_name = f"{self.name} {location}"
        if not self.expected_id:
            raise KeyFileError(
                f"{self.setting}.id is not set",
                remedy=f"Set it to {newest.key_id} if {key_name} is the lake's key",
            )
        return in_use(newest, self.expected_id, key_name)

    def call(
        self,
        service: str,
        operation: str,
        missing: str,
        key_name: str,
        asked: str,
        **arguments: Any,
    ) -> dict[str, Any]:
        """Call AWS and return the answer. An error quotes only AWS's error code.

        Args:
            service: boto3's name of the service.
            operation: boto3's name of the operation.
            missing: AWS's code for a key that does not exist or is malformed.
            key_name: the key's name in errors.
            asked: the setting that named the key.
            arguments: of the operation.
        """
        import boto3  # noqa: PLC0415  # slow to import, and a key file does not need it
        from botocore.config import Config  # noqa: PLC0415  # as boto3
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as boto3

        config = Config(
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        )
        try:
            with _botocore_says_nothing():
                client = boto3.client(
                    service,
                    region_name=self.region or None,
                    endpoint_url=self.endpoint or None,
                    config=config,
                )
                answer: dict[str, Any] = getattr(client, operation)(**arguments)
                return answer
        except ClientError as error:
            code = str(error.response["Error"]["Code"])
            if code == missing:
                raise KeyFileError(
                    f"{key_name}: {code}", remedy=f"Check {self.setting}.{asked}, and the region"
                ) from None
            raise KeyServiceError(
                f"{key_name}: {code}", remedy="Check the role's rights to it, then run again"
            ) from None
        except BotoCoreError as error:
            raise KeyServiceError(
                f"{key_name}: {type(error).__name__}",
                remedy=f"Check AWS's credentials and region, or {self.setting}.region",
            ) from None


@dataclass(frozen=True, slots=True)
class SecretsManagerKey:
    """A secret of AWS Secrets Manager whose text has the lines of a key file."""

    secret: str  # name or ARN
    aws: Aws

    @property
    def where(self) -> str:
        return f"AWS Secrets Manager, {self.secret}"

    def key_id(self) -> str:
        return self.aws.key_id()

    def load(self) -> SecretKey:
        return self.aws.checked(self.newest(), self.secret)

    def newest(self) -> SecretKey:
        key_name = f"{self.aws.name} {self.secret}"
        answer = self.aws.call(
            "secretsmanager",
            "get_secret_value",
            "ResourceNotFoundException",
            key_name,
            "secret",
            SecretId=self.secret,
        )
        return parse_keys(answer.get("SecretString", ""), key_name)


@dataclass(frozen=True, slots=True)
class KmsKey:
    """Data keys that AWS KMS has encrypted: versions and ciphertexts, oldest first, from a file."""

    file: Path
    wrapped: tuple[tuple[int, bytes], ...]
    aws: Aws

    @property
    def where(self) -> str:
        return f"AWS KMS, wrapped in {self.file}"

    def key_id(self) -> str:
        return self.aws.key_id()

    def load(self) -> SecretKey:
        return self.aws.checked(self.newest(), str(self.file))

    def newest(self) -> SecretKey:
        key_name = f"{self.aws.name} {self.file}"
        return chained(
            [
                (version, self._unwrapped(ciphertext, key_name))
                for version, ciphertext in self.wrapped
            ],
            key_name,
        )

    def _unwrapped(self, ciphertext: bytes, key_name: str) -> bytes:
        answer = self.aws.call(
            "kms",
            "decrypt",
            "InvalidCiphertextException",
            key_name,
            "file",
            CiphertextBlob=ciphertext,
        )
        secret: bytes = answer["Plaintext"]
        if len(secret) != KEY_BYTES:
            raise KeyFileError(
                f"{key_name} is malformed", remedy="It must wrap data keys of 256 bit (AES_256)"
            )
        return secret


def _source(keys: KeySettings, file: Path, name: str, setting: str, owner: str) -> KeySource:
    if keys.source == "file":
        return KeyFile(file, name)
    aws = Aws(name, setting, keys.id, keys.region, keys.endpoint)
    if keys.source == "kms":
        return KmsKey(file, _wrapped(file, name), aws)
    if not keys.secret:
        raise KeyFileError(
            f"{setting}.secret is not set",
            remedy="Name the secret of AWS Secrets Manager that holds it",
        )
    return SecretsManagerKey(keys.secret.replace("{owner}", owner), aws)


def _wrapped(file: Path, name: str) -> tuple[tuple[int, bytes], ...]:
    """Return the versions and ciphertexts in a file, whose lines are `v1:` and base64."""
    try:
        lines = [line.partition(":") for line in file.read_text(encoding="ascii").split()]
        return tuple(
            (int(version.removeprefix("v")), base64.b64decode(c, validate=True))
            for version, _, c in lines
        )
    except FileNotFoundError:
        raise KeyFileError(
            f"{name} {file} is missing", remedy="docs/operate/keys.md says how one is made"
        ) from None
    except OSError:
        raise KeyFileError(
            f"{name} {file} cannot be read", remedy="Give the file back its owner"
        ) from None
    except (UnicodeDecodeError, ValueError, binascii.Error):
        raise KeyFileError(
            f"{name} {file} is malformed",
            remedy="It must be a line for each version: v1: and KMS's CiphertextBlob in base64",
        ) from None


@contextmanager
def _botocore_says_nothing() -> Iterator[None]:
    """Raise botocore's log level, since its debug log quotes answers, which hold keys."""
    log = logging.getLogger("botocore")
    level = log.level
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.setLevel(level)
