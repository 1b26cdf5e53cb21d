"""Run a server on loopback that speaks Amazon Comprehend's wire format, AWS JSON 1.1.

It throttles and returns partial errors on demand.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

CHANCES = {
    "POSITIVE": (0.9, 0.02),
    "NEGATIVE": (0.05, 0.85),
    "MIXED": (0.2, 0.3),
    "NEUTRAL": (0.1, 0.1),
}
MOST_TEXTS = 25
MOST_BYTES = 5_000
MOST_CALLS = 500


class Comprehend:
    """The calls that the service has answered, and how it behaves.

    Attributes:
        calls: the bodies of the calls that it answered.
        throttle: how many of the next calls are refused for their rate.
        refuse: an error code for every call; None answers them.
        fails: how often texts with this word fail before they are scored.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.throttle = 0
        self.refuse: str | None = None
        self.fails: Counter[str] = Counter()
        self.requests = 0
        self.endpoint = ""

    def answer(self, target: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests += 1
        if self.requests > MOST_CALLS:
            return 500, {"__type": "TooManyForATest"}
        analyse = OPERATIONS.get(target)
        if analyse is None:
            return 400, {"__type": "UnknownOperationException"}
        if self.throttle:
            self.throttle -= 1
            return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
        if self.refuse:
            return 400, {"__type": self.refuse, "message": f"not for {body['TextList'][0]}"}
        if not 1 <= len(body["TextList"]) <= MOST_TEXTS:
            return 400, {"__type": "BatchSizeLimitExceededException"}
        self.calls.append(body)
        results = []
        errors = []
        for index, text in enumerate(body["TextList"]):
            error = self._error(text)
            errors += [{"Index": index} | error] if error else []
            results += [] if error else [{"Index": index} | analyse(text)]
        return 200, {"ResultList": results, "ErrorList": errors}

    def _error(self, text: str) -> dict[str, str] | None:
        if len(text.encode()) > MOST_BYTES:
            return {"ErrorCode": "TextSizeLimitExceededException", "ErrorMessage": "too long"}
        for word, times in self.fails.items():
            if word in text and times:
                self.fails[word] -= 1
                return {"ErrorCode": "InternalServerException", "ErrorMessage": "try again"}
        return None


def _sentiment(text: str) -> dict[str, Any]:
    words = set(re.findall(r"\w+", text.lower()))
    is_good = "good" in words
    is_bad = "bad" in words
    label = (
        "MIXED"
        if is_good and is_bad
        else "POSITIVE"
        if is_good
        else "NEGATIVE"
        if is_bad
        else "NEUTRAL"
    )
    positive, negative = CHANCES[label]
    rest = 1 - positive - negative
    mixed = rest if label == "MIXED" else 0.0
    return {
        "Sentiment": label,
        "SentimentScore": {
            "Positive": positive,
            "Negative": negative,
            "Neutral": rest - mixed,
            "Mixed": mixed,
        },
    }


def _entities(text: str) -> dict[str, Any]:
    """Return each capitalised word with a suffix that names its type, such as `Paris_LOCATION`."""
    found = [
        {
            "Score": 0.9 + 0.01 * (n % 9),
            "Type": each[2],
            "Text": each[1],
            "BeginOffset": each.start(),
            "EndOffset": each.end(1),
        }
        for n, each in enumerate(re.finditer(r"(\S+?)_([A-Z_]+)\b", text))
    ]
    return {"Entities": found}


OPERATIONS = {
    "Comprehend_20171127.BatchDetectSentiment": _sentiment,
    "Comprehend_20171127.BatchDetectEntities": _entities,
}


@contextmanager
def running() -> Iterator[Comprehend]:
    """Run the service within the block."""
    service = Comprehend()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/x-amz-json-1.1"
            assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
            status, said = service.answer(self.headers["X-Amz-Target"], body)
            payload = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
