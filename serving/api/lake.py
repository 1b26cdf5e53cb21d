"""The lake for the routes: one reader, in threads of its own, so that the loop goes on."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from foundation.errors import PolicyError
from foundation.logs import get_log
from foundation.policies import Policy, policies
from foundation.settings import Settings
from foundation.tenants import owner_of
from serving.api.auth import Caller
from serving.api.problems import ProblemError

if TYPE_CHECKING:  # seconds of DuckDB, Arrow and Delta, which the first answer does not wait for
    from serving.queries.quality import Quota
    from serving.queries.shared import Viewer
    from serving.reader.reader import Reader, Snapshot

log = get_log("api")
T = TypeVar("T")
_THREADS = 4
_WAITING = 32  # questions, beyond which more are refused
Quotas = Callable[[], "Sequence[Quota]"]


class Lake:
    """Answers questions about the lake."""

    def __init__(self, settings: Settings, quotas: Quotas = list) -> None:
        """Open nothing yet.

        Args:
            settings: say where the lake is.
            quotas: tells what producers have spent, which this layer does not know.
        """
        self.settings = settings
        self.quotas = quotas
        self._pool = ThreadPoolExecutor(_THREADS, "lake")
        self._waiting = 0
        self._reader: Reader | None = None
        self._policies: dict[str, Policy] = {}

    def load(self) -> None:
        """Load what questions need; called in a thread."""
        from serving.queries import posts, quality, volume  # noqa: F401, PLC0415  # for the routes
        from serving.reader.reader import Reader  # noqa: PLC0415  # see above

        self.refresh_policies()
        self._reader = Reader(self.settings.lake_uri, s3=self.settings.s3)

    @property
    def policies(self) -> dict[str, Policy]:
        """Policies by platform, at most a minute old."""
        return self._policies

    def refresh_policies(self) -> None:
        """Read the policies again; one that is broken leaves all as they were."""
        policies.cache_clear()
        try:
            self._policies = policies()
        except PolicyError as error:
            if not self._policies:
                raise
            log.warning("policies_not_read", error=type(error).__name__)

    async def answer(self, work: "Callable[[Snapshot], T]") -> T:
        """Return what the work says of the lake as it is now.

        Raises:
            ProblemError: 503 while it is not open yet, or too many questions wait.
            LakeError, QueryError: it cannot be read.
        """
        reader = self._reader
        if reader is None:
            raise ProblemError(
                503, "starting", "The lake is being opened", headers={"Retry-After": "2"}
            )
        if self._waiting >= _WAITING:
            raise ProblemError(
                503, "overloaded", "Too many questions wait", headers={"Retry-After": "1"}
            )
        self._waiting += 1
        task = asyncio.get_running_loop().run_in_executor(self._pool, reader.answer, work)
        task.add_done_callback(self._answered)  # also where nobody waits for it any more
        return await task

    def viewer(self, caller: Caller) -> "Viewer":
        """Return what a caller sees of the lake: what is public, and what is the tenant's."""
        from serving.queries.shared import Viewer  # noqa: PLC0415  # see above

        return Viewer(
            owners=tuple(sorted({"public", caller.tenant, owner_of(caller.tenant, self.settings)})),
            sees_small_cells=caller.is_owner,
            min_authors=self.settings.serving.min_authors,
        )

    def close(self) -> None:
        """Close the reader."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._reader:
            self._reader.close()

    def _answered(self, _task: object) -> None:
        self._waiting -= 1
