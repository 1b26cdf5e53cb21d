"""Pass persons' requests to the job that owns Silver, as signed files beside the tables.

A file holds pseudonyms and no platform's id. It is deleted once its erasure is registered, because
the tombstones hold the same pseudonyms.
"""

import json
import uuid
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from foundation import clock
from foundation.errors import ErasureRequestError
from foundation.folder_modes import protect
from foundation.key_sources import pseudonym_key, receipt_source
from foundation.secret_keys import SecretKey
from foundation.settings import Settings
from foundation.signatures import is_signed, public_key, sign
from lakehouse.storage.s3_files import Folder, S3Path, move
from schemas.stored_names import DONE_FOLDER, ERASURES_FOLDER, GRAVES_FOLDER, REQUESTS_FOLDER


@dataclass(frozen=True, slots=True)
class Subject:
    """An author or a post, by the id that the platform gives it."""

    platform: str
    kind: str  # author or post
    native_id: str


@dataclass(frozen=True, slots=True)
class Target:
    """An author or a post; `keys` has one pseudonym per version of the key, the newest first."""

    platform: str
    kind: str  # author or post
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request to erase one person's data."""

    id: str
    owner: str
    key_id: str  # the fingerprint of the pseudonym key in use
    asked_at: datetime
    targets: tuple[Target, ...]


def request_erasure(settings: Settings, subjects: Iterable[Subject], *, key: SecretKey) -> Request:
    """Create a request that names the subjects by pseudonyms only, signed with `key`.

    It has their pseudonyms under every version of the pseudonym key, because late records may come
    under an older one.

    >>> ada = Subject("mastodon", "author", "109302436954721982")
    >>> request_erasure(settings, [ada], key=receipt_key(settings))

    Raises:
        KeyFileError, KeyServiceError: the pseudonym key cannot be read.
    """
    pseudonyms = pseudonym_key(settings)
    keys_of = {"author": pseudonyms.author_keys, "post": pseudonyms.post_keys}
    targets = [
        Target(
            subject.platform,
            subject.kind,
            tuple(keys_of[subject.kind](settings.owner, subject.platform, subject.native_id)),
        )
        for subject in subjects
    ]
    return create_request(settings, targets=targets, key_id=pseudonyms.key_id, key=key)


def create_request(
    settings: Settings, *, targets: Sequence[Target], key_id: str, key: SecretKey
) -> Request:
    """Write a request for the job that owns Silver; no crash loses it after this returns."""
    request = Request(uuid.uuid4().hex, settings.owner, key_id, clock.now(), tuple(targets))
    facts = _facts(request)
    folder = _make_folder(settings, REQUESTS_FOLDER)
    draft = folder / f"{request.id}.new"
    draft.write_text(json.dumps(facts | {"signature": sign(facts, key)}), encoding="utf-8")
    move(draft, folder / f"{request.id}.json")
    return request


def pending_requests(settings: Settings) -> Iterator[Request]:
    """Yield the requests that no job has registered yet, oldest first.

    Raises:
        ErasureRequestError: a request was changed, or this lake's key has not signed it.
    """
    folder = _requests_folder(settings)
    files = (
        [file for file in folder.iterdir() if file.name.endswith(".json")]
        if folder.is_dir()
        else []
    )
    if not files:
        return
    publics = [public_key(key) for key in receipt_source(settings).newest()]
    yield from sorted(
        (_read(file, publics) for file in files), key=lambda request: request.asked_at
    )


def publish_to_producers(
    settings: Settings, erasure_id: str, tombstones: Iterable[Mapping[str, Any]]
) -> None:
    """Write an erasure's tombstones, which hold pseudonyms, to a file for producers: JSON lines."""
    folder = _make_folder(settings, GRAVES_FOLDER)
    draft = folder / f"{erasure_id}.new"
    draft.write_text(
        "".join(json.dumps(dict(tombstone)) + "\n" for tombstone in tombstones), encoding="utf-8"
    )
    move(draft, folder / f"{erasure_id}.jsonl")


def withdraw_from_producers(settings: Settings, keep: Container[str]) -> set[str]:
    """Delete the published files of all erasures but `keep`; return the erasures that had files."""
    folder = erasures_folder(settings, GRAVES_FOLDER)
    files: list[Folder] = [*folder.iterdir()] if folder.is_dir() else []
    for file in files:
        if file.name.partition(".")[0] not in keep:
            _remove(file)
    return {file.name.removesuffix(".jsonl") for file in files if file.name.endswith(".jsonl")}


@dataclass(frozen=True, slots=True)
class ProducerReport:
    """One producer's report of an erasure in its database and its platform's landing files."""

    name: str  # the file's name
    erasure_id: str
    platform: str
    counts: dict[str, int]


def producer_reports(settings: Settings) -> list[ProducerReport]:
    """Return the producers' reports that are in no receipt yet.

    Raises:
        ErasureRequestError: a file is damaged.
    """
    folder = erasures_folder(settings, DONE_FOLDER)
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    return [_read_report(folder, name) for name in sorted(names) if name.endswith(".json")]


def delete_report(settings: Settings, report: ProducerReport) -> None:
    """Delete a producer's report."""
    _remove(erasures_folder(settings, DONE_FOLDER) / report.name)


def _read_report(folder: Folder, name: str) -> ProducerReport:
    try:
        facts = json.loads((folder / name).read_text(encoding="utf-8"))
        counts = {str(kind): int(count) for kind, count in facts["counts"].items()}
        return ProducerReport(name, str(facts["erasure_id"]), str(facts["platform"]), counts)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ErasureRequestError(
            f"{ERASURES_FOLDER}/{DONE_FOLDER}/{name} is damaged",
            remedy="Remove it: the receipt then lacks that producer's counts",
        ) from None


def delete_request(settings: Settings, request: Request) -> None:
    """Delete a request that has been registered."""
    _remove(_requests_folder(settings) / f"{request.id}.json")


def _remove(file: Folder) -> None:
    if isinstance(file, S3Path):
        file.remove()
    else:
        file.unlink(missing_ok=True)


def _read(file: Folder, publics: Sequence[str]) -> Request:
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        if any(is_signed(facts, public) for public in publics):
            targets = tuple(
                Target(target["platform"], target["kind"], tuple(target["keys"]))
                for target in facts["targets"]
            )
            asked_at = datetime.fromisoformat(facts["asked_at"])
            return Request(facts["id"], facts["owner"], facts["key_id"], asked_at, targets)
    except (ValueError, KeyError, TypeError):
        pass
    raise ErasureRequestError(
        f"the erasure request {file.name} is damaged, or not signed by this lake's receipt key",
        remedy="Move the file away and ask again by `echostream erase`",
    )


def _facts(request: Request) -> dict[str, Any]:
    return asdict(request) | {"asked_at": request.asked_at.isoformat()}


def _requests_folder(settings: Settings) -> Folder:
    return erasures_folder(settings, REQUESTS_FOLDER)


def _make_folder(settings: Settings, name: str) -> Folder:
    protect(settings, ERASURES_FOLDER)
    folder = erasures_folder(settings, name)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def erasures_folder(settings: Settings, name: str) -> Folder:
    """Return a folder of erasures' files, which lies beside the tables."""
    if settings.is_on_s3:
        return S3Path(f"{settings.lake_uri}/{ERASURES_FOLDER}/{name}", settings.s3)
    return Path(settings.lake_uri) / ERASURES_FOLDER / name
