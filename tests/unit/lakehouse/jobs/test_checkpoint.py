"""A job starts only with the right checkpoint, tested with real files."""

import json
import uuid

import pytest

from foundation.errors import (
    CheckpointDamagedError,
    CheckpointMismatchError,
    CheckpointMissingError,
)
from foundation.settings import Settings
from lakehouse.jobs.checkpoint import Checkpoint, check, checkpoint

TABLE = "silver.posts"
OTHER = str(uuid.uuid4())


@pytest.fixture
def mine(tmp_path):
    return Checkpoint("bronze_to_silver", tmp_path / "bronze_to_silver" / "v1")


def note(folder, *batches):
    folder.mkdir(parents=True, exist_ok=True)
    for batch in batches:
        lines = ("v1", json.dumps({"batchWatermarkMs": 0}), json.dumps({"end": batch}))
        (folder / str(batch)).write_text("\n".join(lines), encoding="utf-8")


def plan(mine, *batches):
    note(mine.folder / "offsets", *batches)


def commit(mine, *batches):
    note(mine.folder / "commits", *batches)


def check_it(mine, table_checkpoint, *, has_rows=None):
    """Ask as `Job.prepare` does: a table that knows a checkpoint was written."""
    check(
        mine,
        table=TABLE,
        table_checkpoint=table_checkpoint,
        table_has_rows=table_checkpoint is not None if has_rows is None else has_rows,
    )


def test_a_first_run(mine):
    check_it(mine, None)
    mine.create()
    check_it(mine, None)


def test_a_run_that_ended_before_its_first_batch(mine):
    mine.create()
    check_it(mine, mine.id)


@pytest.mark.parametrize(
    ("planned", "committed"), [((0,), ()), ((0,), (0,)), ((0, 1), (0,)), ((8, 9, 10), (9, 10))]
)
def test_a_later_run(mine, planned, committed):
    mine.create()
    plan(mine, *planned)
    commit(mine, *committed)
    check_it(mine, mine.id)


def test_no_checkpoint_to_a_table_with_rows(mine):
    with pytest.raises(
        CheckpointMissingError, match=r"silver\.posts has data but the checkpoint .* is gone"
    ) as error:
        check_it(mine, OTHER)
    assert "echostream checkpoint reset bronze_to_silver" in error.value.remedy


def test_no_checkpoint_to_a_table_with_rows_that_knows_none(mine):
    with pytest.raises(CheckpointMissingError):
        check_it(mine, None, has_rows=True)


def test_a_checkpoint_that_lost_its_metadata(mine):
    """Spark would create a new id and begin its transactions again."""
    plan(mine, 0)
    with pytest.raises(CheckpointMissingError):
        check_it(mine, None)


@pytest.mark.parametrize("planned", [(), (0,)])
@pytest.mark.parametrize("committed", [(), (0,)])
def test_another_table_s_checkpoint(mine, planned, committed):
    mine.create()
    plan(mine, *planned)
    commit(mine, *committed)
    with pytest.raises(
        CheckpointMismatchError,
        match=f"is {mine.id[:8]}, but silver.posts was written by {OTHER[:8]}",
    ):
        check_it(mine, OTHER)


def test_a_checkpoint_that_has_run_to_a_table_that_is_new(mine):
    """The lake was removed and the checkpoints remain, which would skip the new table's rows."""
    mine.create()
    plan(mine, 0)
    commit(mine, 0)
    with pytest.raises(CheckpointMismatchError, match="was written by none"):
        check_it(mine, None)


def test_a_batch_that_was_never_finished_to_a_table_that_is_new(mine):
    """Nothing is lost, since the batch is repeated."""
    mine.create()
    plan(mine, 0)
    check_it(mine, None)


def test_a_reset_replaces_the_table_s_checkpoint(mine):
    mine.create(reset={"starting_version": 3, "replaces": OTHER})
    check_it(mine, OTHER)
    check_it(mine, mine.id)
    assert mine.reset["starting_version"] == 3


def test_a_reset_does_not_replace_a_third_one(mine):
    mine.create(reset={"replaces": OTHER})
    with pytest.raises(CheckpointMismatchError):
        check_it(mine, str(uuid.uuid4()))


def test_a_reset_that_has_run_replaces_no_more(mine):
    mine.create(reset={"replaces": OTHER})
    plan(mine, 0)
    check_it(mine, mine.id)
    with pytest.raises(CheckpointMismatchError):
        check_it(mine, OTHER)


def test_the_id_is_spark_s_and_stays(mine):
    mine.create()
    said = json.loads((mine.folder / "metadata").read_text(encoding="utf-8"))
    assert mine.id == said["id"] == Checkpoint(mine.job, mine.folder).id
    assert str(uuid.UUID(mine.id)) == mine.id


def test_two_checkpoints_have_two_ids(mine, tmp_path):
    other = Checkpoint(mine.job, tmp_path / "other")
    mine.create()
    other.create()
    assert mine.id != other.id


@pytest.mark.parametrize("content", [None, "", "{", '{"id', "{}", "\0\0"])
def test_no_readable_id(mine, content):
    if content is not None:
        mine.folder.mkdir(parents=True)
        (mine.folder / "metadata").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointMissingError, match="has no readable metadata"):
        _ = mine.id


def test_the_newest_batch_is_by_number(mine):
    assert (mine.planned_batch, mine.committed_batch) == (None, None)
    plan(mine, 2, 9, 10)
    commit(mine, 9)
    (mine.folder / "offsets" / ".11.crc").touch()
    (mine.folder / "offsets" / "11.tmp").touch()
    assert (mine.planned_batch, mine.committed_batch) == (10, 9)


def test_where_a_batch_ends(mine):
    plan(mine, 0, 1)
    assert mine.end_offset(1) == {"end": 1}


def test_set_aside_keeps_everything(mine):
    mine.create()
    plan(mine, 0)
    aside = mine.set_aside()
    assert not mine.folder.exists()
    assert Checkpoint(mine.job, aside).planned_batch == 0
    mine.create()
    assert mine.set_aside() != aside


def test_nothing_to_set_aside(mine):
    assert not mine.set_aside().exists()


def test_the_folder_follows_from_the_job(tmp_path):
    assert (
        checkpoint("silver_to_gold", Settings(home=tmp_path)).folder
        == tmp_path / "checkpoints/silver_to_gold/v1"
    )


DAMAGED = {
    "the newest offsets are empty": ("offsets/2", "", "cannot be read"),
    "the newest offsets end early": ("offsets/2", 'v1\n{"batchWatermarkMs":0}', "cannot be read"),
    "half an offset": ("offsets/2", 'v1\n{}\n{"reservoirVer', "cannot be read"),
    "the offsets of the newest batch that is done are empty": (
        "offsets/1",
        "\0\0",
        "cannot be read",
    ),
    "they are gone": ("offsets/1", None, "is gone"),
    "the newest commit is empty": ("commits/1", "", "cannot be read"),
}


@pytest.mark.parametrize(("name", "content", "how"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_checkpoint_is_named_with_file_and_command(mine, name, content, how):
    mine.create()
    plan(mine, 0, 1, 2)
    commit(mine, 0, 1)
    mine.demand_whole()
    file = mine.folder / name
    file.unlink() if content is None else file.write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointDamagedError) as error:
        mine.demand_whole()
    assert error.value.what == f"the checkpoint of {mine.job} is damaged: {file} {how}"
    assert f"`echostream checkpoint reset {mine.job}`" in error.value.remedy


def test_offsets_that_end_before_what_is_done_would_be_planned_anew(mine):
    mine.create()
    plan(mine, 0)
    commit(mine, 0, 1)
    with pytest.raises(CheckpointDamagedError, match=r"offsets/1 is gone"):
        mine.demand_whole()


@pytest.mark.parametrize("name", ["reset", "topics"])
@pytest.mark.parametrize("content", ["", '{"a', "[]", "\0"])
def test_our_own_files_are_named_where_they_are_damaged(mine, name, content):
    mine.create()
    (mine.folder / f"{name}.json").write_text(content, encoding="utf-8")
    with pytest.raises(CheckpointDamagedError, match=rf"{name}\.json cannot be read"):
        getattr(mine, name)
