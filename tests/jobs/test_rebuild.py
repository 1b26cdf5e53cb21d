"""Silver rebuilt from Bronze and Gold rebuilt from Silver have the stream's rows.

This is true after kills, too.
"""

import pytest

from batch import rebuild_gold, rebuild_silver
from foundation.errors import CheckpointMissingError, LakeInUseError
from lakehouse.storage.lease import hold_lake
from schemas.tables import BRONZE_POSTS, SILVER_POSTS
from tests.jobs.lakes import again
from tests.support.kills import killing
from tests.support.lake import coordinates, rows_of, table, versions

REBUILDS = {"silver": rebuild_silver, "gold": rebuild_gold}


def rebuild(lake, layer):
    return getattr(REBUILDS[layer], f"rebuild_{layer}")(lake.delta)


def silver(lake):
    """Return all columns except the time of processing."""
    rows = rows_of(lake.settings, "silver.posts")
    return {
        row["post_key"]: {name: row[name] for name in row if name != "processed_at"} for row in rows
    }


def forget(lake, gone):
    """Delete records from Bronze, as its retention does."""
    frame = lake.spark.createDataFrame(
        [coordinates(row) for row in gone], "topic string, p int, o bigint"
    )
    same = "t.topic = s.topic AND t.partition = s.p AND t.offset = s.o"
    bronze = lake.delta.target(BRONZE_POSTS).alias("t")
    bronze.merge(frame.alias("s"), same).whenMatchedDelete().execute()


def test_silver_has_the_same_rows_and_who_reads_it_reads_on(drained):
    before = silver(drained)
    opened = drained.delta.read(SILVER_POSTS)
    assert rebuild(drained, "silver") == len(before)
    assert silver(drained) == before
    assert opened.count() == len(before)


def test_what_bronze_no_longer_holds_stays_in_silver_and_what_was_deleted_stays_away(drained):
    """Bronze has lost every delete, and the record of each second post in Silver.

    Older records of those posts may remain.
    """
    before = silver(drained)
    winners = {tuple(row["bronze"].values()) for row in list(before.values())[::2]}
    gone = [
        row
        for row in drained.bronze
        if row["op"] in ("delete", "delete_author") or coordinates(row) in winners
    ]
    left = {row["post_key"] for row in drained.bronze if row["op"] == "upsert" and row not in gone}
    assert any(
        tuple(row["bronze"].values()) in winners and key in left for key, row in before.items()
    )
    assert any(key not in before for key in left), "no deleted post was there to come back"
    forget(drained, gone)
    rebuild(drained, "silver")
    assert silver(drained) == before


def test_a_silver_that_was_moved_away_comes_back(drained):
    before = silver(drained)
    folder = drained.settings.home / "lake" / SILVER_POSTS.folder
    folder.rename(folder.with_name("aside"))
    rebuild(drained, "silver")
    assert silver(drained) == before


def test_gold_has_the_same_rows_and_the_stream_goes_on_from_there(drained):
    before = rows_of(drained.settings, "gold.sentiment_hourly")
    rebuild(drained, "gold")
    assert sorted(map(str, rows_of(drained.settings, "gold.sentiment_hourly"))) == sorted(
        map(str, before)
    )
    drained.receive(again(drained.bronze))
    drained.drain()
    drained.assert_exact(drained.ledger)


@pytest.mark.extended
@pytest.mark.parametrize("layer", REBUILDS)
def test_killed_before_and_after_the_swap_and_repeated(drained, layer):
    name = "silver.posts" if layer == "silver" else "gold.sentiment_hourly"
    for point in ("before_swap", "after_swap"):
        version = table(drained.settings, name).version()
        with killing(point):
            rebuild(drained, layer)
        assert table(drained.settings, name).version() == version + (point == "after_swap")
        if layer == "gold":
            with pytest.raises(CheckpointMissingError, match="checkpoint reset silver_to_gold"):
                drained.drain("silver_to_gold")
    rebuild(drained, layer)
    drained.drain()
    drained.assert_exact()


@pytest.mark.parametrize("layer", REBUILDS)
def test_refused_while_the_lake_is_written(drained, layer):
    before = versions(drained.settings)
    with hold_lake(drained.settings), pytest.raises(LakeInUseError, match="one writer"):
        list(REBUILDS[layer].job.run(drained.settings))
    assert versions(drained.settings) == before
