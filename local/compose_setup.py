"""One-shot work of docker-compose.yml: `python -m local.compose_setup WORK`.

Each does what is missing and leaves alone what is there, for it runs at every `docker compose up`.
"""

import argparse
import secrets
import shutil
import sys
from pathlib import Path

from foundation.errors import EchoStreamError
from foundation.settings import Settings, load_settings
from lakehouse.storage.s3 import answering, client
from local.compose_files import ANYBODYS, write_whole
from local.compose_web import make_web_secrets
from tenancy.database import Database

S3 = Path("/run/echostream/s3")
GRAFANA = Path("/run/echostream/grafana")
_BYTES = 24
_S3_PORT = 9000


def make_secrets(s3: Path = S3, grafana: Path = GRAFANA) -> list[Path]:
    """Make random credentials of the S3 server, its clients and Grafana; return the files."""
    name = secrets.token_hex(_BYTES // 2)
    word = secrets.token_urlsafe(_BYTES)
    server = {
        "s3proxy.endpoint": f"http://0.0.0.0:{_S3_PORT}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": name,
        "s3proxy.credential": word,
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": "/data",
    }
    client_side = {"aws_access_key_id": name, "aws_secret_access_key": word}
    files = []
    if not (s3 / "s3proxy.conf").exists():
        files.append(write_whole(s3 / "credentials", _lines(client_side, "[default]\n")))
        # the last: its presence says all are there
        files.append(write_whole(s3 / "s3proxy.conf", _lines(server)))
    if not (grafana / "password").exists():
        # Grafana's image has a user of its own, and the volume no other reader.
        files.append(write_whole(grafana / "password", secrets.token_urlsafe(_BYTES), ANYBODYS))
    return files


def make_bucket(settings: Settings) -> bool:
    """Create the bucket of the lake; False where there is one.

    Raises:
        StoreUnreachableError: the store does not answer, or refuses.
    """
    bucket = settings.lake_uri.partition("://")[2].partition("/")[0]
    store = client(settings.s3)
    with answering(settings.lake_uri):
        if bucket in {bucket_entry["Name"] for bucket_entry in store.list_buckets()["Buckets"]}:
            return False
        store.create_bucket(Bucket=bucket)
    return True


def publish_key_id(settings: Settings) -> Path:
    """Copy the pseudonym key's fingerprint to the streaming jobs, which never see the key."""
    copy = settings.home / "keys" / settings.key_id_file.name
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(settings.key_id_file, copy)
    return copy


def _lines(values: dict[str, str], head: str = "") -> str:
    return head + "".join(f"{name}={value}\n" for name, value in values.items())


def _web_secrets(host: str) -> list[Path]:
    database = Database(load_settings().control_database)
    try:
        return make_web_secrets(host, database)
    finally:
        database.close()


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(prog="local.compose_setup")
    parser.add_argument("work", choices=("secrets", "bucket", "key-id", "web"))
    parser.add_argument("--host", default="localhost", help="of web: as browsers name it")
    arguments = parser.parse_args()
    match arguments.work:
        case "secrets":
            report = f"secrets: {len(make_secrets())} files made"
        case "bucket":
            report = f"bucket: {'made' if make_bucket(load_settings()) else 'was there'}"
        case "web":
            report = f"web: {len(_web_secrets(arguments.host))} files made"
        case _:
            report = f"fingerprint of the pseudonym key: {publish_key_id(load_settings())}"
    sys.stdout.write(f"{report}\n")


if __name__ == "__main__":
    try:
        main()
    except EchoStreamError as error:
        sys.exit(f"error: {error.with_entry()}")
