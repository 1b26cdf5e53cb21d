"""Which tables a lake holds: found by looking, so that a new table needs no entry here."""

from pathlib import Path
from typing import Any

LAYERS = ("bronze", "silver", "gold", "quarantine", "ops")


def lake_tables(lake_uri: str) -> dict[str, list[str]]:
    """`layer.table` → the URIs of its Delta tables.

    More than one where a folder holds one table per writer, such as ops/batches/<job>: read as their union.
    """
    found: dict[str, list[str]] = {}
    for layer in LAYERS:
        for table in _folders(f"{lake_uri}/{layer}"):
            parts = [table] if _is_delta(table) else [part for part in _folders(table) if _is_delta(part)]
            if parts:
                found[f"{layer}.{table.rpartition('/')[2]}"] = parts
    return found


def is_local(uri: str) -> bool:
    """True for a path on this machine."""
    return "://" not in uri


def arrow_files(uri: str) -> Any:
    """Arrow's file system with its root there; any type, for Arrow declares none."""
    from pyarrow import fs  # noqa: PLC0415  # half a second that listing a local lake does not need

    if is_local(uri):
        return fs.SubTreeFileSystem(uri, fs.LocalFileSystem())
    store, path = fs.FileSystem.from_uri(uri.replace("s3a://", "s3://", 1))
    return fs.SubTreeFileSystem(path, store)


def _is_delta(uri: str) -> bool:
    if is_local(uri):
        return any(Path(uri, "_delta_log").glob("*.json"))
    return f"{uri}/_delta_log" in _folders(uri)


def _folders(uri: str) -> list[str]:
    if is_local(uri):
        return sorted(str(path) for path in Path(uri).iterdir() if path.is_dir()) if Path(uri).is_dir() else []
    return _remote_folders(uri)


def _remote_folders(uri: str) -> list[str]:
    from pyarrow import fs  # noqa: PLC0415  # as above

    files = arrow_files(uri)
    children: list[Any] = files.get_file_info(fs.FileSelector("", allow_not_found=True))
    return sorted(f"{uri}/{child.base_name}" for child in children if child.type == fs.FileType.Directory)
