"""Read pseudonym keys in Spark's workers, which convert older pseudonyms to the newest key."""

from dataclasses import dataclass
from functools import cache

from foundation.key_sources import KeySource
from foundation.keys import PSEUDONYM_KEY, PseudonymKey
from foundation.secret_keys import in_use


@dataclass(frozen=True, slots=True)
class KeyChain:
    """The pseudonym keys of a lake. Spark sends it to its workers, since it holds no secret.

    Attributes:
        source: where the keys are read.
        key_id: the fingerprint of the newest key.
        former: the fingerprints of the keys that the lake used before.
    """

    source: KeySource
    key_id: str
    former: frozenset[str] = frozenset()


@cache
def chain_of(chain: KeyChain) -> PseudonymKey:
    """Return the chain's newest key, read once per process.

    Raises:
        KeyFileError, KeyServiceError: it cannot be read, or is not the expected key.
    """
    return PseudonymKey.of(
        in_use(chain.source.newest(), chain.key_id, f"{PSEUDONYM_KEY} {chain.source.where}")
    )
