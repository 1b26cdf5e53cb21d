"""Look at the beginning of a file, so that nothing of it is sent if it is no platform's payloads.

One document with a mark of the platform is enough, wherever it stands in the beginning: lines
before it may be broken, as they may be later. A mark of another platform decides where there is
none of the own, since mappers take whatever has an id and a text.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from foundation.errors import PayloadFileError
from ingestion.platform import AuthorDelete, Ignored, Json, Platform, Post, Unmappable
from ingestion.recordings.files import BrokenLine, Document, read_beginning, read_documents
from ingestion.recordings.kinds import SIZE, Kind, kind_by_mark, kind_of

_DOCUMENTS = 1_000
_BYTES = 16 * 1024 * 1024
_PAYLOADS = 100  # of one document
_UNKNOWN = "other"  # the kind of what a mapper does not know
_ANYWAY = "--no-check sends it as it is"


@dataclass(slots=True)
class _Beginning:
    """What the first documents of a file are."""

    documents: int = 0
    broken: int = 0
    known: int = 0  # documents with a post, or with something ignored by its kind
    unmappable: Counter[str] = field(default_factory=Counter)  # by the field that is wrong
    others: Counter[str] = field(default_factory=Counter)  # by the platform whose mark it has


def require_payloads(platform: Platform, file: Path, others: Iterable[Platform]) -> bool:
    """Refuse a file that is none of this platform's payloads; read only its beginning.

    Args:
        platform: whose payloads it should hold.
        file: which.
        others: all platforms that it could be of instead.

    Returns:
        Whether a payload has a mark of the platform, so that it is surely one of it.

    Raises:
        PayloadFileError: the file cannot be read, or seems to be something else.
    """
    foreign = [other for other in others if other.name != platform.name]
    seen = _Beginning()
    try:
        # An archive without compression holds right lines too, and its own header in the first one.
        beginning = read_beginning(file, SIZE)
        if not _begins_as_json(beginning) and (kind := kind_by_mark(beginning)):
            raise _is_something_else(file, kind)
        for document in read_documents(file, beginning=_BYTES):
            if isinstance(document, BrokenLine):
                seen.broken += 1
                continue
            if _look(seen, platform, document, foreign):
                return True
            if seen.documents == _DOCUMENTS:
                break
    except PayloadFileError as error:
        if seen.documents or (kind := _binary_kind(file)) is None:
            raise
        raise _is_something_else(file, kind) from error
    _judge(seen, platform, file)
    return False


def _look(
    seen: _Beginning, platform: Platform, document: Document, foreign: list[Platform]
) -> bool:
    """Note what a document is; return whether it is surely the platform's."""
    payloads = list(islice(platform.payloads(document.content), _PAYLOADS))
    if any(platform.is_own(payload) for payload in payloads):
        return True
    seen.documents += 1
    answers = [platform.map(payload, document.observed_at) for payload in payloads]
    seen.known += any(
        isinstance(answer, Post | AuthorDelete)
        or (isinstance(answer, Ignored) and answer.kind != _UNKNOWN)
        for answer in answers
    )
    seen.unmappable.update(
        answer.detail for answer in answers[:1] if isinstance(answer, Unmappable)
    )
    seen.others.update(other.name for other in foreign if _has_mark(other, document.content))
    return False


def _has_mark(platform: Platform, content: Json) -> bool:
    return any(
        platform.is_own(payload) for payload in islice(platform.payloads(content), _PAYLOADS)
    )


def _judge(seen: _Beginning, platform: Platform, file: Path) -> None:
    """Refuse a file by what its beginning is; one that holds nothing is none to refuse."""
    if seen.others:
        ((other, _),) = seen.others.most_common(1)
        raise PayloadFileError(
            f"{file} seems to hold payloads of {other}, not of {platform.name}",
            remedy=f"Send it with `echostream replay {other} {file}`; {_ANYWAY}",
        )
    if seen.broken > seen.documents:
        raise _is_something_else(file, kind_of(read_beginning(file, SIZE)))
    if seen.unmappable and not seen.known:
        ((detail, _),) = seen.unmappable.most_common(1)
        raise PayloadFileError(
            f"{file} seems to hold no payloads of {platform.name}: none of its first"
            f" {seen.documents} documents has a right {detail}",
            remedy=f"Name payloads as the API of {platform.name} gives them; {_ANYWAY}",
        )


def _binary_kind(file: Path) -> Kind | None:
    """Return what a file is that could not be read to the end of its first line."""
    try:
        beginning = read_beginning(file, SIZE)
    except PayloadFileError:
        return None
    return None if _begins_as_json(beginning) or not beginning else kind_of(beginning)


def _begins_as_json(beginning: bytes) -> bool:
    return beginning.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def _is_something_else(file: Path, kind: Kind) -> PayloadFileError:
    return PayloadFileError(
        f"{file} seems to be {kind.name}, and not JSON in UTF-8", remedy=kind.remedy
    )
