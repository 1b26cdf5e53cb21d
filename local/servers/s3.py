"""A real S3 server (S3Proxy) on loopback that keeps objects as files, to try a lake on S3.

`python -m local.servers.s3` starts it.
It listens where the setting s3.endpoint says, else on port 9000. Its credentials are
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which is where its clients look for them too.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from foundation.errors import EchoStreamError, StoreUnreachableError
from foundation.java_paths import environment, in_properties
from foundation.sections import S3Settings
from foundation.settings import load_settings
from lakehouse.storage.s3 import answering, client
from local.host.jars import jars
from local.host.java import find_java
from local.host.ports import LOOPBACK, demand_free, is_free

BUCKET = "lake"
_DEFAULT = f"http://{LOOPBACK}:9000"
_START_S = 60.0
_STOP_S = 20.0
_POLL_S = 0.1


@contextmanager
def s3_server(folder: Path, port: int) -> Iterator[S3Settings]:
    """Serve while this lasts, with an empty bucket BUCKET; return how to reach it.

    Raises:
        PortInUseError, JavaError, JarsError: it cannot be started.
        StoreUnreachableError: there are no credentials, or it does not come up.
    """
    demand_free(port, setting="the port in ECHOSTREAM_S3__ENDPOINT")
    (folder / "objects" / BUCKET).mkdir(parents=True, exist_ok=True)
    conf = _write_properties(folder, port)
    command = [
        find_java().program,
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Xmx256m",
        "-cp",
    ]
    command += [
        ":".join(map(str, jars("s3proxy"))),
        "org.gaul.s3proxy.Main",
        "--properties",
        str(conf),
    ]
    with (
        (folder / "server.log").open("ab") as log,
        subprocess.Popen(
            command, stdout=log, stderr=log, env=os.environ | environment(folder)
        ) as process,
    ):
        try:
            settings = S3Settings(endpoint=f"http://{LOOPBACK}:{port}")
            _await_answer(settings, process, folder)
            yield settings
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)
            process.kill()


def _write_properties(folder: Path, port: int) -> Path:
    names = {"identity": "AWS_ACCESS_KEY_ID", "credential": "AWS_SECRET_ACCESS_KEY"}
    missing = [name for name in names.values() if not os.environ.get(name)]
    if missing:
        raise StoreUnreachableError(
            "the S3 server has no credentials", remedy=f"Set {' and '.join(missing)} to any words"
        )
    values = {
        "s3proxy.endpoint": f"http://{LOOPBACK}:{port}",
        "s3proxy.authorization": "aws-v2-or-v4",
        **{f"s3proxy.{name}": os.environ[variable] for name, variable in names.items()},
        "jclouds.provider": "filesystem-nio2",
        "jclouds.filesystem.basedir": folder / "objects",
    }
    conf = folder / "s3proxy.conf"
    conf.touch(mode=0o600)
    conf.write_text(
        "".join(f"{name}={in_properties(value)}\n" for name, value in values.items()),
        encoding="ascii",
    )
    return conf


def _await_answer(settings: S3Settings, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while is_free(int(settings.endpoint.rpartition(":")[2])):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StoreUnreachableError(
                "the S3 server did not come up", remedy=f"Its log says why: {folder}/server.log"
            )
        time.sleep(_POLL_S)
    with answering(settings.endpoint):
        client(settings).head_bucket(Bucket=BUCKET)


def main() -> None:
    """Serve in the foreground until Ctrl-C."""
    loaded = load_settings()
    folder = loaded.home / "s3"
    endpoint = loaded.s3.endpoint or _DEFAULT
    with (
        suppress(KeyboardInterrupt),
        s3_server(folder, int(endpoint.rpartition(":")[2])) as settings,
    ):
        sys.stdout.write(
            f"S3 at {settings.endpoint}, objects under {folder}; Ctrl-C stops it. With the same"
            f" credentials:\n"
            f"  export ECHOSTREAM_LAKE=s3a://{BUCKET}/try"
            f" ECHOSTREAM_S3__ENDPOINT={settings.endpoint}\n"
        )
        sys.stdout.flush()
        Event().wait()


if __name__ == "__main__":
    try:
        main()
    except EchoStreamError as error:
        sys.exit(f"error: {error.with_entry()}")
