"""Read, write and move the files of a lake on S3 that are not tables, such as checkpoints."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from foundation.sections import S3Settings
from lakehouse.storage.s3 import answering, client


@dataclass(frozen=True, slots=True)
class S3Path:
    """An object or a folder of a bucket, with the methods of pathlib.Path that checkpoints need.

    A write replaces the whole object or nothing.

    >>> folder = S3Path("s3a://lake/_checkpoints/topic_to_bronze", settings.s3)
    >>> (folder / "metadata").is_file()
    """

    uri: str
    s3: S3Settings

    def __str__(self) -> str:
        """Return the URI."""
        return self.uri

    def __truediv__(self, name: str) -> "S3Path":
        """Return the path of a name below this one."""
        return S3Path(f"{self.uri}/{name}", self.s3)

    @property
    def name(self) -> str:
        """Return the last part of the URI."""
        return self.uri.rpartition("/")[2]

    @property
    def place(self) -> dict[str, str]:
        """Return bucket and key, as boto3's arguments."""
        bucket, _, key = self.uri.partition("://")[2].partition("/")
        return {"Bucket": bucket, "Key": key}

    def with_name(self, name: str) -> "S3Path":
        """Return the path of another name beside this one."""
        return S3Path(f"{self.uri.rpartition('/')[0]}/{name}", self.s3)

    def is_file(self) -> bool:
        """Return whether an object has this key."""
        return self.place["Key"] in self._keys()

    def is_dir(self) -> bool:
        """Return whether objects lie below this key."""
        return any(key != self.place["Key"] for key in self._keys())

    def exists(self) -> bool:
        """Return whether this is a file or a folder."""
        return bool(self._keys())

    def iterdir(self) -> Iterator["S3Path"]:
        """Yield the paths directly below this one, by name."""
        start = len(self.place["Key"]) + 1
        # s3a marks a folder by an object whose name below it is empty.
        below = {key[start:].partition("/")[0] for key in self._keys()} - {""}
        for name in sorted(below):
            yield self / name

    def read_text(self, encoding: str) -> str:
        """Return the object's text.

        Raises:
            FileNotFoundError: there is no such object.
        """
        store = client(self.s3)
        with answering(self.uri):
            try:
                content: bytes = store.get_object(**self.place)["Body"].read()
            except store.exceptions.NoSuchKey:
                raise FileNotFoundError(self.uri) from None
        return content.decode(encoding)

    def write_text(self, text: str, encoding: str) -> None:
        """Write the object, or replace it."""
        with answering(self.uri):
            client(self.s3).put_object(**self.place, Body=text.encode(encoding))

    def remove(self) -> None:
        """Delete the object, if there is one."""
        with answering(self.uri):
            client(self.s3).delete_object(**self.place)

    def mkdir(self, *, parents: bool, exist_ok: bool) -> None:
        """Do nothing: a bucket has no folders."""

    def move(self, target: "S3Path") -> None:
        """Move the object, or all objects below it.

        `metadata`, without which no job starts, is deleted first. So a move that is cut short never
        leaves a part of a checkpoint from which a job would start.
        """
        own = self.place
        destination = target.place
        moved = sorted(self._keys(), key=lambda key: not key.endswith("/metadata"))
        with answering(self.uri):
            for key in moved:
                source = {"Bucket": own["Bucket"], "Key": key}
                new = destination["Key"] + key.removeprefix(own["Key"])
                client(self.s3).copy_object(
                    Bucket=destination["Bucket"], Key=new, CopySource=source
                )
            for key in moved:
                client(self.s3).delete_object(Bucket=own["Bucket"], Key=key)

    def _keys(self) -> list[str]:
        """Return this key, if an object has it, and all keys below."""
        key = self.place["Key"]
        with answering(self.uri):
            pages = (
                client(self.s3)
                .get_paginator("list_objects_v2")
                .paginate(Bucket=self.place["Bucket"], Prefix=key)
            )
            keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        return [name for name in keys if name == key or name.startswith(f"{key}/")]


Folder = Path | S3Path


def move(source: Folder, target: Folder) -> None:
    """Move a file, or a folder with all files in it.

    A move on S3 that is cut short leaves no part of a checkpoint from which a job would start.
    """
    match source, target:
        case S3Path(), S3Path():
            source.move(target)
        case Path(), Path():
            source.replace(target)
