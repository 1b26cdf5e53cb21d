"""Keys in files and at AWS have one interface. AWS is moto's server on loopback."""

import base64
import logging
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.conf_files import conf_dir
from foundation.errors import KeyFileError
from foundation.key_chain import KeyChain, chain_of
from foundation.key_sources import (
    KeyFile,
    payload_source,
    pseudonym_key,
    pseudonym_source,
    receipt_source,
)
from foundation.keys import PseudonymKey, create_key
from foundation.settings import Settings, load_settings
from lakehouse.erasure.ledger import demand_receipt_key
from tests.support.aws import REGION
from tests.support.aws_keys import (
    KEY,
    LINE,
    OTHER,
    SECRET,
    Wrap,
    assert_without_the_secret,
    aws_with_credentials,
    emptied,
    settings_at,
)
from transforms.payloads import key_of

NEXT = PseudonymKey(4, b"\4" * 32, KEY)


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


def test_a_secret_of_secrets_manager(secrets, settings):
    secrets.create_secret(Name="lake/acme", SecretString=LINE + "\n")
    mine = settings(source="secretsmanager", secret="lake/{owner}", id=KEY.key_id)
    assert pseudonym_key(mine) == KEY
    assert pseudonym_source(mine).key_id() == KEY.key_id
    assert pseudonym_source(mine).where == "AWS Secrets Manager, lake/acme"


def test_a_data_key_that_kms_has_wrapped(settings, wrap):
    mine = settings(source="kms", file=wrap(), id=KEY.key_id)
    assert pseudonym_key(mine) == KEY
    assert pseudonym_source(mine).key_id() == KEY.key_id


def test_the_command_of_the_manual_makes_a_usable_key(settings, wrap, tmp_path):
    """Nobody sees the key: the refusal names its fingerprint."""
    answer = wrap.kms.generate_data_key_without_plaintext(KeyId=wrap.key_id, KeySpec="AES_256")
    file = tmp_path / "new.wrapped"
    file.write_text("v1:" + base64.b64encode(answer["CiphertextBlob"]).decode())
    with pytest.raises(
        KeyFileError, match=r"keys\.id is not set\. Set it to (v1-\w{12}) if"
    ) as refused:
        pseudonym_key(settings(source="kms", file=file))
    key_id = str(refused.value).split("Set it to ")[1].split()[0]
    assert pseudonym_key(settings(source="kms", file=file, id=key_id)).key_id == key_id


def test_each_owner_may_have_a_key(secrets, settings, tmp_path):
    secrets.create_secret(Name="lake/acme", SecretString=LINE)
    secrets.create_secret(Name="lake/other", SecretString=f"v3:{OTHER.secret.hex()}")
    acme = settings(source="secretsmanager", secret="lake/{owner}", id=KEY.key_id)
    other = acme.model_copy(
        update={"owner": "other", "keys": acme.keys.model_copy(update={"id": OTHER.key_id})}
    )
    assert pseudonym_key(acme).secret != pseudonym_key(other).secret
    in_files = Settings(home=tmp_path, owner="acme", keys={"file": tmp_path / "{owner}.key"})
    made = create_key(tmp_path / "acme.key")
    assert pseudonym_key(in_files) == made


@pytest.mark.parametrize("key", [KEY, NEXT])
def test_the_next_version_is_in_use_once_the_settings_say_so(secrets, settings, wrap, key):
    secrets.create_secret(Name="lake/k", SecretString=f"{LINE}\nv4:{NEXT.secret.hex()}\n")
    file = wrap()
    second = wrap.kms.encrypt(KeyId=wrap.key_id, Plaintext=NEXT.secret)["CiphertextBlob"]
    file.write_text(f"{file.read_text()}v4:{base64.b64encode(second).decode()}\n")
    for source in ("secretsmanager", "kms"):
        mine = settings(source=source, secret="lake/k", file=file, id=key.key_id)
        assert pseudonym_key(mine) == key
        assert pseudonym_source(mine).newest().key_id == NEXT.key_id
        assert chain_of(KeyChain(pseudonym_source(mine), NEXT.key_id)) == NEXT


def test_the_payload_key_has_a_place_of_its_own(secrets, server, tmp_path):
    secrets.create_secret(Name="lake/payloads", SecretString=LINE)
    at_aws = {
        "region": REGION,
        "endpoint": server.endpoint,
        "source": "secretsmanager",
        "secret": "lake/payloads",
    }
    mine = Settings(home=tmp_path, payloads={"key": at_aws | {"id": KEY.key_id}})
    assert payload_source(mine).load().secret == SECRET
    assert isinstance(pseudonym_source(mine), KeyFile)


def test_the_settings_for_aws(monkeypatch):
    monkeypatch.setenv("ECHOSTREAM_PAYLOADS__KEY__ID", KEY.key_id)
    aws = load_settings(Path(str(conf_dir() / "aws.toml")))
    assert aws.payloads.encrypt
    assert payload_source(aws).where == "AWS Secrets Manager, echostream/public/payload"
    assert payload_source(aws).key_id() == KEY.key_id
    assert pseudonym_source(aws).where == "AWS Secrets Manager, echostream/public/pseudonym"
    assert receipt_source(aws).where == "AWS Secrets Manager, echostream/public/receipt"
    with pytest.raises(KeyFileError, match=r"erasure\.key\.id is not set"):
        demand_receipt_key(aws)


@pytest.mark.parametrize("source", ["secretsmanager", "kms"])
def test_no_log_at_any_level_shows_a_key(secrets, settings, wrap, caplog, source):
    secrets.create_secret(Name="lake/k", SecretString=LINE)
    file = wrap()
    with caplog.at_level(logging.DEBUG):
        for name in ("botocore", "urllib3", ""):
            caplog.set_level(logging.DEBUG, logger=name)
        caplog.clear()
        pseudonym_key(settings(source=source, secret="lake/k", file=file, id=KEY.key_id))
        assert logging.getLogger("botocore").level == logging.DEBUG, (
            "a log is as loud as it was before"
        )
    assert_without_the_secret(caplog.text)


def test_a_place_travels_and_a_key_does_not(secrets, settings, wrap):
    secrets.create_secret(Name="lake/k", SecretString=LINE)
    for mine in (
        settings(source="secretsmanager", secret="lake/k", id=KEY.key_id),
        settings(source="kms", file=wrap(), id=KEY.key_id),
    ):
        sent = pickle.dumps(pseudonym_source(mine))
        assert SECRET not in sent
        assert pickle.loads(sent).load().secret == SECRET  # noqa: S301  # just made
        assert key_of(pickle.loads(sent)) is key_of(pseudonym_source(mine))  # noqa: S301  # likewise
        assert_without_the_secret(
            repr(pseudonym_source(mine)) + mine.model_dump_json() + repr(mine)
        )
    with pytest.raises(TypeError, match="stays in the process"):
        pickle.dumps(KEY)


def test_a_key_in_a_file_loads_no_library_of_aws(tmp_path):
    create_key(tmp_path / "keys" / "pseudonym.key")
    program = (
        "import sys; from pathlib import Path; from foundation.settings import Settings\n"
        "from foundation.key_sources import pseudonym_key\n"
        f"pseudonym_key(Settings(home=Path({str(tmp_path)!r})))\n"
        "sys.exit(any(name.partition('.')[0] in ('boto3', 'botocore') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
