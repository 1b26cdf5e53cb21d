"""Identify the caller of a request, and refuse requests from foreign web pages.

A key names a tenant and scopes. On loopback with a single tenant, no key is needed. There the
headers Host, Origin and Sec-Fetch-Site keep out web pages that the user happens to visit.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from foundation import clock
from foundation.sections import ApiSettings
from serving.api.problems import ProblemError
from tenancy.api_keys import KeyRecord, Scope, find_key, note_use
from tenancy.database import Database
from tenancy.tenants import DEFAULT_TENANT, is_alone

Headers = Mapping[bytes, bytes]
_CACHE_S = 60.0
_CACHED = 10_000
_LOOKUPS = 4  # at a time
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_OUR_SITES = (b"same-origin", b"none")
# A proxy sets one of them, and a client behind a proxy is not on this machine.
_FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")
_SCHEMES = ("http://", "https://")
_PORTS_LEFT_OUT = {"http://": ":80", "https://": ":443"}
_REALM = 'Bearer realm="echostream"'


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request."""

    tenant: str
    scopes: frozenset[Scope]
    key_id: str = ""  # empty if the caller has no key
    prefix: str = ""  # the public part of the key, for the log
    expires_at: datetime | None = None

    @property
    def is_owner(self) -> bool:
        """Whether the caller owns the lake, and so sees all cells of Gold."""
        return Scope.ADMIN in self.scopes

    def may(self, scope: Scope) -> bool:
        """Tell whether the caller has the scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


OWNER = Caller(DEFAULT_TENANT, frozenset(Scope))
# Without a key, while the number of tenants is unknown: a scope that reads no tenant's data.
_UNKNOWN_OWNER = Caller(DEFAULT_TENANT, frozenset({Scope.SENTIMENT_WRITE}))


def demand(caller: Caller, scope: Scope) -> None:
    """Refuse a caller without the scope.

    Raises:
        ProblemError: 403, if the scope is missing.
    """
    if not caller.may(scope):
        raise ProblemError(
            403, "forbidden_scope", f"The key needs the scope {scope}", headers=_challenge(scope)
        )


class Gatekeeper:
    """Checks by its headers where a request comes from."""

    def __init__(self, settings: ApiSettings) -> None:
        self.is_loopback = is_loopback(settings.host)
        self._hosts = frozenset(_hosts(settings, is_on_loopback=self.is_loopback))
        self._any_host = not self.is_loopback and not settings.allowed_hosts

    def check(self, headers: Headers) -> None:
        """Refuse a request that names another host or comes from a foreign web page.

        Raises:
            ProblemError: 421 for another host, 403 for a foreign web page.
        """
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._any_host and host not in self._hosts:
            raise ProblemError(421, "wrong_host", "The Host header does not name this service")
        site = headers.get(b"sec-fetch-site")
        if site is not None and site not in _OUR_SITES:
            raise _foreign()
        origin = headers.get(b"origin")
        if origin is not None and not self._is_ours(origin.decode("latin-1").lower(), host):
            raise _foreign()

    def lets_in_without_key(self, headers: Headers) -> bool:
        """Tell whether the request comes from this machine, and through no proxy."""
        return self.is_loopback and not any(name in headers for name in _FORWARDED)

    def _is_ours(self, origin: str, host: str) -> bool:
        for scheme in _SCHEMES:
            if origin.startswith(scheme):
                named = origin.removeprefix(scheme)
                known = named in self._hosts or named + _PORTS_LEFT_OUT[scheme] in self._hosts
                return named == host if self._any_host else known
        return False


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _hosts(settings: ApiSettings, *, is_on_loopback: bool) -> Iterable[str]:
    if is_on_loopback:
        for name in _LOOPBACK_NAMES:
            yield f"{name}:{settings.port}"
    for name in settings.allowed_hosts:
        yield name.lower()


class Authenticator:
    """Identifies callers by their key in the control plane, or on loopback without a key."""

    def __init__(self, database: Database, settings: ApiSettings) -> None:
        self._database = database
        self._keyless = settings.keyless_loopback
        self._known: OrderedDict[bytes, tuple[Caller | None, float]] = OrderedDict()
        self._forgotten = 0  # counts the calls of `forget`
        self._lookups = asyncio.Semaphore(_LOOKUPS)
        self._last_used: dict[tuple[str, str], datetime] = {}
        self._is_alone: bool | None = None  # not known yet

    def learn_tenants(self) -> None:
        """Read whether `default` is the only tenant. It blocks, so call it in a thread."""
        self._is_alone = is_alone(self._database)

    def flush(self) -> None:
        """Write when each key was last used. It blocks, so call it in a thread."""
        taken = self._last_used
        self._last_used = {}
        try:
            note_use(self._database, taken)
        except Exception:
            self._last_used = taken | self._last_used
            raise

    async def caller(self, headers: Headers, *, may_be_keyless: bool) -> Caller:
        """Return the caller of a request with these headers.

        Raises:
            ProblemError: 401, with the same answer for unknown, revoked and expired keys.
            ControlPlaneUnreachableError: the key is not in the cache and cannot be looked up.
        """
        given = headers.get(b"authorization")
        if given is None:
            if may_be_keyless and self._keyless and self._is_alone is not False:
                return OWNER if self._is_alone else _UNKNOWN_OWNER
            raise _unauthenticated(_REALM)
        scheme, _, key = given.partition(b" ")
        caller = await self._by_key(key.strip()) if scheme.lower() == b"bearer" else None
        if caller is None or (caller.expires_at and caller.expires_at <= clock.now()):
            raise _unauthenticated(f'{_REALM}, error="invalid_token"')
        return caller

    async def _by_key(self, key: bytes) -> Caller | None:
        digest = hashlib.sha256(key).digest()
        caller, until = self._known.get(digest, (None, 0.0))
        if until <= time.monotonic():
            async with self._lookups:
                forgotten = self._forgotten
                caller = await asyncio.to_thread(self._look_up, key.decode("latin-1"))
            if forgotten == self._forgotten:  # otherwise it may have been revoked meanwhile
                self._remember(digest, caller)
        if caller:
            self._last_used[caller.tenant, caller.key_id] = clock.now()
        return caller

    def _look_up(self, key: str) -> Caller | None:
        record = find_key(self._database, key)
        return caller_of(record) if record else None

    def _remember(self, digest: bytes, caller: Caller | None) -> None:
        self._known[digest] = (caller, time.monotonic() + _CACHE_S)
        self._known.move_to_end(digest)
        if len(self._known) > _CACHED:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Empty the cache of keys, so that a key revoked by this process is refused at once."""
        self._known.clear()
        self._forgotten += 1


def caller_of(record: KeyRecord) -> Caller:
    """Return the caller that a key identifies."""
    return Caller(
        tenant=record.tenant,
        scopes=frozenset(record.scopes),
        key_id=record.key_id,
        prefix=record.prefix,
        expires_at=record.expires_at,
    )


def _foreign() -> ProblemError:
    return ProblemError(403, "foreign_origin", "Web pages of other sites may not use this service")


def _unauthenticated(challenge: str) -> ProblemError:
    return ProblemError(
        401,
        "unauthenticated",
        "A valid key is needed: Authorization: Bearer es_…",
        headers={"WWW-Authenticate": challenge},
    )


def _challenge(scope: Scope) -> dict[str, str]:
    challenge = f'{_REALM}, error="insufficient_scope", scope="{scope}"'
    return {"WWW-Authenticate": challenge}
