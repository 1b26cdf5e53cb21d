"""One payload of Bronze as it was received, for an engineer who may read the payload key."""

from foundation.errors import QueryError
from foundation.key_sources import payload_source
from foundation.settings import Settings
from serving.catalog import lake_tables
from serving.reader.scan import scan
from transforms.decode import BadRecordError
from transforms.payloads import At, decrypt

_BRONZE = "bronze.posts"
_AT = 'topic = $topic AND "partition" = $partition AND "offset" = $offset'


def received(settings: Settings, at: At) -> bytes | None:
    """Return the payload of the record at these coordinates; None where it had none.

    Raises:
        QueryError: Bronze holds no such record, or what it holds is not what was encrypted there.
        KeyFileError, KeyServiceError, KeyMismatchError: it is encrypted, and the key cannot be had.
    """
    uris = lake_tables(settings.lake_uri, settings.s3).get(_BRONZE)
    if not uris:
        raise QueryError(f"the lake has no {_BRONZE} yet", remedy="`echostream run` makes it")
    (uri,) = uris
    given = {"topic": at.topic, "partition": at.partition, "offset": at.offset}
    values = [row["value"] for row in scan(_BRONZE, uri, settings.s3, _AT, given)]
    if not values:
        raise QueryError(
            f"{_BRONZE} holds no record {at.topic}/{at.partition}/{at.offset}",
            remedy="silver.posts.bronze and quarantine.posts say where a record was",
        )
    try:
        return decrypt(values[0], payload_source(settings), at)
    except BadRecordError as bad:
        raise QueryError(
            f"the payload cannot be opened: {bad}", remedy="It was changed or moved at rest"
        ) from None
