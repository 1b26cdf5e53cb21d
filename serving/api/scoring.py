"""Score the texts of concurrent requests in batches.

A batch costs a third of its texts one by one. It runs in the event loop: the sanitizer's time
limit needs the main thread, and Python's threads would share one core anyway. Batches are small,
so that the loop is never blocked for long. Requests take turns, so that one with many long texts
does not delay the others. The slowest known text of 5,000 bytes takes as long as 300 usual ones
(IP addresses separated by spaces), and none takes longer than the time-out.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foundation.settings import Settings
from serving.api.problems import ProblemError

if TYPE_CHECKING:  # models load for seconds; the first answer must not wait
    from serving.text_scorer import Outcome, Text, TextScorer

_BATCH_CHARS = 4_000  # of a batch with more than one text
_BATCH_TEXTS = 32
# These scorers wait for a service or use several cores, so they run in a thread.
_SLOW = frozenset({"comprehend", "transformer"})


@dataclass(slots=True)
class _Waiting:
    text: "Text"
    until: float
    done: "asyncio.Future[Outcome]"


_Asked = deque[_Waiting]  # the waiting texts of one request


class Scoring:
    """Scores texts that wait, batch by batch.

    >>> outcomes = await scoring.score([Text("I love it", None, True)])
    """

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
        """Load the scorer and the sanitizer. It blocks, so call it in a thread.

        Raises:
            SettingsError, ScorerError: the scorer or the sanitizer cannot be used.
        """
        from serving.text_scorer import TextScorer  # noqa: PLC0415  # see above

        self._scorer = TextScorer(self._settings, max_seconds=self._timeout_s)

    async def score(self, texts: "Sequence[Text]") -> "list[Outcome]":
        """Return each text's sentiment, or the reason why it has none, in the order of the texts.

        Raises:
            ProblemError: 503 before the scorer is loaded, 504 after the time-out.
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
            # In the loop, `_next_batch` refuses a text that has waited too long.
            async with asyncio.timeout_at(until if self._is_slow else None):
                return [await each.done for each in waiting]
        except TimeoutError:
            raise _timed_out() from None
        finally:
            for each in waiting:  # after one failure, nobody waits for the other texts
                each.done.cancel()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_called and self._waiting:
            self._is_called = True
            loop.call_soon(self._work, loop)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """Score one batch, then let the loop serve its sockets before the next one."""
        self._is_called = False
        batch = self._next_batch(loop.time())
        if batch and self._scorer:
            try:
                self._score_batch(loop, batch, self._scorer)
            except Exception as error:  # every waiting request gets it
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
        """Return the next batch of texts, taking one text of each request in turn."""
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
    return ProblemError(504, "timeout", "Scoring the text takes too long: use mode ASYNC")
