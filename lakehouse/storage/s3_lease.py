"""Allow one writer per lake on S3, by an object that its holder renews with conditional writes.

Delta's commits on S3 are safe within one application only, so this lease keeps a second machine
out. Another process may take a lease that was not renewed for ENDS_AFTER_S, by the store's clock. A
holder that has lost its lease ends at once.
"""

import json
import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event, Thread
from typing import Any

from foundation import clock
from foundation.errors import LakeInUseError, StoreUnreachableError
from foundation.logs import get_log
from foundation.settings import Settings
from lakehouse.storage.s3 import answering, client
from lakehouse.storage.s3_files import S3Path
from schemas.stored_names import LEASE_FILE

ENDS_AFTER_S = 60.0
RENEWED_EACH_S = 10.0
# After so long without an answer the holder counts its lease as lost, well before another process
# may take it.
_LATEST_S = 40.0
_ANSWER_S = 5.0
_TAKEN = (409, 412)  # HTTP statuses of a conditional write whose condition does not hold

_log = get_log("lease")


class S3Lease:
    """The lease of one lake, as one process sees it; `on_loss` is called when it is lost."""

    def __init__(self, settings: Settings, on_loss: Callable[[], None]) -> None:
        self.id = str(uuid.uuid4())
        self._lake = settings.lake_uri
        self._s3 = settings.s3
        self._place = S3Path(f"{settings.lake_uri}/{LEASE_FILE}", settings.s3).place
        self._client = client(settings.s3)
        self._on_loss = on_loss
        self._etag = ""
        self._writes = 0
        self._given_back = Event()

    @contextmanager
    def held(self, former: str | None) -> Iterator[None]:
        """Take the lease, and renew it until the block ends.

        Args:
            former: the id of a lease whose holder is known to be dead: it is taken without a wait.

        Raises:
            LakeInUseError: another process holds the lease.
            StoreUnreachableError: the store does not answer.
        """
        self.take(former)
        # Renewals need a short timeout: other processes see nothing of a renewal that hangs.
        timeout_s = min(self._s3.timeout_s, _ANSWER_S)
        self._client = client(self._s3.model_copy(update={"timeout_s": timeout_s, "attempts": 2}))
        keeper = Thread(target=self._keep, name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._given_back.set()
            keeper.join()
            with suppress(StoreUnreachableError):  # the lease then expires
                self._put({}, IfMatch=self._etag)

    def take(self, former: str | None) -> None:
        """Take the lease.

        Raises:
            LakeInUseError: another process holds the lease.
            StoreUnreachableError: the store does not answer.
        """
        holder, etag, age_s = self._look()
        if holder is None:
            is_mine = self._put(self._mine(), IfNoneMatch="*")
        elif not holder or holder.get("id") == former or age_s > ENDS_AFTER_S:
            is_mine = self._put(self._mine(), IfMatch=etag)
        else:
            is_mine = False
        if not is_mine:
            holder, _, age_s = self._look()
            facts = holder or {}
            raise LakeInUseError(
                f"process {facts.get('pid', '?')} on {facts.get('host', '?')} already writes"
                f" the lake {self._lake}",
                remedy="Stop it first: each table has one writer; if it is dead,"
                f" its lease ends in {max(ENDS_AFTER_S - age_s, 0):.0f} s",
            )

    def _keep(self) -> None:
        renewed = time.monotonic()
        while not self._given_back.wait(RENEWED_EACH_S):
            began = time.monotonic()
            try:
                is_mine = self._put(self._mine(), IfMatch=self._etag)
                renewed = began
            except StoreUnreachableError:
                is_mine = began - renewed < _LATEST_S
            if not is_mine:
                _log.error("lease_lost", lake=self._lake)
                self._on_loss()
                return

    def _mine(self) -> dict[str, Any]:
        """Return the content of the next write.

        It differs each time, so that a write that depends on the former content's tag fails.
        """
        self._writes += 1
        return {
            "id": self.id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "renewals": self._writes,
        }

    def _look(self) -> tuple[dict[str, Any] | None, str, float]:
        """Return the holder, the object's tag, and its age in seconds by the store's clock.

        The holder is None where there is no object, and empty where nobody holds the lease.
        """
        with answering(self._lake):
            try:
                answer = self._client.get_object(**self._place)
            except self._client.exceptions.NoSuchKey:
                return None, "", 0.0
            content = answer["Body"].read()
        now = http_date(answer["ResponseMetadata"]["HTTPHeaders"].get("date", ""))
        return json.loads(content), answer["ETag"], (now - answer["LastModified"]).total_seconds()

    def _put(self, content: dict[str, Any], **condition: str) -> bool:
        """Write the object if the condition holds, and return whether this process wrote it.

        A write whose response was lost is recognised by its content.
        """
        for _ in range(2):
            with answering(self._lake):
                try:
                    answer = self._client.put_object(
                        **self._place, Body=json.dumps(content).encode(), **condition
                    )
                except self._client.exceptions.ClientError as error:
                    if error.response["ResponseMetadata"]["HTTPStatusCode"] not in _TAKEN:
                        raise
                else:
                    self._etag = answer["ETag"]
                    return True
            holder, self._etag, _ = self._look()
            if holder == content:
                return True
            if not holder or holder.get("id") != self.id:
                return False
            condition = {"IfMatch": self._etag}
        return False


def http_date(date: str) -> datetime:
    """Return the time of an HTTP header `Date`, by default in UTC; ours where it is malformed."""
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return clock.now()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
