"""Questions to the API, each asked again only for the case that its answer has changed."""

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
    """Raised when the API does not answer, or refuses; `kind` says which remedy is shown."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the API: a path and its parameters, in order."""

    path: str
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, or why there was none."""

    etag: str = ""
    data: Any = None
    problem: str = ""


def question(path: str, **parameters: str | int | None) -> Question:
    """Return a question; parameters without a value are left out."""
    named = {name.rstrip("_"): str(value) for name, value in parameters.items() if value}
    return Question(path, tuple(sorted(named.items())))


def connect(api_url: str, key: str = "") -> httpx2.Client:
    """Return a client of the API; it follows no redirect and reads no proxy of the environment."""
    headers = {"Accept": "application/json", "User-Agent": "echostream-dashboard"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    return httpx2.Client(base_url=api_url, headers=headers, timeout=TIMEOUT_S, trust_env=False)


class Answers:
    """The newest answers of the process, so that a new tab asks whether they hold.

    All tabs share the rate limit of one key. So an answer that any of them has just had holds for
    the others too.
    """

    def __init__(
        self,
        most: int = 64,
        *,
        holds_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold nothing yet.

        Args:
            most: so many answers are held.
            holds_s: how long an answer is given without a question to the API.
            now: tells the time in seconds.
        """
        self._most = most
        self._holds_s = holds_s
        self._now = now
        self._held: OrderedDict[Question, Kept] = OrderedDict()
        self._checked: dict[Question, float] = {}
        self._lock = Lock()

    def get(self, wanted: Question) -> Kept:
        """Return an answer that anybody got; an empty one where there is none."""
        with self._lock:
            return self._held.get(wanted, Kept())

    def fresh(self, wanted: Question) -> Kept | None:
        """Return an answer that the API has just given or confirmed; None where there is none."""
        with self._lock:
            checked = self._checked.get(wanted)
            is_fresh = checked is not None and self._now() - checked < self._holds_s
            return self._held[wanted] if is_fresh else None

    def put(self, wanted: Question, answer: Kept) -> None:
        """Hold an answer that the API has just given or confirmed, and let go of the oldest."""
        with self._lock:
            self._held[wanted] = answer
            self._held.move_to_end(wanted)
            self._checked[wanted] = self._now()
            while len(self._held) > self._most:
                oldest, _ = self._held.popitem(last=False)
                del self._checked[oldest]


@dataclass
class Api:
    """The API for one browser session; it keeps what the page on show has asked."""

    client: httpx2.Client
    answers: Answers = field(default_factory=Answers)
    kept: dict[Question, Kept] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    def begin(self) -> None:
        """Begin a run of a page; answers that the run before did not need are forgotten."""
        self.kept = {
            question: self.kept[question] for question in self.asked if question in self.kept
        }
        self.asked = []

    def get(self, wanted: Question) -> Any:
        """Return the answer's JSON.

        Raises:
            ApiError: there is none.
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
        """Tell whether anything that the page on show has asked has another answer by now.

        Raises:
            ApiError: the API no longer answers; what is on show stays as it is.
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
