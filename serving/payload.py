"""Read one payload of Bronze as received, for an engineer who may read the payload key."""

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
    """Return the payload of the record at these coordinates, or None if the record had none.

    Raises:
        QueryError: Bronze has no such record, or the record was changed after its encryption.
        KeyFileError, KeyServiceError, KeyMismatchError: the payload is encrypted and the key cannot
            be read.
    """
    uris = lake_tables(settings.lake_uri, settings.s3).get(_BRONZE)
    if not uris:
        raise QueryError(f"the lake has no {_BRONZE} yet", remedy="`echostream run` makes it")
    (uri,) = uris
    given = {"topic": at.topic, "partition": at.partition, "offset": at.offset}
    values = [row["value"] for row in scan(_BRONZE, uri, settings.s3, _AT, given)]
    if not values:
        raise QueryError(
            f"{_BRONZE} has no record {at.topic}/{at.partition}/{at.offset}",
            remedy="silver.posts.bronze and quarantine.posts say where a record was",
        )
    try:
        return decrypt(values[0], payload_source(settings), at)
    except BadRecordError as bad:
        raise QueryError(
            f"the payload cannot be decrypted: {bad}",
            remedy="The stored record was changed or moved: restore it from a backup",
        ) from None
