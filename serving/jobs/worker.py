"""Score jobs chunk by chunk, in a process of their own.

The worker leases a job, and a thread renews the lease. The worker writes a chunk's files before it
records the chunk in the control plane. If it is killed in between, the next worker writes the same
files again, so each row counts once.
"""

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from foundation import clock
from foundation.errors import ControlPlaneUnreachableError, DiskFullError, EchoStreamError
from foundation.logs import get_log
from foundation.settings import Settings
from serving.jobs.files import JobFiles
from serving.jobs.rows import Bad, BrokenInputError, Position, Row, Rows, read_rows
from serving.jobs.tidy import tidy
from tenancy import jobs
from tenancy.database import Database
from tenancy.jobs import Job, JobStatus, Step
from tenancy.usage import write_usage

if TYPE_CHECKING:  # models load for seconds, and an idle worker needs none
    from serving.jobs.score import Made
    from serving.text_scorer import TextScorer

CHUNK_ROWS = 1_000
_CHUNK_CHARS = 4_000_000  # per chunk, because a chunk is held in memory
_POLL_S = 0.5
_TURN_S = 5.0  # after this time, another waiting job has its turn
_RENEW_PER_LEASE = 4
_TIDY_S = 60.0
log = get_log("worker")


class Worker:
    """Works on jobs, in the main thread, because the sanitizer's time limit needs it.

    >>> Worker(settings, database, stopped, lease_s=60).run()
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        stopped: threading.Event,
        *,
        lease_s: float,
        turn_s: float = _TURN_S,
        scorer: "TextScorer | None" = None,
    ) -> None:
        """Keep the arguments. The scorer is loaded with the first job.

        Args:
            settings: the settings of this process.
            database: the control plane.
            stopped: is set when the worker must end.
            lease_s: seconds after which another worker may take over an abandoned job.
            turn_s: seconds of work on one job while another job waits.
            scorer: a loaded scorer, for tests.
        """
        self._settings = settings
        self._database = database
        self._stopped = stopped
        self._lease = timedelta(seconds=lease_s)
        self._keep = timedelta(hours=settings.api.result_keep_h)
        self._files = JobFiles(settings.home)
        self._turn_s = turn_s
        self._scorer = scorer
        self._tidied_at = float("-inf")

    def run(self) -> None:
        """Work until stopped. If the scorer cannot be used, jobs fail and can be retried."""
        while not self._stopped.is_set():
            try:
                self.tidy_if_due()
                is_busy = self.work()
            except (ControlPlaneUnreachableError, DiskFullError) as error:
                log.warning("control_plane_away", error=type(error).__name__)
                is_busy = False
            if not is_busy:
                self._stopped.wait(_POLL_S)

    def work(self) -> bool:
        """Work on one job until it ends or another has its turn. Return False if none waits."""
        job = jobs.claim(self._database, lease_for=self._lease)
        if job is None:
            return False
        with self._leased(job) as lease:
            self._carry_out(job, lease)
        if jobs.find(self._database, job.tenant, job.job_id) is None:
            self._files.remove(job.job_id)  # a chunk may have been written after it was deleted
        return True

    def _carry_out(self, job: Job, lease: "_Lease") -> None:
        if job.status == JobStatus.STOP_REQUESTED:
            self._end(job, JobStatus.STOPPED)
        elif job.attempts > jobs.MAX_ATTEMPTS:
            self._end(job, JobStatus.FAILED, f"workers_ended: at row {job.read + 1} or soon after")
        else:
            try:
                self._score(job, lease)
            except BrokenInputError as broken:
                self._end(lease.job, JobStatus.FAILED, f"{broken}: after line {lease.job.line}")
            except FileNotFoundError:  # the job or its input was deleted meanwhile
                self._end(lease.job, JobStatus.FAILED, "input_gone")
            except ControlPlaneUnreachableError:
                raise
            except EchoStreamError as error:
                self._end(lease.job, JobStatus.FAILED, f"{_code(error)}: {error}")
            except Exception as error:  # its text could quote a row
                log.error("job_failed", error=type(error).__name__)  # noqa: TRY400  # see above
                self._end(lease.job, JobStatus.FAILED, "internal")

    def _score(self, job: Job, lease: "_Lease") -> None:
        from serving.jobs.score import StopError, score_rows  # noqa: PLC0415  # it loads models

        scorer = self._loaded()
        most = self._settings.api.max_job_rows
        limit = self._settings.sanitizer.max_text_chars
        with self._files.open_input(job.job_id) as file:
            rows = read_rows(file, job.form, Position(job.offset, job.line), max_text_chars=limit)
            for chunk, following in chunks(islice(rows, most - job.read)):
                if lease.chunks and self._is_others_turn(lease):
                    jobs.release(self._database, lease.job)
                    return
                try:
                    made = score_rows(
                        chunk, scorer, sanitise=job.sanitise, may_go_on=lease.may_go_on
                    )
                except StopError:
                    self._leave(lease)
                    return
                if not self._keep_chunk(lease, made, following):
                    return
            if next(rows, None) is None:
                self._end(lease.job, JobStatus.COMPLETED)
            else:
                self._end(lease.job, JobStatus.FAILED, f"too_many_rows: at most {most:,}")

    def _is_others_turn(self, lease: "_Lease") -> bool:
        return lease.age_s > self._turn_s and jobs.is_any_waiting(self._database)

    def _keep_chunk(self, lease: "_Lease", made: "Made", following: Position) -> bool:
        """Write a chunk, then record it. Return False if another worker has the lease."""
        job = lease.job
        self._files.write_chunk(job.job_id, job.chunks, "result", made.result)
        if made.errors:
            self._files.write_chunk(job.job_id, job.chunks, "errors", made.errors)
        rows = made.scored + made.failed
        return lease.advance(Step(following.offset, following.line, rows, made.scored, made.failed))

    def _leave(self, lease: "_Lease") -> None:
        if lease.status == JobStatus.STOP_REQUESTED:
            self._end(lease.job, JobStatus.STOPPED)
        elif lease.status is not None:
            jobs.release(self._database, lease.job)

    def _end(self, job: Job, status: JobStatus, message: str | None = None) -> None:
        ended = jobs.finish(self._database, job, status, keep=self._keep, message=message)
        if ended is None:
            return
        if status == JobStatus.COMPLETED:
            self._files.remove_input(job.job_id)
        log.info("job_ended", job=job.job_id, status=status, read=job.read)

    def _loaded(self) -> "TextScorer":
        if self._scorer is None:
            from serving.text_scorer import TextScorer  # noqa: PLC0415  # see above

            self._scorer = TextScorer(self._settings)
            gc.collect()
            gc.freeze()
        return self._scorer

    @contextmanager
    def _leased(self, job: Job) -> Iterator["_Lease"]:
        lease = _Lease(self._database, job, self._lease, self._stopped)
        lease.start()
        try:
            yield lease
        finally:
            lease.stop()

    def tidy_if_due(self) -> None:
        """Delete expired files, at most once per minute."""
        now = clock.file_s()
        if now - self._tidied_at >= _TIDY_S:
            self._tidied_at = now
            tidy(self._database, self._files)


def chunks(rows: Rows) -> Iterator[tuple[list[Row | Bad], Position]]:
    """Yield chunks of rows, each with the position at which the next chunk begins.

    A chunk has at most 1,000 rows, and fewer if their texts are long. Its end depends only on its
    beginning, so a repeated chunk is the same.
    """
    chunk: list[Row | Bad] = []
    chars = 0
    following = Position()
    for row, following in rows:
        chunk.append(row)
        chars += len(row.text) if isinstance(row, Row) else 0
        if len(chunk) == CHUNK_ROWS or chars >= _CHUNK_CHARS:
            yield chunk, following
            chunk = []
            chars = 0
    if chunk:
        yield chunk, following


class _Lease:
    """A job's lease. A thread renews it while the worker works on the job."""

    def __init__(
        self, database: Database, job: Job, lease_for: timedelta, stopped: threading.Event
    ) -> None:
        self.job = job
        self.status: JobStatus | None = job.status  # None: another worker has the lease
        self._database = database
        self._for = lease_for
        self._stopped = stopped
        self._began = time.monotonic()
        self._first_chunk = job.chunks
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def chunks(self) -> int:
        """The number of chunks that this worker has written of the job."""
        return self.job.chunks - self._first_chunk

    @property
    def age_s(self) -> float:
        """Seconds since the worker took the job."""
        return time.monotonic() - self._began

    def may_go_on(self) -> bool:
        """Tell whether this worker may continue with the job."""
        return self.status == JobStatus.IN_PROGRESS and not self._stopped.is_set()

    def advance(self, step: Step) -> bool:
        """Record a chunk. Return False if another worker has the lease."""
        following = jobs.advance(self._database, self.job, step, lease_for=self._for)
        if following is None:
            self.status = None
            return False
        self.job = following
        self.status = following.status
        sums = {(following.tenant, clock.now().date().isoformat(), "texts"): step.read}
        write_usage(self._database, sums)
        return True

    def _renew(self) -> None:
        while not self._ended.wait(self._for.total_seconds() / _RENEW_PER_LEASE):
            try:
                self.status = jobs.renew(self._database, self.job, lease_for=self._for)
            except EchoStreamError:  # the next attempt comes before the lease ends
                log.warning("lease_not_renewed", job=self.job.job_id)


def _code(error: EchoStreamError) -> str:
    """Return an error's class name as a code, such as disk_full for DiskFullError."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")
