"""Refine Bronze rows in one Python pass: decode, validate, sanitise, analyse and score them.

A row gets its event's fields, or the `stage` and `reason` of its quarantine, never both. The pass
works on Arrow batches and loads the scorer once per worker.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.key_chain import chain_of
from foundation.key_sources import KeySource
from schemas.epoch import to_datetime
from schemas.event import Event
from schemas.reasons import Reason
from transforms.decode import BadRecordError, Envelope, Rules, decode, posted_at
from transforms.emoji import emoji_of
from transforms.entities.entity import EntityOptions
from transforms.entities.finder import load_finder
from transforms.entities.rows import name_entities
from transforms.keyphrases import key_phrases
from transforms.language import language_of
from transforms.payloads import At, decrypt
from transforms.pii.options import DEFAULT, Options
from transforms.pii.sanitizer import Clean, Content, load_sanitizer
from transforms.rekey import rekeyed_event
from transforms.scoring.posts import Post, Scorers, scored_text, sentiments
from transforms.scoring.score import ScorerOptions

REFINED = (
    "topic string, partition int, offset bigint, stage string, reason string, op string, owner"
    " string,"
    " platform string, post_key string, author_key string, version bigint, event_id string, day"
    " date,"
    " created_at timestamp, observed_at timestamp, posted_at timestamp, channel string,"
    " reply_to_key string,"
    " title string, text string, lang string, hashtags array<string>, emoji array<string>,"
    " key_phrases array<string>, entities array<struct<text:string,kind:string,confidence:double>>,"
    " metrics map<string,bigint>,"
    " sentiment struct<label:string,compound:double,confidence:double,scorer:string,scorer_versio"
    "n:string,"
    "reason:string>,"
    " pii map<string,int>,"
    " rights struct<indexable:boolean,may_train:boolean,may_display:boolean,may_export:boolean>,"
    " sanitizer_version string, processed_at timestamp"
)
_TIME = pa.timestamp("us", tz="UTC")
REFINED_ARROW = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("stage", pa.string()),
        ("reason", pa.string()),
        ("op", pa.string()),
        ("owner", pa.string()),
        ("platform", pa.string()),
        ("post_key", pa.string()),
        ("author_key", pa.string()),
        ("version", pa.int64()),
        ("event_id", pa.string()),
        ("day", pa.date32()),
        ("created_at", _TIME),
        ("observed_at", _TIME),
        ("posted_at", _TIME),
        ("channel", pa.string()),
        ("reply_to_key", pa.string()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("lang", pa.string()),
        ("hashtags", pa.list_(pa.string())),
        ("emoji", pa.list_(pa.string())),
        ("key_phrases", pa.list_(pa.string())),
        (
            "entities",
            pa.list_(
                pa.struct(
                    [("text", pa.string()), ("kind", pa.string()), ("confidence", pa.float64())]
                )
            ),
        ),
        ("metrics", pa.map_(pa.string(), pa.int64())),
        (
            "sentiment",
            pa.struct(
                [
                    ("label", pa.string()),
                    ("compound", pa.float64()),
                    ("confidence", pa.float64()),
                    ("scorer", pa.string()),
                    ("scorer_version", pa.string()),
                    ("reason", pa.string()),
                ]
            ),
        ),
        ("pii", pa.map_(pa.string(), pa.int32())),
        (
            "rights",
            pa.struct(
                [
                    ("indexable", pa.bool_()),
                    ("may_train", pa.bool_()),
                    ("may_display", pa.bool_()),
                    ("may_export", pa.bool_()),
                ]
            ),
        ),
        ("sanitizer_version", pa.string()),
        ("processed_at", _TIME),
    ]
)
_INT64 = 2**63

RefinedRow = dict[str, Any]  # a refined row by column name


@dataclass(frozen=True, slots=True)
class Refiner:
    """The configuration of the pass. Spark sends it to the workers, so it holds no secret."""

    rules: Rules
    scorer: ScorerOptions
    sanitizer: Options = DEFAULT
    entities: EntityOptions | None = None  # None: no entities are wanted
    payload_key: KeySource | None = None  # None: no payload is encrypted


def refine(bronze: DataFrame, refiner: Refiner, *, at: datetime) -> DataFrame:
    """Return one row of `REFINED` per row of bronze.posts.

    The workers set `processed_at` to `at`. As a literal in Spark's plan it would be part of the
    generated code, which Spark would compile again for every batch and keep.

    >>> refine(lake.read(BRONZE_POSTS), refiner, at=clock.now())
    """
    needed = bronze.select(
        "topic",
        "partition",
        "offset",
        F.unix_micros("kafka_timestamp").alias("kafka_timestamp"),
        "op",
        "post_key",
        "author_key",
        "day",
        "value",
    )
    return needed.mapInArrow(_worker(refiner, at), REFINED)


def refine_row(row: dict[str, Any], refiner: Refiner) -> RefinedRow:
    """Return a Bronze row's refined row without its score, or its reason for quarantine."""
    return refine_rows([row], refiner)[0]


def refine_rows(rows: Sequence[dict[str, Any]], refiner: Refiner) -> list[RefinedRow]:
    """Return Bronze rows' refined rows without their scores, or their reasons for quarantine."""
    sanitizer = load_sanitizer(refiner.sanitizer)
    events = [_decoded(row, refiner) for row in rows]
    posts = [
        at for at, event in enumerate(events) if isinstance(event, dict) and event["op"] == "upsert"
    ]
    cleaned = dict(zip(posts, sanitizer.clean([_content(events[at]) for at in posts]), strict=True))  # type: ignore[arg-type]  # posts are events
    return [
        _refined(row, event, cleaned.get(at), refiner.rules, sanitizer.version)
        for at, (row, event) in enumerate(zip(rows, events, strict=True))
    ]


def score_rows(rows: list[RefinedRow], scorers: Scorers) -> None:
    """Add `sentiment` to the upserts among the rows, in place.

    A post that cannot be scored is quarantined.
    """
    live = [row for row in rows if row.get("op") == "upsert"]
    posts = [Post(scored_text(row["title"], row["text"]), row["lang"]) for row in live]
    for row, sentiment in zip(live, sentiments(posts, scorers), strict=True):
        if sentiment is None:
            _quarantine(row, Reason.SCORER_FAILED)
        else:
            row["sentiment"] = sentiment


def _worker(
    refiner: Refiner, at: datetime
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        scorers = Scorers(refiner.scorer)
        finder = load_finder(refiner.entities) if refiner.entities else None
        for batch in batches:
            names = batch.schema.names
            values = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            rows = refine_rows(
                [dict(zip(names, row_values, strict=True)) for row_values in values], refiner
            )
            score_rows(rows, scorers)
            if finder:
                name_entities(rows, finder)
            columns = [
                pa.array([row.get(name) for row in rows], type=kind)
                for name, kind in zip(
                    REFINED_ARROW.names[:-1], REFINED_ARROW.types[:-1], strict=True
                )
            ]
            yield pa.RecordBatch.from_arrays(
                [*columns, pa.repeat(pa.scalar(at, _TIME), len(rows))], schema=REFINED_ARROW
            )
            _keep_what_is_loaded()

    return run


@cache
def _keep_what_is_loaded() -> None:
    """Freeze the worker's models and rules once, so that the garbage collector skips them.

    Otherwise it walks through all of them several times a batch, for a quarter of the pass's time.
    """
    gc.collect()
    gc.freeze()


def _decoded(row: dict[str, Any], refiner: Refiner) -> Event | BadRecordError:
    envelope = Envelope(
        row["topic"],
        row["kafka_timestamp"],
        row["op"],
        row["post_key"],
        row["author_key"],
        row["day"],
    )
    try:
        event = decode(_opened(row, refiner.payload_key), envelope, refiner.rules)
    except BadRecordError as bad:
        return bad
    if (chain := refiner.rules.chain) and event["keys"]["key_id"] != chain.key_id:
        return rekeyed_event(event, chain_of(chain))
    return event


def _opened(row: dict[str, Any], source: KeySource | None) -> bytes | None:
    value: bytes | None = row["value"]
    return (
        decrypt(value, source, At(row["topic"], row["partition"], row["offset"]))
        if source
        else value
    )


def _refined(
    row: dict[str, Any],
    event: Event | BadRecordError,
    clean: Clean | None,
    rules: Rules,
    sanitizer_version: str,
) -> RefinedRow:
    coordinates = {"topic": row["topic"], "partition": row["partition"], "offset": row["offset"]}
    try:
        if isinstance(event, BadRecordError):
            raise event
        fields = _fields(event)
        if event["op"] == "upsert":
            fields |= _shown(event, clean, rules) | {"sanitizer_version": sanitizer_version}
    except BadRecordError as bad:
        return coordinates | {"stage": bad.stage, "reason": bad.reason.value}
    return coordinates | fields


def _fields(event: Event) -> RefinedRow:
    keys = event["keys"]
    return {
        "op": event["op"],
        "owner": event["owner"],
        "platform": event["platform"],
        "post_key": keys["post"],
        "author_key": keys["author"],
        "version": int(event["version"]),
        "event_id": event["event_id"],
        "day": date.fromisoformat(event["day"]) if event["day"] else None,
        "created_at": _time(event["created_at"]),
        "observed_at": _time(event["observed_at"]),
    }


def _shown(event: Event, clean: Clean | None, rules: Rules) -> RefinedRow:
    """Return the fields that a post shows, made from the sanitised title and text.

    Raises:
        BadRecordError: the sanitizer failed on the post, or the analysis did.
    """
    if clean is None:  # without the sanitizer's answer no post passes
        raise BadRecordError("refine", Reason.SANITIZER_FAILED)
    try:
        features = _features(clean.title, clean.text, event["lang"])
    except Exception:  # a library that fails on a text costs that post, not the query
        raise BadRecordError("refine", Reason.ANALYSIS_FAILED) from None
    keys = event["keys"]
    return features | {
        "title": clean.title,
        "text": clean.text,
        "hashtags": clean.hashtags,
        "pii": list(clean.counts.items()),
        "posted_at": _time(posted_at(event, rules.policies[event["platform"]])),
        "channel": keys["channel"] or event["channel"],
        "reply_to_key": keys["reply_to"],
        "metrics": [
            (name, max(-_INT64, min(int(value), _INT64 - 1)))
            for name, value in event["metrics"].items()
        ],
        "rights": event["rights"],
    }


def _content(event: Event) -> Content:
    names = (event["author_handle"], event["author_name"], event["author_id"], *event["mentions"])
    return Content(
        event["title"], event["text"], event["hashtags"], [name for name in names if name]
    )


def _features(title: str | None, text: str | None, declared: str | None) -> RefinedRow:
    """Return the features of sanitised texts; for the language the body comes before the title."""
    language = language_of(text, title, declared=declared)
    texts = (title, text)
    return {"lang": language, "emoji": emoji_of(texts), "key_phrases": key_phrases(texts, language)}


def _quarantine(row: RefinedRow, reason: Reason) -> None:
    kept = {name: row[name] for name in ("topic", "partition", "offset")}
    row.clear()
    row.update(kept | {"stage": "refine", "reason": reason.value})


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else to_datetime(int(micros))
