"""Measure CPU time per post of each step in Python, without Spark, and of common libraries.

The steps run one after the other over the same records, in batches of the size that Spark passes
to a worker. Sanitizing cannot run alone, so its time is that of `refine_rows` less its other steps.
The whole pass is measured separately, so the steps add up to it only roughly.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from statistics import median
from typing import Any

import pyarrow as pa

from benchmarks.pipeline.records import Feed, Template, makers_for
from foundation import clock
from foundation.keys import PseudonymKey
from foundation.policies import policies
from foundation.sections import SanitizerSettings
from schemas.topics import topic_name
from transforms import refine
from transforms.decode import BadRecordError, Envelope, Rules, decode
from transforms.emoji import emoji_of
from transforms.keyphrases import key_phrases
from transforms.language import language_of
from transforms.scoring.posts import Scorers, scored_text
from transforms.scoring.score import ScorerOptions

_ROUNDS = 3
_BATCH = 2_000  # the same as spark.sql.execution.arrow.maxRecordsPerBatch
_SLOW_TEXTS = 1_000  # for the libraries
_BRONZE = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("kafka_timestamp", pa.int64()),
        ("op", pa.string()),
        ("post_key", pa.string()),
        ("author_key", pa.string()),
        ("day", pa.date32()),
        ("value", pa.binary()),
    ]
)
Row = dict[str, Any]


def measure(templates: Sequence[Template], posts: int) -> dict[str, Any]:
    """Measure each step: the median of several rounds, after one that warms up."""
    key = PseudonymKey(1, bytes(32))
    now = clock.micros()
    feed = Feed(templates, makers_for(key, "public"), start=now - posts * 1000, step=1000)
    rows = [_bronze_row(record, at) for at, record in enumerate(feed.sample(posts))]
    refiner = refine.Refiner(
        Rules(policies(), key.key_id, SanitizerSettings().max_text_chars), ScorerOptions()
    )
    rounds = [_round(rows, refiner) for _ in range(1 + _ROUNDS)][1:]
    steps = {
        name: round(median(one[name] for one in rounds) / len(rows) * 1e6, 1) for name in rounds[0]
    }
    texts = [
        text
        for row in refined(rows, refiner)
        if (text := scored_text(row.get("title"), row.get("text")))
    ]
    return {
        "posts": posts,
        "us_per_post": steps,
        "libraries_us_per_text": _libraries(texts[:_SLOW_TEXTS]),
    }


def refined(rows: list[Row], refiner: refine.Refiner) -> list[Row]:
    """Return the rows after decoding and sanitizing, in batches, without scores."""
    batches = (rows[at : at + _BATCH] for at in range(0, len(rows), _BATCH))
    return [row for batch in batches for row in refine.refine_rows(batch, refiner)]


def _round(rows: list[Row], refiner: refine.Refiner) -> dict[str, float]:
    """Return the CPU seconds of each step over all rows."""
    batches = [
        pa.RecordBatch.from_pylist(rows[at : at + _BATCH], schema=_BRONZE)
        for at in range(0, len(rows), _BATCH)
    ]
    events, decoding = _timed(lambda: list(_decoded(rows, refiner.rules)))
    out, refining = _timed(lambda: refined(rows, refiner))
    clean = [(row["title"], row["text"], row["lang"]) for row in out if row.get("op") == "upsert"]
    declared_languages = [event["lang"] for event in events if event["op"] == "upsert"]
    languages, language = _timed(
        lambda: [
            language_of(text, title, declared=lang)
            for (title, text, _), lang in zip(clean, declared_languages, strict=True)
        ]
    )
    _, emoji = _timed(lambda: [emoji_of((title, text)) for title, text, _ in clean])
    _, phrases = _timed(
        lambda: [
            key_phrases((title, text), found)
            for (title, text, _), found in zip(clean, languages, strict=True)
        ]
    )
    _, scoring = _timed(lambda: refine.score_rows(out, Scorers(refiner.scorer)))
    _, arrow_in = _timed(
        lambda: [column.to_pylist() for batch in batches for column in batch.columns]
    )
    _, arrow_out = _timed(
        lambda: [_to_arrow(out[at : at + _BATCH]) for at in range(0, len(out), _BATCH)]
    )
    _, whole = _timed(lambda: list(refine._worker(refiner, clock.now())(batches)))
    features = language + emoji + phrases
    return {
        "decode and validate": decoding,
        "sanitize, and build the row": refining - decoding - features,
        "language": language,
        "emoji": emoji,
        "key phrases": phrases,
        "score": scoring,
        "Arrow in and out": arrow_in + arrow_out,
        "all, as one pass": whole,
    }


def _to_arrow(rows: list[Row]) -> list[pa.Array]:
    schema = refine.REFINED_ARROW
    return [
        pa.array([row.get(name) for row in rows], type=kind)
        for name, kind in zip(schema.names, schema.types, strict=True)
    ]


def _libraries(texts: list[str]) -> dict[str, float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415  # slow to load

    from benchmarks.pipeline.naive import scrubber  # noqa: PLC0415  # as above

    score = SentimentIntensityAnalyzer().polarity_scores
    scrub = scrubber()
    works: dict[str, Callable[[str], object]] = {
        "vaderSentiment": score,
        "Presidio's patterns": scrub,
    }

    def micros(work: Callable[[str], object]) -> float:
        seconds = _timed(lambda: [work(text) for text in texts])[1]
        return round(seconds / len(texts) * 1e6, 1)

    return {name: micros(work) for name, work in works.items()}


def _decoded(rows: list[Row], rules: Rules) -> Iterator[Any]:
    for row in rows:
        names = ("topic", "kafka_timestamp", "op", "post_key", "author_key", "day")
        envelope = Envelope(*(row[name] for name in names))
        try:
            yield decode(row["value"], envelope, rules)
        except BadRecordError:
            continue


def _bronze_row(record: Any, offset: int) -> Row:
    headers = dict(record.headers)
    text = {
        name: headers[name].decode() if name in headers else None
        for name in ("op", "post_key", "author_key")
    }
    day = headers.get("day")
    return text | {
        "topic": topic_name(record.platform, record.kind),
        "partition": 0,
        "offset": offset,
        "kafka_timestamp": clock.micros(),
        "day": date.fromisoformat(day.decode()) if day else None,
        "value": record.value,
    }


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start
