"""Check that the key in use is the one that made the lake's pseudonyms."""

from collections.abc import Mapping

from foundation.errors import KeyMismatchError
from foundation.key_sources import pseudonym_source
from foundation.settings import Settings
from lakehouse.delta.log import TableLog
from schemas.stored_names import FORMER_KEYS_PROPERTY, KEY_PROPERTY
from schemas.tables import BRONZE_POSTS, SILVER_POSTS


def demand_key(properties: Mapping[str, str], key_id: str) -> None:
    """Refuse silver.posts if its properties name another key.

    Raises:
        KeyMismatchError: they do, or a rotation was begun and not finished.
    """
    if (key_id_of_lake := properties.get(KEY_PROPERTY, key_id)) != key_id:
        raise KeyMismatchError(
            f"{SILVER_POSTS.name} is under key {key_id_of_lake}, the key in use is {key_id}",
            remedy="If a rotation was begun, `echostream keys rotate` finishes it. Else put that"
            " key and its fingerprint back: under another key every author would count twice",
        )


def key_id_in_use(settings: Settings) -> str:
    """Return the fingerprint of the key in use, which is also the lake's.

    Raises:
        KeyFileError: the fingerprint of the key in use is not known.
        KeyMismatchError: the lake is under another key.
    """
    key_id = pseudonym_source(settings).key_id()
    demand_key(TableLog(SILVER_POSTS, settings).properties(), key_id)
    return key_id


def former_key_ids(settings: Settings) -> frozenset[str]:
    """Return the fingerprints of keys that were rotated; records under them are still accepted."""
    key_ids = TableLog(BRONZE_POSTS, settings).properties().get(FORMER_KEYS_PROPERTY, "")
    return frozenset(key_ids.split())
