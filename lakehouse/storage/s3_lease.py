"""Allow one writer per lake on S3: an object that its holder renews, by conditional writes alone.

Delta's commits on S3 are safe within one application only, so this is what keeps a second machine
out. A holder that fell silent may be followed by another after ENDS_AFTER_S, by the store's clock;
one that was followed stops at once.
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
_LATEST_S = (
    40.0  # without an answer for so long it counts as lost, well before somebody else may follow
)
_ANSWER_S = 5.0
_TAKEN = (409, 412)

_log = get_log("lease")


class S3Lease:
    """The lease of one lake, as one process sees it."""

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
        """Hold it, and renew it all the while.

        Args:
            former: the id of a lease whose holder is known to be dead; it need not be waited for.

        Raises:
            LakeInUseError: another process holds it.
            StoreUnreachableError: the store does not answer.
        """
        self.take(former)
        # From here on an answer must come soon: a renewal that hangs is one that others do not see.
        timeout_s = min(self._s3.timeout_s, _ANSWER_S)
        self._client = client(self._s3.model_copy(update={"timeout_s": timeout_s, "attempts": 2}))
        keeper = Thread(target=self._keep, name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            self._given_back.set()
            keeper.join()
            with suppress(StoreUnreachableError):  # then it ends by itself
                self._put({}, IfMatch=self._etag)

    def take(self, former: str | None) -> None:
        holder, etag, age_s = self._look()
        if holder is None:
            is_mine = self._put(self._mine(), IfNoneMatch="*")
        elif not holder or holder.get("id") == former or age_s > ENDS_AFTER_S:
            is_mine = self._put(self._mine(), IfMatch=etag)
        else:
            is_mine = False
        if not is_mine:
            holder, _, age_s = self._look()
            who = holder or {}
            raise LakeInUseError(
                f"process {who.get('pid', '?')} on {who.get('host', '?')} already writes the lake"
                f" {self._lake}",
                remedy="Stop it first: each table has one writer; if it is dead,"
                f" its lease ends in {max(ENDS_AFTER_S - age_s, 0):.0f} s",
            )

    def _keep(self) -> None:
        renewed = time.monotonic()
        while not self._given_back.wait(RENEWED_EACH_S):
            asked = time.monotonic()
            try:
                is_mine = self._put(self._mine(), IfMatch=self._etag)
                renewed = asked
            except StoreUnreachableError:
                is_mine = asked - renewed < _LATEST_S
            if not is_mine:
                _log.error("lease_lost", lake=self._lake)
                self._on_loss()
                return

    def _mine(self) -> dict[str, Any]:
        """Return a new text each time, so that a process that saw the one before cannot follow."""
        self._writes += 1
        return {
            "id": self.id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "renewals": self._writes,
        }

    def _look(self) -> tuple[dict[str, Any] | None, str, float]:
        """Return who holds it, the object's tag, and its age in seconds by the store's clock.

        No object gives None as the holder, a lease that nobody holds an empty one.
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
        """Write it if nobody else did.

        A write of ours whose answer was lost is known by its content.
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
    """Return the store's time by its header `Date`, which is UTC also without a zone; else ours."""
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError, OverflowError):
        return clock.now()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
