"""Keep generated keys in moto's Secrets Manager and KMS, with settings that name them.

Checks here find no key in an error or its causes.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from foundation.keys import PseudonymKey
from foundation.settings import Settings
from tests.support.aws import REGION, Aws, running

SECRET = bytes(range(32))
KEY = PseudonymKey(3, SECRET)
OTHER = PseudonymKey(3, b"\1" * 32)
LINE = f"v3:{SECRET.hex()}"


@contextmanager
def aws_with_credentials() -> Iterator[Aws]:
    """Run the server, with invented credentials in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "made")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "made")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with running() as aws:
            yield aws


@contextmanager
def emptied(aws: Aws) -> Iterator[Any]:
    """Return Secrets Manager, which is empty again after the test."""
    client = aws.client("secretsmanager")
    yield client
    for found in client.list_secrets()["SecretList"]:
        client.delete_secret(SecretId=found["Name"], ForceDeleteWithoutRecovery=True)


def settings_at(aws: Aws, home: Path) -> Callable[..., Settings]:
    """Return settings of owner acme from those of the pseudonym key."""

    def make(**keys: Any) -> Settings:
        return Settings(
            home=home, owner="acme", keys={"region": REGION, "endpoint": aws.endpoint} | keys
        )

    return make


class Wrap:
    """Writes a file with the data keys that KMS has encrypted."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.kms = aws.client("kms")
        self._folder = folder
        self.key_id = self.kms.create_key()["KeyMetadata"]["KeyId"]

    def __call__(self, plaintext: bytes = SECRET, version: str = "v3") -> Path:
        wrapped = self.kms.encrypt(KeyId=self.key_id, Plaintext=plaintext)["CiphertextBlob"]
        file = self._folder / "pseudonym.wrapped"
        file.write_text(f"{version}:{base64.b64encode(wrapped).decode()}\n")
        return file


def assert_keeps_the_secret(refused: pytest.ExceptionInfo[BaseException]) -> None:
    """Check that neither an error nor its causes quote a key."""
    error = refused.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert_without_the_secret(str(error))


def assert_without_the_secret(text: str) -> None:
    """Check that a text has no form of a key."""
    for form in (SECRET.hex(), base64.b64encode(SECRET).decode(), repr(SECRET)[2:-1]):
        assert form not in text
