"""Open the control plane's database: SQLite in the home, or PostgreSQL by `api.database`."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from foundation.errors import (
    ControlPlaneError,
    ControlPlaneUnreachableError,
    DiskFullError,
    SettingsError,
)

T = TypeVar("T")
HEAD = "0002"  # the newest migration
_MIGRATIONS = Path(__file__).parent / "migrations"
_SQLITE = "sqlite:///"
_PATIENCE_S = 5  # to wait for another writer, a pooled connection or the server
_LOCK = 0x45434F53  # PostgreSQL's advisory lock during migrations: "ECOS"
_WRITES = "echostream_writes"
_FULL = "is full"  # in SQLite's message


class Database:
    """Opens sessions on the control plane. Before the first one, it migrates the tables.

    >>> with Database("sqlite:///control.db").reading() as session: ...
    """

    def __init__(self, address: str) -> None:
        """Parse the address, without opening the database.

        Raises:
            SettingsError: it is not an address of SQLite or PostgreSQL.
        """
        self._url = _url(address)
        self._lock = threading.Lock()
        self._engine: Engine | None = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that only reads.

        Raises:
            ControlPlaneUnreachableError: the database does not answer.
        """
        with _named_errors(), Session(self._ready()) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session that is committed at its end, or rolled back after an error.

        On SQLite it takes the write lock at its beginning, so that no other writer can change what
        the session has read.

        Raises:
            ControlPlaneUnreachableError: the database does not answer.
        """
        with _named_errors():
            engine = self._ready().execution_options(**{_WRITES: True})
            with Session(engine) as session, session.begin():
                yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a session, commit it and return its result.

        If another process has just inserted the same row, `work` runs once more.

        Raises:
            ControlPlaneUnreachableError: the database does not answer.
        """
        try:
            with self.writing() as session:
                return work(session)
        except IntegrityError:
            with self.writing() as session:
                return work(session)

    def prepare(self) -> None:
        """Migrate the tables to the newest version.

        Raises:
            ControlPlaneError: a newer version of EchoStream has migrated them.
            ControlPlaneUnreachableError: the database does not answer.
        """
        with _named_errors():
            self._ready()

    def close(self) -> None:
        """Close all connections. The next session opens new ones."""
        with self._lock:
            if self._engine:
                self._engine.dispose()
                self._engine = None

    def _ready(self) -> Engine:
        with self._lock:
            if self._engine is None:
                engine = _engine(self._url)
                try:
                    with _alone(self._url):
                        _migrate(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine


def _url(address: str) -> URL:
    if address.startswith(_SQLITE) and (file := address.removeprefix(_SQLITE)):
        return URL.create("sqlite", database=file)  # whole: a home may have a question mark
    try:
        url = make_url(address)
    except ArgumentError:
        raise _wrong_address() from None
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise _wrong_address()


def _wrong_address() -> SettingsError:
    return SettingsError(
        "setting api.database is not the address of a database",
        remedy="Set postgresql://user:password@host/database, or leave it out",
    )


def _engine(url: URL) -> Engine:
    if url.drivername != "sqlite":
        return create_engine(
            url,
            pool_pre_ping=True,
            pool_timeout=_PATIENCE_S,
            hide_parameters=True,
            connect_args={"connect_timeout": _PATIENCE_S},
        )
    file = Path(url.database or "")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
    except OSError as error:
        raise DiskFullError(
            f"{file} cannot be made: {error.strerror}", remedy="Check the rights of ECHOSTREAM_HOME"
        ) from None
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _PATIENCE_S})
    event.listen(engine, "connect", _as_we_use_sqlite)
    event.listen(engine, "begin", _begin_on_sqlite)
    return engine


def _as_we_use_sqlite(connection: Any, _record: Any) -> None:  # a sqlite3.Connection
    connection.isolation_level = None  # `_begin_on_sqlite` sends BEGIN
    for pragma in (
        f"busy_timeout = {_PATIENCE_S * 1000}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_on_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _alone(url: URL) -> Iterator[None]:
    """Hold a lock on the folder of SQLite's file. PostgreSQL has its own lock in `_migrate`.

    Several processes may start in a new home and each create the tables. On a busy machine the
    first one may take longer than `_PATIENCE_S`, after which SQLite fails the others.
    """
    if url.drivername != "sqlite":
        yield
        return
    folder = os.open(Path(url.database or "").parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        if _version(connection) == HEAD:
            return
        # Alembic is slow to import, so import it before the lock for which other processes wait.
    from alembic import command  # noqa: F401, PLC0415  # see above

    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if _version(connection) != HEAD:  # another process may have migrated meanwhile
            _upgrade(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # `_migrate` has imported it
    from alembic.config import Config  # noqa: PLC0415  # as above
    from alembic.util import CommandError  # noqa: PLC0415  # as above

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise ControlPlaneError(
            "the control plane's tables are of a newer version",
            remedy="Install the newest version that was used with this database",
        ) from None


@contextmanager
def _named_errors() -> Iterator[None]:
    """Turn the database's errors into our own, since their texts can quote addresses and values."""
    try:
        yield
    except OperationalError as error:
        if _FULL in str(error.orig):
            raise DiskFullError(
                "the control plane's disk is full", remedy="Make room below ECHOSTREAM_HOME"
            ) from None
        raise _unreachable() from None
    except PoolTimeoutError:
        raise _unreachable() from None
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _unreachable() from None
        raise


def _unreachable() -> ControlPlaneUnreachableError:
    return ControlPlaneUnreachableError(
        "the control plane's database does not answer", remedy="Check api.database and its server"
    )
