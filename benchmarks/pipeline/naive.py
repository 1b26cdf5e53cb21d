"""Define a naive pipeline for comparison: `from_json`, vaderSentiment and Presidio, as UDFs."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pandas as pd
import tldextract
from presidio_analyzer import EntityRecognizer, PatternRecognizer, RecognizerRegistry
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

_pandas_udf: Any = pandas_udf  # its type stubs lack iterators

FIELDS = (
    "op string, platform string, post_id string, created_at long, channel string, title string,"
    " text string"
)


def to_posts(records: DataFrame) -> DataFrame:
    """Turn Kafka's records into posts with a cleaned text and its compound score."""
    event = F.from_json(F.col("value").cast("string"), FIELDS).alias("event")
    posts = records.select(event).select("event.*").where("op = 'upsert'")
    text = F.concat_ws("\n\n", "title", "text")
    clean = posts.select(
        "platform", "post_id", "created_at", "channel", _clean()(text).alias("text")
    )
    return clean.withColumn("compound", _compound()("text"))


def scrubber() -> Callable[[str], str]:
    """Return a function that masks the findings of Presidio's patterns, without a model."""
    recognisers = _recognisers()

    def scrub(text: str) -> str:
        hits = [
            hit
            for recogniser in recognisers
            for hit in recogniser.analyze(text, recogniser.supported_entities, None) or ()
        ]
        end = len(text)
        for hit in sorted(hits, key=lambda hit: hit.start, reverse=True):
            if hit.end <= end:
                text = f"{text[: hit.start]}<{hit.entity_type}>{text[hit.end :]}"
                end = hit.start
        return text

    return scrub


@cache
def _recognisers() -> tuple[EntityRecognizer, ...]:
    """Return the recognisers that need no model: patterns and telephone numbers."""
    # Otherwise the e-mail recogniser would download the public-suffix list.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    return tuple(
        recogniser
        for recogniser in registry.recognizers
        if isinstance(recogniser, PatternRecognizer) or recogniser.name == "PhoneRecognizer"
    )


def _clean() -> Callable[..., Column]:
    def clean(texts: Iterator[pd.Series]) -> Iterator[pd.Series]:
        scrub = scrubber()
        for batch in texts:
            yield batch.map(scrub)

    udf: Callable[..., Column] = _pandas_udf(clean, "string")
    return udf


def _compound() -> Callable[..., Column]:
    def compound(texts: Iterator[pd.Series]) -> Iterator[pd.Series]:
        score = SentimentIntensityAnalyzer().polarity_scores
        for batch in texts:
            yield batch.map(lambda text: score(text)["compound"])

    udf: Callable[..., Column] = _pandas_udf(compound, "double")
    return udf
