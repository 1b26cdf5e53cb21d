"""Find the tables of a lake by listing its folders, so that a new table needs no entry here."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from foundation.errors import AccessError, StoreUnreachableError
from foundation.sections import S3Settings
from lakehouse.storage import s3 as store

AWS = S3Settings()
_DENIED = "ACCESS_DENIED"  # in Arrow's message
LAYERS = ("bronze", "silver", "gold", "quarantine", "ops")


def lake_tables(
    lake_uri: str, s3: S3Settings = AWS, *, whole: bool = False
) -> dict[str, list[str]]:
    """Return the URIs of Delta tables by name, `layer.table`.

    A name has several URIs if its folder holds one table per writer, such as ops/batches/<job>.
    Their union is the table. A layer that this user may not read (docs/privacy/access.md) has no
    tables.

    >>> lake_tables("var/lake")["silver.posts"]

    Args:
        lake_uri: the lake's folder or S3 address.
        s3: how to reach a lake on S3.
        whole: whether a layer that may not be read is an error.

    Raises:
        StoreUnreachableError: the lake is on S3, which does not answer.
        AccessError: no layer may be read, or with `whole`, one may not.
    """
    folders = (
        partial(_folders_on_s3, store.arrow_files(s3)) if store.is_s3(lake_uri) else local_folders
    )
    tables: dict[str, list[str]] = {}
    closed = []
    for layer in LAYERS:
        try:
            tables |= _layer_tables(f"{lake_uri}/{layer}", folders)
        except PermissionError:
            closed.append(layer)
    if len(closed) == len(LAYERS) or (closed and whole):
        raise AccessError(
            f"{', '.join(closed)} of {lake_uri} may not be read",
            remedy="Ask the lake's operator for access, or check the credentials",
        )
    return tables


def arrow_files(uri: str, s3: S3Settings) -> Any:
    """Return Arrow's file system with its root at the URI. Arrow declares no type for it."""
    from pyarrow import fs  # noqa: PLC0415  # slow to import, and a local lake does not need it

    if store.is_s3(uri):
        return fs.SubTreeFileSystem(uri.partition("://")[2], store.arrow_files(s3))
    return fs.SubTreeFileSystem(uri, fs.LocalFileSystem())


def _layer_tables(uri: str, folders: Callable[[str], list[str]]) -> dict[str, list[str]]:
    uris = {}
    for table in folders(uri):
        parts = (
            [table]
            if _is_delta(table, folders)
            else [p for p in folders(table) if _is_delta(p, folders)]
        )
        if parts:
            uris[f"{uri.rpartition('/')[2]}.{table.rpartition('/')[2]}"] = parts
    return uris


def _is_delta(uri: str, folders: Callable[[str], list[str]]) -> bool:
    if store.is_s3(uri):
        return f"{uri}/_delta_log" in folders(uri)
    return any(Path(uri, "_delta_log").glob("*.json"))


def local_folders(uri: str) -> list[str]:
    return (
        sorted(str(path) for path in Path(uri).iterdir() if path.is_dir())
        if Path(uri).is_dir()
        else []
    )


def _folders_on_s3(files: Any, uri: str) -> list[str]:
    from pyarrow import fs  # noqa: PLC0415  # as above

    try:
        selector = fs.FileSelector(uri.partition("://")[2], allow_not_found=True)
        children: list[Any] = files.get_file_info(selector)
    except OSError as error:
        if _DENIED in str(error):
            raise PermissionError(str(error).splitlines()[0]) from None
        raise StoreUnreachableError(
            f"{uri} cannot be listed: {str(error).splitlines()[0]}",
            remedy="Check s3.endpoint, the bucket and AWS's credentials",
        ) from None
    return sorted(
        f"{uri}/{child.base_name}" for child in children if child.type == fs.FileType.Directory
    )
