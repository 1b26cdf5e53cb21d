"""Each reader of a lake on S3 gets the access it needs, and Spark's settings hold no secret."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from deltalake import DeltaTable
from pydantic import ValidationError

from foundation.errors import StoreUnreachableError
from foundation.sections import S3Settings
from foundation.settings import Settings
from lakehouse.storage.s3 import spark_conf, storage_options

SECRETS = {
    "AWS_ACCESS_KEY_ID": "id-of-a-test",
    "AWS_SECRET_ACCESS_KEY": "secret-of-a-test",
    "AWS_SESSION_TOKEN": "token-",
}
HERE = S3Settings(endpoint="http://127.0.0.1:9000", timeout_s=3, attempts=4)


@pytest.fixture
def credentials(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", *SECRETS):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return lambda: [monkeypatch.setenv(*pair) for pair in SECRETS.items()]


def test_spark_s_settings_hold_no_secret(credentials):
    credentials()
    conf = spark_conf("s3a://lake/x", HERE)
    assert [
        value for value in conf.values() if any(secret in value for secret in SECRETS.values())
    ] == []
    assert conf["spark.hadoop.fs.s3a.endpoint"] == "http://127.0.0.1:9000"
    assert conf["spark.hadoop.fs.s3a.path.style.access"] == "true"
    assert conf["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"
    assert conf["spark.hadoop.fs.s3a.attempts.maximum"] == "4"


@pytest.mark.parametrize("uri", ["/var/lake", "s3://on-a-cluster/lake"])
def test_other_lakes_change_nothing_in_spark(uri):
    assert spark_conf(uri, HERE) == {}


def test_aws_itself_is_https_and_names_the_bucket_in_the_host(credentials):
    conf = spark_conf("s3a://lake/x", S3Settings())
    assert "spark.hadoop.fs.s3a.endpoint" not in conf
    assert conf["spark.hadoop.fs.s3a.path.style.access"] == "false"
    assert conf["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "true"


def test_deltalake_gets_credentials_where_they_are_needed(credentials):
    assert storage_options("/var/lake", HERE) is None
    credentials()
    assert storage_options("s3a://lake/x", HERE) == SECRETS | {
        "timeout": "3s",
        "max_retries": "3",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
        "AWS_ALLOW_HTTP": "true",
    }


def test_deltalake_asks_as_often_as_is_set(credentials):
    credentials()
    asked = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            here = S3Settings(
                endpoint=f"http://127.0.0.1:{server.server_port}", timeout_s=3, attempts=3
            )
            with pytest.raises(OSError, match="S3"):
                DeltaTable("s3a://lake/x", storage_options=storage_options("s3a://lake/x", here))
        finally:
            server.shutdown()
    assert len(asked) == 3


def test_no_credentials_are_said_so(credentials):
    with pytest.raises(StoreUnreachableError, match="no credentials for S3"):
        storage_options("s3a://lake/x", HERE)


@pytest.mark.parametrize(
    ("lake", "is_on_s3"), [("s3a://b/x", True), ("s3://b/x", True), ("/lake", False), ("", False)]
)
def test_where_the_lake_is(tmp_path, lake, is_on_s3):
    assert Settings(home=tmp_path, lake=lake).is_on_s3 is is_on_s3


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9000", "ftp://x", "http://x/path"])
def test_an_endpoint_is_an_address(endpoint):
    with pytest.raises(ValidationError):
        S3Settings(endpoint=endpoint)
