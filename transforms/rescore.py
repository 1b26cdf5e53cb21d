"""Find rows of silver.posts that another scorer has scored, and score them again."""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_type

from schemas.tables import SENTIMENT
from transforms.order import KEY
from transforms.scoring.posts import Post, Scorers, scored_text, sentiments
from transforms.scoring.score import ScorerOptions

_SENTIMENT = to_arrow_type(SENTIMENT)
_ARROW = pa.schema([*((name, pa.string()) for name in KEY), ("sentiment", _SENTIMENT)])
_DDL = ", ".join([*(f"{name} string" for name in KEY), f"sentiment {SENTIMENT.simpleString()}"])


def is_outdated(versions: dict[str | None, tuple[str, str]]) -> Column:
    """Return whether a row's scorer is another one than would score it now.

    Args:
        versions: the scorer's name and version by language; under None, those of all others.
    """
    wanted = _scorer(*versions[None])
    for language, scorer in versions.items():
        if language:
            wanted = F.when(F.col("lang") == language, _scorer(*scorer)).otherwise(wanted)
    return ~F.struct("sentiment.scorer", "sentiment.scorer_version").eqNullSafe(wanted)


def rescored(posts: DataFrame, options: ScorerOptions) -> DataFrame:
    """Return KEY and the new `sentiment` of each row; null if the scorer fails on the text."""
    return posts.select(*KEY, "title", "text", "lang").mapInArrow(_worker(options), _DDL)


def _scorer(name: str, version: str) -> Column:
    return F.struct(F.lit(name).alias("scorer"), F.lit(version).alias("scorer_version"))


def _worker(
    options: ScorerOptions,
) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        scorers = Scorers(options)
        for batch in batches:
            columns = {name: batch.column(name) for name in batch.schema.names}
            contents = (columns[name].to_pylist() for name in ("title", "text", "lang"))
            posts = [
                Post(scored_text(title, text), language)
                for title, text, language in zip(*contents, strict=True)
            ]
            sentiment = pa.array(sentiments(posts, scorers), type=_SENTIMENT)
            yield pa.RecordBatch.from_arrays(
                [*(columns[name] for name in KEY), sentiment], schema=_ARROW
            )

    return run
