"""Check the lake and the containers from outside."""

import json
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

import pytest
from deltalake.exceptions import TableNotFoundError

from foundation.settings import Settings
from ingestion.kafka.topics import end_offsets
from ingestion.simulators.server.scenario import final_texts, load_scenario, timeline
from lakehouse.storage.s3 import client
from local.lag import table_lags
from schemas.topics import topic_name
from tests.compose.engine import call
from tests.compose.images import ROOT
from tests.compose.project import Project
from tests.support.lake import ops, rows_of

SIMULATED = ("bluesky", "hackernews", "mastodon")
_SCENARIO = ROOT / "deploy/simulators.toml"
_BOARD = ROOT / "deploy/grafana/boards/echostream.json"


def is_in_gold(settings: Settings, records: int) -> bool:
    """Tell whether this many records have a fate, and Gold is as new as Silver."""
    try:
        consumed = sum(row["consumed"] for row in ops(settings, "bronze_to_silver"))
    except Exception:  # False if the store was killed or there is no table yet
        return False
    return consumed >= records and all(lag.behind == 0 for lag in table_lags(settings))


def has_gold(settings: Settings) -> bool:
    """Tell whether Gold has any posts."""
    try:
        return bool(rows_of(settings, "gold.sentiment_hourly"))
    except TableNotFoundError:
        return False


def sent(settings: Settings, platform: str) -> int:
    """Count the records of posts that Kafka has of a platform."""
    return sum(end_offsets(settings)[topic_name(platform, "posts")].values())


def simulated(settings: Settings, known: set[str]) -> dict[str, Counter[int]]:
    """Count simulated posts in Silver by platform and number, without posts of known keys."""
    found: dict[str, Counter[int]] = {platform: Counter() for platform in SIMULATED}
    for row in rows_of(settings, "silver.posts"):
        if row["platform"] in found and row["post_key"] not in known:
            found[row["platform"]][int(re.search(r"No\. (\d+)\.", row["text"])[1])] += 1
    return found


def lost_of_simulated(found: dict[str, Counter[int]]) -> dict[str, list[int]]:
    """Return posts that are missing in Silver, by platform. Check that no post is there twice."""
    scenario = load_scenario(_SCENARIO)
    wanted = set(final_texts(timeline(scenario, 0)))
    for platform, numbers in found.items():
        assert [number for number, times in numbers.items() if times > 1] == [], (
            f"{platform}: doubled"
        )
        assert set(numbers) <= set(range(1, scenario.posts + 1)), platform
    return {platform: sorted(wanted - set(numbers)) for platform, numbers in found.items()}


def busiest_author(settings: Settings) -> tuple[str, str, str]:
    """Return platform, pseudonym and payload id of each post in Silver."""
    authors = Counter(
        (r["platform"], r["author_key"])
        for r in rows_of(settings, "silver.posts")
        if r["author_key"]
    )
    ((platform, author_key), _), *_ = authors.most_common(1)
    theirs = (row for row in rows_of(settings, "bronze.posts") if row["author_key"] == author_key)
    return platform, author_key, next(json.loads(row["value"])["author_id"] for row in theirs)


def held_of(settings: Settings, author_key: str) -> int:
    """Count the rows of an author that any table shows."""
    tables = ("bronze.posts", "silver.posts")
    return sum(
        row["author_key"] == author_key for name in tables for row in rows_of(settings, name)
    )


def assert_closed(project: Project, secrets: list[str]) -> int:
    """Check that no container runs as root or opens more than it needs; return their number."""
    ids = call(
        "docker", "ps", "-q", "--filter", f"label=com.docker.compose.project={project.name}"
    ).split()
    for one in json.loads(call("docker", "inspect", *ids)):
        name = one["Name"]
        host = one["HostConfig"]
        assert one["Config"]["User"].partition(":")[0] not in ("", "0", "root"), name
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (
            True,
            ["ALL"],
            False,
        ), name
        bound = [
            each["HostIp"]
            for each in (one["NetworkSettings"]["Ports"] or {}).values()
            if each
            for each in each
        ]
        assert set(bound) <= {"127.0.0.1"}, name
        assert host["Memory"] > 0, name
        uids = call("docker", "top", one["Id"], "-eo", "pid,uid").split()[3::2]
        assert uids, name
        assert "0" not in uids, f"{name}: a process is root"
        assert not [secret for secret in secrets if secret in json.dumps(one)], (
            f"{name}: shows a secret"
        )
    return len(ids)


def assert_unreachable_from_outside(project: Project) -> None:
    """Check that each port answers on loopback only."""
    addresses = [address for address in call("hostname", "-I").split() if ":" not in address]
    running = {"KAFKA_PORT", "S3_PORT", "SPARK_UI_PORT", "HISTORY_PORT", "PROMETHEUS_PORT"}
    for name in running:
        with socket.create_connection(("127.0.0.1", project.ports[name]), timeout=5):
            pass
        for address in addresses:
            try:
                socket.create_connection((address, project.ports[name]), timeout=2).close()
            except OSError:
                continue
            raise AssertionError(f"{name} answers on another address than loopback")


def assert_store_asks_for_credentials(project: Project, settings: Settings) -> None:
    """Check that a client without credentials gets no data."""
    url = f"http://127.0.0.1:{project.ports['S3_PORT']}/lake"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url, timeout=10).close()
    assert client(settings.s3).list_buckets()["Buckets"]


def missing_from_prometheus(project: Project) -> list[str]:
    """Return the board's queries about streaming jobs for which Prometheus has no data."""
    panels = json.loads(_BOARD.read_text(encoding="utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    return [
        one for one in asked if one.startswith(("metrics_", "up")) and not _query(project, one)
    ] + [f"up of {one['metric']['instance']}" for one in _query(project, "up == 0")]


def _query(project: Project, expression: str) -> list[dict]:
    query = urllib.parse.urlencode({"query": expression})
    url = f"http://127.0.0.1:{project.ports['PROMETHEUS_PORT']}/api/v1/query?{query}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]["result"]
