"""Texts that come together are scored together: a batch costs a third of its texts one by one.

Batches work in the event loop: the sanitizer's limit of time needs the main thread, and Python's
threads would share one core anyway. A batch is bounded, so that the loop is never away for long,
and requests take turns, so that one of many long texts does not hold up the others. The slowest
text of 5,000 bytes that is known takes as long as 300 usual ones (addresses of machines, a space
between each two), and none takes longer than the time-out.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foundation.settings import Settings
from serving.api.problems import ProblemError

if TYPE_CHECKING:  # seconds of models, which the first answer does not wait for
    from serving.text_scorer import Outcome, Text, TextScorer

_BATCH_CHARS = 4_000  # of one batch, where it has more than one text
_BATCH_TEXTS = 32
# Scorers that wait for a service, or use cores of their own, work in a thread.
_SLOW = frozenset({"comprehend", "transformer"})


@dataclass(slots=True)
class _Waiting:
    text: "Text"
    until: float
    done: "asyncio.Future[Outcome]"


_Asked = deque[_Waiting]  # the texts of one request that wait


class Scoring:
    """Loads once, in a thread; then scores what waits, batch by batch."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._timeout_s = settings.api.sync_timeout_s
        names = {settings.scorer.name, *settings.scorer.by_language.values()}
        self._is_slow = bool(names & _SLOW)
        self._waiting: deque[_Asked] = deque()
        self._is_called = False
        self._scorer: TextScorer | None = None
        self._thread = ThreadPoolExecutor(1, "scorer")

    def load(self) -> None:
        """Load everything that scoring needs; called in a thread.

        Raises:
            SettingsError, ScorerError: the scorer or the sanitizer cannot be used.
        """
        from serving.text_scorer import TextScorer  # noqa: PLC0415  # see above

        self._scorer = TextScorer(self._settings, max_seconds=self._timeout_s)

    async def score(self, texts: "Sequence[Text]") -> "list[Outcome]":
        """Return each text's sentiment, or why it has none, in their order.

        Raises:
            ProblemError: 503 before everything is loaded, 504 after the time-out.
        """
        if self._scorer is None:
            raise ProblemError(
                503, "starting", "The scorer is being loaded", headers={"Retry-After": "2"}
            )
        loop = asyncio.get_running_loop()
        until = loop.time() + self._timeout_s
        waiting = [_Waiting(text, until, loop.create_future()) for text in texts]
        self._waiting.append(deque(waiting))
        self._call(loop)
        try:
            # A text that waits too long in the loop is told so when its turn comes.
            async with asyncio.timeout_at(until if self._is_slow else None):
                return [await each.done for each in waiting]
        except TimeoutError:
            raise _timed_out() from None
        finally:
            for each in waiting:  # after one failure nobody waits for the others
                each.done.cancel()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_called and self._waiting:
            self._is_called = True
            loop.call_soon(self._work, loop)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Score one batch, then let the loop look at its sockets before the next one."""
        self._is_called = False
        batch = self._next_batch(loop.time())
        if batch and self._scorer:
            try:
                self._score_batch(loop, batch, self._scorer)
            except Exception as error:  # each of those who wait is told
                _fail(batch, error)
        self._call(loop)

    def _score_batch(
        self, loop: asyncio.AbstractEventLoop, batch: list[_Waiting], scorer: "TextScorer"
    ) -> None:
        ready = scorer.ready([each.text for each in batch])
        if not self._is_slow:
            _settle(batch, scorer.scored(ready))
            return
        task = loop.run_in_executor(self._thread, scorer.scored, ready)

        def ended(done: "asyncio.Future[list[Outcome]]") -> None:
            if done.cancelled():
                _fail(batch, _timed_out())
            elif error := done.exception():
                _fail(batch, error)
            else:
                _settle(batch, done.result())

        task.add_done_callback(ended)

    def _next_batch(self, now: float) -> list[_Waiting]:
        """Return texts to score together: one of each request in turn, as many as are allowed."""
        batch: list[_Waiting] = []
        chars = 0
        while self._waiting and len(batch) < _BATCH_TEXTS:
            first = self._waiting[0][0]
            is_late = first.done.done() or first.until <= now
            if not is_late:
                chars += len(first.text.text)
                if batch and chars > _BATCH_CHARS:
                    break
            asked = self._waiting.popleft()
            asked.popleft()
            if asked:
                self._waiting.append(asked)
            if is_late:
                _fail([first], _timed_out())
            else:
                batch.append(first)
        return batch


def _settle(batch: list[_Waiting], outcomes: "list[Outcome]") -> None:
    for each, outcome in zip(batch, outcomes, strict=True):
        if not each.done.done():
            each.done.set_result(outcome)


def _fail(batch: list[_Waiting], error: BaseException) -> None:
    for each in batch:
        if not each.done.done():
            each.done.set_exception(error)


def _timed_out() -> ProblemError:
    return ProblemError(
        504, "timeout", "The text takes longer than an answer may: ask with mode ASYNC"
    )
