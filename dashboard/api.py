"""Ask the API. An answer that was asked for before is sent again only if it has changed."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx2

TIMEOUT_S = 20.0
_NOT_MODIFIED = 304
_KINDS = {401: "key", 403: "scope", 404: "missing", 429: "limited", 503: "busy", 504: "busy"}


class ApiError(Exception):
    """Raised if the API does not answer or refuses. `kind` selects the remedy that is shown."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the API: a path and its parameters, sorted by name."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer with its ETag, or the kind of the problem that came instead."""

    etag: str = ""
    data: Any = None
    problem: str = ""


def question(path: str, **parameters: str | int | None) -> Question:
    """Return a question. Parameters without a value are left out.

    >>> question("/v1/posts", limit=6, from_="2026-11-30T00:00:00Z")
    """
    named = {name.rstrip("_"): str(value) for name, value in parameters.items() if value}
    return Question(path, tuple(sorted(named.items())))


def connect(api_url: str, key: str = "") -> httpx2.Client:
    """Return a client of the API. It follows no redirects and uses no proxy of the environment."""
    headers = {"Accept": "application/json", "User-Agent": "echostream-dashboard"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return httpx2.Client(base_url=api_url, headers=headers, timeout=TIMEOUT_S, trust_env=False)


class Answers:
    """The newest answers of the process, which all browser tabs share.

    All tabs share the rate limit of one key, so a tab uses an answer that another has just had.
    """

    def __init__(
        self,
        most: int = 64,
        *,
        holds_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without answers.

        Args:
            most: the number of answers to keep.
            holds_s: seconds for which an answer is used without asking the API.
            now: returns the time in seconds.
        """
        self._most = most
        self._holds_s = holds_s
        self._now = now
        self._held: OrderedDict[Question, Kept] = OrderedDict()
        self._checked: dict[Question, float] = {}
        self._lock = Lock()

    def get(self, wanted: Question) -> Kept:
        """Return the answer that any tab got last; an empty one if there is none."""
        with self._lock:
            return self._held.get(wanted, Kept())

    def fresh(self, wanted: Question) -> Kept | None:
        """Return an answer that the API has just given or confirmed, otherwise None."""
        with self._lock:
            checked = self._checked.get(wanted)
            is_fresh = checked is not None and self._now() - checked < self._holds_s
            return self._held[wanted] if is_fresh else None

    def put(self, wanted: Question, answer: Kept) -> None:
        """Keep an answer that the API has just given or confirmed, and drop the oldest ones."""
        with self._lock:
            self._held[wanted] = answer
            self._held.move_to_end(wanted)
            self._checked[wanted] = self._now()
            while len(self._held) > self._most:
                oldest, _ = self._held.popitem(last=False)
                del self._checked[oldest]


@dataclass
class Api:
    """The API for one browser session. It keeps the answers of the page on show."""

    client: httpx2.Client
    answers: Answers = field(default_factory=Answers)
    kept: dict[Question, Kept] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    def begin(self) -> None:
        """Begin a run of a page. Answers that the run before did not need are dropped."""
        self.kept = {
            question: self.kept[question] for question in self.asked if question in self.kept
        }
        self.asked = []

    def get(self, wanted: Question) -> Any:
        """Return the answer's JSON.

        Raises:
            ApiError: the API does not answer or refuses.
        """
        if wanted not in self.asked:
            self.asked.append(wanted)
        try:
            self.kept[wanted] = self._ask(wanted, self.answers.get(wanted))
        except ApiError as problem:
            self.kept[wanted] = Kept(problem=problem.kind)
            raise
        return self.kept[wanted].data

    def has_changed(self) -> bool:
        """Tell whether any answer of the page on show has changed.

        Raises:
            ApiError: the API no longer answers. The page should stay as it is.
        """
        for wanted in self.asked:
            before = self.kept.get(wanted, Kept())
            try:
                now = self._ask(wanted, before)
            except ApiError as problem:
                if problem.kind == before.problem:
                    continue
                raise
            if now is not before:
                return True
        return False

    def _ask(self, wanted: Question, before: Kept) -> Kept:
        if fresh := self.answers.fresh(wanted):
            return fresh
        headers = {"If-None-Match": before.etag} if before.etag else {}
        try:
            response = self.client.get(wanted.path, params=dict(wanted.parameters), headers=headers)
        except httpx2.HTTPError:
            raise ApiError("away") from None
        if response.status_code == _NOT_MODIFIED and before.etag:
            self.answers.put(wanted, before)
            return before
        if response.status_code != httpx2.codes.OK:
            raise _problem(response)
        try:
            data = response.json()
        except ValueError:
            raise ApiError("away") from None
        answer = Kept(response.headers.get("ETag", ""), data)
        self.answers.put(wanted, answer)
        return answer


def _problem(response: httpx2.Response) -> ApiError:
    try:
        body = response.json()
    except ValueError:
        body = {}
    detail = str(body.get("detail") or "") if isinstance(body, Mapping) else ""
    return ApiError(_KINDS.get(response.status_code, "refused"), detail)
