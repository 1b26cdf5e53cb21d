"""The pseudonym keys as Spark's workers have them: by source, to bring older pseudonyms forward."""

from dataclasses import dataclass
from functools import cache

from foundation.key_sources import KeySource
from foundation.keys import PSEUDONYM_KEY, PseudonymKey
from foundation.secret_keys import in_use


@dataclass(frozen=True, slots=True)
class KeyChain:
    """The pseudonym keys up to one of them.

    Attributes:
        source: where they are; it is all that travels.
        key_id: the fingerprint of the newest.
        former: the fingerprints of those that the lake was under before.
    """

    source: KeySource
    key_id: str
    former: frozenset[str] = frozenset()


@cache
def chain_of(chain: KeyChain) -> PseudonymKey:
    """Return the chain's newest key, read once per process.

    Raises:
        KeyFileError, KeyServiceError: it cannot be had, or is not the right one.
    """
    return PseudonymKey.of(
        in_use(chain.source.newest(), chain.key_id, f"{PSEUDONYM_KEY} {chain.source.where}")
    )
