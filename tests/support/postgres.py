"""Run an empty PostgreSQL server of Debian's packages on loopback, and remove it afterwards."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.host.ports import free_ports

PASSWORD = "s3cr3t-of-the-store"
_START_S = 30.0


@dataclass
class Server:
    """A server that can be stopped and started again."""

    programs: Path
    folder: Path
    port: int
    user: str | None
    process: subprocess.Popen[bytes] | None = None

    def address(self, schema: str = "public") -> str:
        return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/postgres?options=-csearch_path%3D{schema}"

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            words = [
                "-D",
                self.folder / "data",
                "-p",
                str(self.port),
                "-h",
                "127.0.0.1",
                "-k",
                self.folder,
            ]
            self.process = subprocess.Popen(
                [self.programs / "postgres", *words], stdout=log, stderr=log, user=self.user
            )
        deadline = time.monotonic() + _START_S
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, f"no answer within {_START_S} s"
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it without waiting for its clients."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
            self.process = None

    def run(self, statement: str) -> list[tuple]:
        import psycopg

        with psycopg.connect(self.address(), autocommit=True) as sql:
            answer = sql.execute(statement)
            return answer.fetchall() if answer.description else []

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.address(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def new_postgres() -> Iterator[Server]:
    """Run a server. Skip the test if none is installed or it cannot run as our user."""
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found += [Path(program).resolve() for program in [shutil.which("initdb")] if program]
    if not found:
        pytest.skip("no PostgreSQL server is installed (initdb)")
    user = None
    if os.geteuid() == 0:  # the server refuses to run as root
        user = next(
            (entry.pw_name for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody")),
            None,
        )
        if user is None:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    # the server's user cannot read pytest's folders
    folder = Path(tempfile.mkdtemp(prefix="echostream-postgres-"))
    try:
        if user:
            shutil.chown(folder, user)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        words = [
            "-D",
            folder / "data",
            "-U",
            "postgres",
            "-A",
            "scram-sha-256",
            f"--pwfile={folder / 'password'}",
        ]
        made = subprocess.run(
            [found[0].parent / "initdb", *words, "--no-sync", "--locale=C", "-E", "UTF8"],
            capture_output=True,
            text=True,
            check=False,
            user=user,
            cwd="/",
        )
        assert made.returncode == 0, made.stderr
        server = Server(found[0].parent, folder, free_ports(1)[0], user)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
