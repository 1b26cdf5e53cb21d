"""One batch job in a session of its own, holding the lake."""

from typing import Literal

from batch.rebuild_gold import rebuild_gold
from batch.rebuild_silver import rebuild_silver
from foundation.logs import setup_logs
from foundation.settings import Settings
from lakehouse.lease import hold_lake
from lakehouse.session import build_session, jvm_pid
from schemas.tables import SILVER_POSTS


def run(settings: Settings, layer: Literal["silver", "gold"]) -> dict[str, int]:
    """Rebuild a layer; answers the rows by table.

    Raises:
        LakeInUseError: the streams, or another job, hold the lake.
    """
    setup_logs(settings.home / "logs" / "run.jsonl", settings.log_level)
    with hold_lake(settings) as lease:
        spark = build_session(settings, f"echostream rebuild {layer}")
        try:
            lease.name_jvm(jvm_pid(spark))
            return (
                rebuild_gold(spark, settings)
                if layer == "gold"
                else {SILVER_POSTS.name: rebuild_silver(spark, settings)}
            )
        finally:
            spark.stop()
