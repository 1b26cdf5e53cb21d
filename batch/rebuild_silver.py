"""silver.posts from bronze.posts, as much as Bronze still holds: the stream's transforms over history."""

from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession

from foundation.key_sources import pseudonym_place
from foundation.settings import Settings
from lakehouse import delta
from lakehouse.held import held_by_silver
from schemas.tables import BRONZE_POSTS, SILVER_POSTS
from streaming.bronze_to_silver import make_refiner
from transforms.order import AUTHOR, resolve
from transforms.refine import refine
from transforms.silver import to_posts


def rebuild_silver(spark: SparkSession, settings: Settings) -> int:
    """Put the content anew in one commit, with today's sanitizer and scorer; answers the rows.

    Tombstones hold. Posts whose Bronze records are gone stay as they are. Gold follows by the change feed.
    """
    bronze = delta.read(spark, BRONZE_POSTS, settings)
    refined = refine(bronze, make_refiner(settings, pseudonym_place(settings).key_id())).persist()
    try:
        content = to_posts(_winners(spark, bronze, refined, settings), processed_at=datetime.now(UTC))
        silver = delta.read(spark, SILVER_POSTS, settings)
        elsewhere = silver.join(bronze.select("post_key").distinct(), on="post_key", how="left_anti")
        delta.overwrite(content.unionByName(elsewhere), SILVER_POSTS, settings, metadata={})
    finally:
        refined.unpersist()
    return delta.read(spark, SILVER_POSTS, settings).count()


def _winners(spark: SparkSession, bronze: DataFrame, refined: DataFrame, settings: Settings) -> DataFrame:
    """Each post's record that counts, as if all of Bronze were one batch on an empty Silver."""
    held = held_by_silver(spark, bronze, None, settings)
    author_deletes = refined.where("op = 'delete_author'").select(*AUTHOR, "version")
    return resolve(refined, held.without_posts(), author_deletes=author_deletes).where("action = 'append'")
