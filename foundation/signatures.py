"""Sign receipts with Ed25519. The public key can check a receipt, but cannot make one."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from foundation.secret_keys import SecretKey


def sign(facts: Mapping[str, Any], key: SecretKey) -> str:
    """Return the base64 signature of all facts except `signature`, with times in UTC."""
    return base64.b64encode(_private(key).sign(_canonical(facts))).decode()


def public_key(key: SecretKey) -> str:
    """Return the public key that checks the key's signatures: 32 bytes in base64."""
    public = _private(key).public_key()
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def is_signed(facts: Mapping[str, Any], public: str) -> bool:
    """Tell whether `facts["signature"]` is the public key's signature of the facts."""
    try:
        signature = base64.b64decode(str(facts.get("signature", "")), validate=True)
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public)).verify(
            signature, _canonical(facts)
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _private(key: SecretKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.secret)


def _canonical(facts: Mapping[str, Any]) -> bytes:
    unsigned = {name: value for name, value in facts.items() if name != "signature"}
    return orjson.dumps(
        unsigned, option=orjson.OPT_SORT_KEYS | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z
    )
