"""Each fault of an AWS key (wrong, missing, out of reach) has its own error, which hides it."""

import base64

import pytest

from foundation.errors import KeyFileError, KeyServiceError
from foundation.key_sources import pseudonym_key, pseudonym_source
from foundation.settings import Settings
from tests.support.aws import REGION
from tests.support.aws_keys import (
    KEY,
    LINE,
    OTHER,
    SECRET,
    Wrap,
    assert_keeps_the_secret,
    aws_with_credentials,
    emptied,
    settings_at,
)

# the text of the secret, the id in the settings → the error
WRONG = {
    "missing": (
        None,
        KEY.key_id,
        r"pseudonym key lake/k: ResourceNotFoundException. Check keys.secret",
    ),
    "another one": (
        f"v3:{OTHER.secret.hex()}",
        KEY.key_id,
        rf"is {OTHER.key_id}, expected {KEY.key_id}\. Put the expected",
    ),
    "another version": (f"v4:{SECRET.hex()}", KEY.key_id, "expected"),
    "no id": (LINE, "", rf"keys.id is not set\. Set it to {KEY.key_id} if"),
    "empty": ("{}", KEY.key_id, "is malformed"),
    "a JSON object, as the console makes it": (
        '{"key": "' + LINE + '"}',
        KEY.key_id,
        "is malformed",
    ),
    "too short": (LINE[:-2], KEY.key_id, "is malformed"),
}


@pytest.fixture(scope="module")
def server():
    with aws_with_credentials() as aws:
        yield aws


@pytest.fixture
def secrets(server):
    with emptied(server) as client:
        yield client


@pytest.fixture
def settings(server, tmp_path):
    return settings_at(server, tmp_path)


@pytest.fixture
def wrap(server, tmp_path):
    return Wrap(server, tmp_path)


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_secret(secrets, settings, case):
    text, key_id, said = WRONG[case]
    if text is not None:
        secrets.create_secret(Name="lake/k", SecretString=text)
    with pytest.raises(KeyFileError, match=said) as refused:
        pseudonym_key(settings(source="secretsmanager", secret="lake/k", id=key_id))
    assert_keeps_the_secret(refused)


def test_a_secret_of_bytes(secrets, settings):
    secrets.create_secret(Name="lake/k", SecretBinary=SECRET)
    with pytest.raises(KeyFileError, match="is malformed"):
        pseudonym_key(settings(source="secretsmanager", secret="lake/k", id=KEY.key_id))


def test_no_secret_is_named(settings):
    with pytest.raises(KeyFileError, match=r"keys\.secret is not set"):
        pseudonym_source(settings(source="secretsmanager"))


def test_spark_jobs_need_the_id(settings):
    place = pseudonym_source(settings(source="secretsmanager", secret="lake/k"))
    with pytest.raises(KeyFileError, match=r"keys\.id is not set.*echostream doctor"):
        place.key_id()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "is missing.*docs/operate/keys.md", id="no file"),
        pytest.param(b"", "is malformed", id="empty"),
        pytest.param(LINE.encode(), "is malformed|InvalidCiphertext", id="the key itself"),
        pytest.param(b"v3:not base64!", "is malformed", id="not base64"),
        pytest.param(b"\xff\xfe", "is malformed", id="not text"),
    ],
)
def test_a_wrong_wrapped_key(settings, tmp_path, content, said):
    file = tmp_path / "pseudonym.wrapped"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises((KeyFileError, KeyServiceError), match=said) as refused:
        pseudonym_key(settings(source="kms", file=file, id=KEY.key_id))
    assert_keeps_the_secret(refused)


def test_a_damaged_wrapped_key(settings, wrap):
    file = wrap()
    version, _, ciphertext = file.read_text().partition(":")
    damaged = base64.b64decode(ciphertext)[:-1] + b"x"
    file.write_text(f"{version}:{base64.b64encode(damaged).decode()}")
    with pytest.raises(KeyFileError, match=r"InvalidCiphertextException\. Check keys\.file"):
        pseudonym_key(settings(source="kms", file=file, id=KEY.key_id))


def test_what_kms_wrapped_is_no_data_key(settings, wrap):
    with pytest.raises(KeyFileError, match=r"is malformed.*AES_256"):
        pseudonym_key(settings(source="kms", file=wrap(SECRET[:16]), id=KEY.key_id))


def test_what_kms_wrapped_is_another_key(settings, wrap):
    with pytest.raises(KeyFileError, match="expected"):
        pseudonym_key(settings(source="kms", file=wrap(OTHER.secret), id=KEY.key_id))


def test_a_service_that_refuses_is_no_missing_key(settings, tmp_path):
    """Another account's KMS wrapped the key."""
    file = tmp_path / "pseudonym.wrapped"
    file.write_text("v3:" + base64.b64encode(b"x" * 96).decode())
    with pytest.raises(
        KeyServiceError, match=r"pseudonym key .*: AccessDeniedException\. Check the role's rights"
    ):
        pseudonym_key(settings(source="kms", file=file, id=KEY.key_id))


def test_nobody_answers(free_port, tmp_path, monkeypatch):
    monkeypatch.setattr("foundation.key_sources.ATTEMPTS", 1)
    keys = {
        "source": "secretsmanager",
        "secret": "k",
        "region": REGION,
        "endpoint": f"http://127.0.0.1:{free_port}",
    }
    with pytest.raises(KeyServiceError, match="EndpointConnectionError"):
        pseudonym_key(Settings(home=tmp_path, keys=keys))


def test_without_a_region_the_setting_is_named(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(KeyServiceError, match=r"NoRegionError.*keys\.region"):
        pseudonym_key(Settings(home=tmp_path, keys={"source": "secretsmanager", "secret": "k"}))
