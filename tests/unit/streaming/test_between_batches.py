"""An error of the work between batches names the job, not the command."""

from threading import Event
from types import SimpleNamespace

import pytest
from pyspark.errors import PySparkException

from foundation.errors import DataFileDamagedError
from foundation.settings import Settings
from lakehouse.jobs.job import Job
from schemas.tables import SILVER_POSTS
from streaming import run


def test_a_damaged_file_has_the_job_and_its_batch(tmp_path):
    settings = Settings(home=tmp_path)
    job = Job("bronze_to_silver", (SILVER_POSTS,), settings)
    (job.checkpoint.folder / "offsets").mkdir(parents=True)
    (job.checkpoint.folder / "offsets" / "4").write_text("v1")
    file = f"{settings.lake_uri}/silver/posts/day=1/p.parquet"

    def maintain(_):
        raise PySparkException(
            f"[FAILED_READ_FILE.NO_HINT] Encountered error while reading file file:{file}. "
        )

    running = SimpleNamespace(
        job=job, query=SimpleNamespace(awaitTermination=lambda _: False), maintain=maintain
    )
    with pytest.raises(DataFileDamagedError) as raised:
        run.watch([running], Event(), settings)
    assert raised.value.what.startswith(f"bronze_to_silver: {file} of silver.posts cannot be read")
    assert raised.value.remedy.startswith("Batch 4 is not counted as done")
