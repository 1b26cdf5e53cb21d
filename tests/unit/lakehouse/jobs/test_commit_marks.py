"""Lost commits of a table are noticed by what a job had seen of it."""

import json

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from foundation.errors import LogDamagedError, LostCommitsError
from foundation.settings import Settings
from lakehouse.delta.damage import of_log
from lakehouse.delta.log import TableLog
from lakehouse.jobs import commit_marks
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.jobs.commit_marks import Lost, Mark, Seen, compare
from schemas.stored_names import CHECKPOINT_PROPERTY
from schemas.tables import (
    BRONZE_POSTS,
    GOLD_SENTIMENT_HOURLY,
    GOLD_TABLES,
    SILVER_POSTS,
    SILVER_TOMBSTONES,
)
from streaming.silver_to_gold import AGGREGATES

SILVER = SILVER_POSTS.name
JOB = "bronze_to_silver"
WHOLE = {
    "nothing new": (Mark(5, "a"), Seen(5, "a")),
    "new commits": (Mark(5, "a"), Seen(9, "a")),
    "the log's retention has removed the commit's file": (Mark(5, "a"), Seen(9, None)),
    "only Delta's own checkpoint is left of it": (Mark(5, "a"), Seen(5, None)),
    "nobody noted which commit it was": (Mark(5), Seen(5, "a")),
}
LOST = {
    "the newest": (Mark(5, "a"), Seen(4, None), "has lost version 5,"),
    "the two newest": (Mark(5, "a"), Seen(3, None), "has lost versions 4 to 5,"),
    "known by an offset alone": (Mark(5), Seen(4, None), "has lost version 5,"),
    "the table": (Mark(5, "a"), Seen(-1, None), "is gone"),
    "another has its place": (Mark(5, "a"), Seen(5, "b"), "another commit has its place"),
    "others have its place and more": (Mark(5, "a"), Seen(8, "b"), "another commit has its place"),
}


def test_every_gold_table_has_a_mark_a_remedy_and_an_aggregate():
    assert tuple(aggregate.table for aggregate in AGGREGATES) == GOLD_TABLES
    marked = commit_marks.tables_of("silver_to_gold")
    for table in GOLD_TABLES:
        assert table in marked
        lost = Lost("silver_to_gold", table.name, marked=2, version=1)
        assert lost.remedy == "`echostream rebuild gold` counts again"
        damaged = of_log(table.name, "lake", None)
        assert "`echostream rebuild gold`" in str(damaged)


@pytest.mark.parametrize(("mark", "seen"), WHOLE.values(), ids=WHOLE)
def test_a_whole_table_is_left_in_peace(mark, seen):
    assert compare(JOB, SILVER, mark, seen) is None


@pytest.mark.parametrize(("mark", "seen", "said"), LOST.values(), ids=LOST)
def test_what_is_lost_is_said_with_table_job_and_versions(mark, seen, said):
    lost = compare(JOB, SILVER, mark, seen)
    assert said in str(lost)
    assert SILVER in str(lost)
    assert JOB in str(lost)
    assert lost.remedy.startswith("`echostream rebuild silver`")


def test_bronze_is_not_said_to_come_back_where_later_offsets_stand_in_its_place():
    """A reset continues after the highest offsets that Bronze has."""
    bronze = "topic_to_bronze", BRONZE_POSTS.name
    assert "from where Bronze ends" in compare(*bronze, Mark(5, "a"), Seen(4, None)).remedy
    assert "stay missing" in compare(*bronze, Mark(5, "a"), Seen(5, "b")).remedy


@pytest.mark.parametrize("job", ["topic_to_bronze", "bronze_to_silver", "silver_to_gold"])
def test_each_table_of_a_job_has_a_remedy_that_is_a_command(job):
    for table in commit_marks.tables_of(job):
        assert "`echostream " in compare(job, table.name, Mark(1), Seen(0, None)).remedy


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def mine(settings):
    made = checkpoint(JOB, settings)
    made.create()
    return made


def commit(settings, table, number, *, start=0):
    """Append rows, one commit each."""
    for value in range(start, start + number):
        write_deltalake(
            f"{settings.lake_uri}/{table.folder}", pa.table({"a": [value]}), mode="append"
        )


def remove(settings, table, *versions):
    for version in versions:
        (settings.home / "lake" / table.folder / "_delta_log" / f"{version:020}.json").unlink()


@pytest.mark.parametrize("table", [SILVER_POSTS, SILVER_TOMBSTONES], ids=lambda table: table.name)
@pytest.mark.parametrize("gone", [(3,), (2, 3)], ids=["one", "two"])
def test_a_lost_commit_is_found_and_stays_found(settings, mine, table, gone):
    commit(settings, table, 4)
    commit_marks.advance(mine, settings)
    commit_marks.advance(mine, settings)
    remove(settings, table, *gone)
    for _ in range(2):
        with pytest.raises(LostCommitsError, match=table.name):
            commit_marks.advance(mine, settings)
    commit(settings, table, 4, start=10)  # a process that does not read the marks
    with pytest.raises(LostCommitsError, match="another commit"):
        commit_marks.advance(mine, settings)
    commit_marks.accept(mine, settings, (table,))
    commit_marks.advance(mine, settings)


def test_marks_follow_the_log_and_a_gap_behind_them_is_named(settings, mine):
    commit(settings, SILVER_POSTS, 1)
    commit_marks.advance(mine, settings)
    commit(settings, SILVER_POSTS, 3)
    commit_marks.advance(mine, settings)
    assert commit_marks.marks_of(mine)[SILVER].version == 3
    commit(settings, SILVER_POSTS, 2)
    remove(settings, SILVER_POSTS, 4)
    with pytest.raises(LogDamagedError, match=r"silver\.posts at .*: commit 4 is missing"):
        commit_marks.advance(mine, settings)


@pytest.mark.parametrize(
    "content",
    ["", '{"silver.po', "[]", "null", '{"silver.posts": 5}', '{"silver.posts": ["a", 1]}'],
)
def test_a_damaged_file_of_marks_is_none(settings, mine, content):
    commit(settings, SILVER_POSTS, 1)
    (mine.folder / "marks.json").write_text(content)
    commit_marks.advance(mine, settings)
    assert commit_marks.marks_of(mine)[SILVER].version == 0


@pytest.mark.parametrize("content", [b"", b'{"commitInfo":{}}\n{"add":{"pa', b"\0\0", b"\xff\xfe"])
@pytest.mark.parametrize("is_noted", [True, False], ids=["noted", "new"])
def test_a_commit_that_cannot_be_read_is_damage_and_no_mark(settings, mine, content, is_noted):
    """A damaged commit is no other commit. The restored copy is the noted commit or a new one."""
    commit(settings, SILVER_POSTS, 2 if is_noted else 1)
    commit_marks.advance(mine, settings)
    commit(settings, SILVER_POSTS, 0 if is_noted else 1)
    file = settings.home / "lake" / SILVER_POSTS.folder / "_delta_log" / f"{1:020}.json"
    whole = file.read_bytes()
    file.write_bytes(content)
    with pytest.raises(
        LogDamagedError, match=rf"silver\.posts at .*: _delta_log/{file.name} cannot be read"
    ):
        commit_marks.advance(mine, settings)
    file.write_bytes(whole)
    commit_marks.advance(mine, settings)
    assert commit_marks.marks_of(mine)[SILVER].version == 1


def test_work_of_batch_commands_is_marked_and_hides_no_loss(settings, mine):
    """A rebuild of Silver does not hide Gold's loss."""
    commit(settings, SILVER_POSTS, 3)
    commit(settings, SILVER_TOMBSTONES, 1)
    commit_marks.advance(mine, settings)
    remove(settings, SILVER_POSTS, 2)
    commit(settings, SILVER_TOMBSTONES, 1)
    commit_marks.follow(settings)
    assert commit_marks.marks_of(mine)[SILVER_TOMBSTONES.name].version == 1
    assert [lost.table for lost in commit_marks.losses(settings)] == [SILVER]
    remove(settings, SILVER_TOMBSTONES, 1)
    assert {lost.table for lost in commit_marks.losses(settings)} == {
        SILVER,
        SILVER_TOMBSTONES.name,
    }


@pytest.mark.parametrize(
    "content", [None, b"PAR1 and no more", b"\0" * 400], ids=["gone", "half", "zeros"]
)
@pytest.mark.parametrize("is_named", [True, False], ids=["named", "newest"])
def test_delta_s_own_checkpoint_is_named_and_the_log_is_whole_without_it(
    settings, mine, content, is_named
):
    commit(settings, SILVER_POSTS, 3)
    DeltaTable(f"{settings.lake_uri}/{SILVER_POSTS.folder}").create_checkpoint()
    log = settings.home / "lake" / SILVER_POSTS.folder / "_delta_log"
    file = log / f"{2:020}.checkpoint.parquet"
    last = log / "_last_checkpoint"
    if not is_named:
        last.unlink()
    file.unlink() if content is None else file.write_bytes(content)
    if is_named or content is not None:
        with pytest.raises(
            LogDamagedError, match=rf"_delta_log/{file.name} cannot be read"
        ) as error:
            TableLog(SILVER_POSTS, settings).version()
        assert "Move this file and _last_checkpoint out of _delta_log" in error.value.remedy
    for moved in (file, last):
        moved.unlink(missing_ok=True)
    commit_marks.advance(mine, settings)
    assert commit_marks.marks_of(mine)[SILVER].version == 2


def test_a_newest_commit_that_only_delta_s_checkpoint_still_holds_is_named(settings, mine):
    """The table can be read, but deltalake cannot write to it, and its change feed has a hole."""
    commit(settings, SILVER_POSTS, 3)
    commit_marks.advance(mine, settings)
    DeltaTable(f"{settings.lake_uri}/{SILVER_POSTS.folder}").create_checkpoint()
    remove(settings, SILVER_POSTS, 2)
    with pytest.raises(
        LogDamagedError, match=r"silver\.posts at .*: commit 2 is missing in its log"
    ):
        commit_marks.advance(mine, settings)


def test_a_reader_s_offset_is_a_mark_where_an_older_release_left_none(settings):
    gold = checkpoint("silver_to_gold", settings)
    gold.create()
    for folder in ("offsets", "commits"):
        (gold.folder / folder).mkdir()
        offset = {"reservoirVersion": 4, "index": -1, "isStartingVersion": False}
        (gold.folder / folder / "0").write_text(f"v1\n{{}}\n{json.dumps(offset)}\n")
    commit(settings, GOLD_SENTIMENT_HOURLY, 1)
    commit(settings, SILVER_POSTS, 4)
    assert not commit_marks.losses(settings)
    remove(settings, SILVER_POSTS, 3)
    (lost,) = commit_marks.losses(settings)
    assert (lost.job, lost.table, lost.marked, lost.version) == ("silver_to_gold", SILVER, 3, 2)


def test_a_checkpoint_of_another_lake_has_seen_nothing_of_this_one(settings, mine):
    """The job's start reports the mismatch. Commits of the other lake are no loss here."""
    commit(settings, SILVER_POSTS, 1)
    log = settings.home / "lake" / SILVER_POSTS.folder / "_delta_log"
    first = log / f"{0:020}.json"  # deltalake does not write this property
    first.write_text(
        first.read_text().replace(
            '"configuration":{', f'"configuration":{{"{CHECKPOINT_PROPERTY}":"another"'
        )
    )
    (mine.folder / "marks.json").write_text(json.dumps({SILVER: [9, "a"]}))
    assert not commit_marks.losses(settings)
    assert not commit_marks.losses_for(JOB, settings)
    (mine.folder / "reset.json").write_text(json.dumps({"replaces": "another"}))
    assert [lost.table for lost in commit_marks.losses(settings)] == [SILVER]
