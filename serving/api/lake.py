"""Read the lake for the routes, in threads, so that the event loop is never blocked."""

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

if TYPE_CHECKING:  # they load for seconds; no answer must wait
    from serving.queries.quality import Quota
    from serving.queries.shared import Viewer
    from serving.reader.reader import Reader, Snapshot

log = get_log("api")
T = TypeVar("T")
_THREADS = 4
_WAITING = 32  # questions at a time; more are refused
Quotas = Callable[[], "Sequence[Quota]"]


class Lake:
    """Answers questions about the lake.

    >>> versions = await lake.answer(lambda snapshot: snapshot.versions("silver.posts"))
    """

    def __init__(self, settings: Settings, quotas: Quotas = list) -> None:
        """Keep the arguments. `load` opens the lake.

        Args:
            settings: the settings of this process.
            quotas: returns what producers have spent of their budgets.
        """
        self.settings = settings
        self.quotas = quotas
        self._pool = ThreadPoolExecutor(_THREADS, "lake")
        self._waiting = 0
        self._reader: Reader | None = None
        self._policies: dict[str, Policy] = {}

    def load(self) -> None:
        """Import libraries, read policies, open the reader. It blocks, so call it in a thread."""
        from serving.queries import posts, quality, volume  # noqa: F401, PLC0415  # for the routes
        from serving.reader.reader import Reader  # noqa: PLC0415  # see above

        self.refresh_policies()
        self._reader = Reader(self.settings.lake_uri, s3=self.settings.s3)

    @property
    def policies(self) -> dict[str, Policy]:
        """Policies by platform, at most a minute old."""
        return self._policies

    def refresh_policies(self) -> None:
        """Read the policies again. If a file is broken, the policies read before stay in use.

        Raises:
            PolicyError: a file is broken, and no policies were read before.
        """
        policies.cache_clear()
        try:
            self._policies = policies()
        except PolicyError as error:
            if not self._policies:
                raise
            log.warning("policies_not_read", error=type(error).__name__)

    async def answer(self, work: "Callable[[Snapshot], T]") -> T:
        """Return the result of `work` for the newest snapshot of the lake.

        Raises:
            ProblemError: 503 while the lake is being opened, or if too many questions wait.
            LakeError, QueryError: the lake cannot be read.
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
        task.add_done_callback(self._answered)  # also if the client no longer waits
        return await task

    def viewer(self, caller: Caller) -> "Viewer":
        """Return the part of the lake that a caller may see: public posts and the tenant's own."""
        from serving.queries.shared import Viewer  # noqa: PLC0415  # see above

        return Viewer(
            owners=tuple(sorted({"public", caller.tenant, owner_of(caller.tenant, self.settings)})),
            sees_small_cells=caller.is_owner,
            min_authors=self.settings.serving.min_authors,
        )

    def close(self) -> None:
        """Cancel questions that wait, and close the reader."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._reader:
            self._reader.close()

    def _answered(self, _task: object) -> None:
        self._waiting -= 1
