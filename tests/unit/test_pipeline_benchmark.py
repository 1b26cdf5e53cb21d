"""The parts of benchmarks/pipeline that need neither Spark nor a broker."""

import json
import pickle
import random
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from rich.console import Console

from benchmarks.pipeline import knobs, reflection, results, tables, watch
from benchmarks.pipeline.drain import Drain, together
from benchmarks.pipeline.growth import spread
from benchmarks.pipeline.records import RECORDINGS, Feed, Template, made, makers_for, recorded
from benchmarks.pipeline.reflection import Change, Event, GoldCommit
from benchmarks.pipeline.report import BEGIN, DOCS_ONLY, END, ROOT, put
from benchmarks.pipeline.watch import Seen, Tally, Usage
from foundation.errors import UsageError
from foundation.keys import PseudonymKey
from ingestion.platform import Post
from ingestion.platforms import PLATFORMS

KEY = PseudonymKey(1, bytes(32))
AT = 1_760_000_000_000_000


@pytest.fixture(scope="module")
def templates() -> list[Template]:
    return made(300)


def feed_of(templates: list[Template]) -> Feed:
    return Feed(templates, makers_for(KEY, "public"), start=AT, step=1_000_000)


def test_no_two_numbers_give_one_id(templates: list[Template]):
    keys = [feed_of(templates).post_key(number) for number in range(2_000)]
    assert len(set(keys)) == 2_000


def test_a_post_stays_itself_but_for_its_id_and_time(templates: list[Template]):
    for number, template in enumerate(templates):
        post = template.post_as(number, AT)
        assert (post.text, post.author_id, post.channel) == (
            template.post.text,
            template.post.author_id,
            template.post.channel,
        )
        assert post.post_id != template.post.post_id
        assert (post.created_at, post.day.isoformat(), post.version) == (AT, "2025-10-09", 0)


def test_the_fresh_id_is_in_the_payload_as_well(templates: list[Template]):
    for number, template in enumerate(templates):
        post = template.post_as(number, AT)
        assert json.loads(post.raw)
        words = set(re.findall(r"\w+", post.raw))
        assert template.fresh_native(number) in words
        assert template.native not in words


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="needs the recordings in ../shared/data/platforms")
def test_recorded_payloads_map_to_the_fresh_id():
    templates = recorded()
    assert {template.platform for template in templates} > {"reddit", "x", "mastodon", "bluesky"}
    differing = Counter()
    for number, template in enumerate(random.Random(1).sample(templates, 500)):
        post = template.post_as(number, AT)
        mapped = PLATFORMS[template.platform].map(json.loads(post.raw), None)
        differing[template.platform] += not isinstance(mapped, Post) or mapped.post_id != post.post_id
    assert differing.total() == 0, differing


def test_the_stream_holds_edits_and_deletes_of_what_came_before(templates: list[Template]):
    feed = feed_of(templates)
    events = [orjson.loads(record.value) for record in feed.stream(0, 1_000)]
    kinds = Counter("delete" if e["op"] == "delete" else "edit" if e["version"] else "new" for e in events)
    assert kinds == {"new": 1_000, "edit": 50, "delete": 10}
    seen, days = set(), {}
    for event in events:
        if not event["version"]:
            seen.add(event["post_id"])
            days[event["post_id"]] = event["day"]
            assert event["raw"]
        else:
            assert event["post_id"] in seen
            assert event["day"] == days[event["post_id"]]
            assert event["version"] == event["observed_at"] > event["created_at"]
    assert len(seen) == 1_000


def test_an_edit_says_something_else_and_a_delete_nothing(templates: list[Template]):
    feed = feed_of(templates)
    first, edit, delete = (
        orjson.loads(record.value) for record in (feed.new(7), feed.edit(7, AT + 10**9), feed.delete(7, AT + 10**9))
    )
    assert first["keys"]["post"] == edit["keys"]["post"] == delete["keys"]["post"] == feed.post_key(7)[1]
    assert edit["event_id"] != first["event_id"]
    assert delete["text"] is delete["author_id"] is None
    assert first["text"] not in delete["raw"]


def test_unscored_brings_its_scorer_along():
    from benchmarks.pipeline.unscored import Unscored
    from transforms.scoring.posts import Scorers
    from transforms.scoring.score import ScorerOptions

    options = pickle.loads(pickle.dumps(Unscored()))  # noqa: S301  # our own
    assert isinstance(options, ScorerOptions)
    assert Scorers(options).default.name == "none"


def event(kind: str, post: str, version: int, seconds: float) -> Event:
    return Event(kind, post, version, int(seconds * 1e6))


def test_latency_runs_to_the_first_gold_commit_that_reflects_the_post():
    changes = [Change("a", 0, False, 3), Change("a", 9, False, 6), Change("b", 0, False, 3), Change("b", 0, True, 8)]
    gold = [GoldCommit(2, 10_000_000), GoldCommit(4, 20_000_000), GoldCommit(8, 50_000_000)]
    sent = [
        event("new", "a", 0, 15), event("new", "b", 0, 14), event("edit", "a", 9, 30), event("delete", "b", 9, 45),
        event("delete", "c", 9, 45),
    ]  # fmt: skip
    found = reflection.summarise(sent, changes, gold)
    assert found["new"] == {"count": 2, "p50_s": 5.0, "p95_s": 6.0, "max_s": 6.0, "without": 0}
    assert found["edit"]["max_s"] == 20.0
    assert found["delete"] == {"count": 1, "p50_s": 5.0, "p95_s": 5.0, "max_s": 5.0, "without": 1}


def test_an_edit_is_not_seen_in_the_commit_that_brought_the_post():
    changes = [Change("a", 0, False, 3)]
    assert reflection.reflecting(event("new", "a", 0, 1), changes) == 3
    assert reflection.reflecting(event("edit", "a", 9, 1), changes) is None
    assert reflection.reflecting(event("delete", "a", 9, 1), changes) is None
    assert reflection.reflecting(event("edit", "a", 9, 1), [*changes, Change("a", 9, True, 5)]) == 5


def test_what_gold_does_not_reflect_yet_has_no_latency():
    found = reflection.summarise([event("new", "a", 0, 1)], [Change("a", 0, False, 3)], [GoldCommit(2, 5_000_000)])
    assert found["new"] == {"count": 0, "p50_s": None, "p95_s": None, "max_s": None, "without": 1}


def test_percentiles_are_by_nearest_rank():
    assert reflection.percentiles([float(n) for n in range(100, 0, -1)]) == {
        "count": 100, "p50_s": 50.0, "p95_s": 95.0, "max_s": 100.0,
    }  # fmt: skip


def test_numbers_are_spread_over_the_whole_range():
    assert spread(10, 20, 5) == [10, 12, 14, 16, 18]
    with pytest.raises(ValueError, match="grow by more"):
        spread(10, 12, 3)


def test_cpu_time_counts_from_the_first_look_and_memory_at_its_highest():
    tally = Tally(jvm=2, driver=1)
    tally.add({1: Seen(0, True, 5.0, 100), 2: Seen(1, False, 10.0, 900), 9: Seen(1, False, 7.0, 500)})
    tally.add({1: Seen(0, True, 6.0, 90), 2: Seen(1, False, 14.0, 800), 3: Seen(2, True, 1.0, 40),
               4: Seen(3, True, 2.0, 50), 9: Seen(1, False, 70.0, 500)})  # fmt: skip
    tally.add({1: Seen(0, True, 6.0, 90), 2: Seen(1, False, 15.0, 700)})  # the workers have ended
    assert tally.usage == Usage(jvm_mb=900, workers_mb=90, cpu_s=1 + 5 + 1 + 2)


def test_this_process_is_among_those_that_are_seen():
    import os

    mine = watch.processes()[os.getpid()]
    assert mine.parent == os.getppid()
    assert mine.rss_mb > 10


def test_hops_share_their_records_and_rounds_add_up():
    one, other = Drain(100, 1.0, 2.0, 1, Usage(10, 5, 1.0)), Drain(100, 3.0, 4.0, 2, Usage(8, 7, 2.0))
    assert together([one, other], in_a_row=True) == Drain(100, 4.0, 6.0, 3, Usage(10, 7, 3.0))
    assert together([one, other], in_a_row=False).rate == 50


def test_a_part_replaces_its_own_figures_alone(tmp_path: Path):
    file = tmp_path / "latest.json"
    results.store("throughput", {"copy": {"posts_per_s": 1}, "posts": 5}, {"at": "a"}, file)
    results.store("steps", {"posts": 7}, {"at": "b"}, file)
    known = results.store("throughput", {"copy": {"posts_per_s": 2}, "posts": 6}, {"at": "c"}, file)
    assert known == json.loads(file.read_text()) == {
        "copy": {"posts_per_s": 2}, "posts": 6, "steps": {"posts": 7},
        "runs": {"throughput": {"at": "c"}, "steps": {"at": "b"}},
    }  # fmt: skip


def test_what_is_measured_later_replaces_its_part_of_the_record():
    runs = {"throughput": {"at": "2026-02"}, "steps": {"at": "2026-02"}}
    record = {"copy": {"posts_per_s": 1}, "steps": {"posts": 7}, "runs": runs}
    later = {"copy": {"posts_per_s": 2}, "steps": {"posts": 8}}
    latest = later | {"runs": {"throughput": {"at": "2026-03"}, "steps": {"at": "2026-01"}}}
    known = results.with_newer(record, latest)
    assert known == record | {"copy": {"posts_per_s": 2}, "runs": runs | {"throughput": {"at": "2026-03"}}}
    assert results.with_newer({}, latest) == latest
    assert results.with_newer(record, {}) == record


@pytest.mark.parametrize("page", ["README.md", "docs/benchmarks.md"])
def test_the_docs_show_the_figures_of_record(page):
    figures = results.load(results.RECORD)
    shown = (ROOT / page).read_text(encoding="utf-8")
    of_page = {name: found for name, found in figures.items() if page != "README.md" or name not in DOCS_ONLY}
    assert tables.about(figures) in shown
    assert [table.title for table in tables.tables(of_page) if table.markdown() not in shown] == []


def way(rate: float, cpu: float) -> dict[str, float]:
    return {"records": 1000, "posts_per_s": rate, "cpu_us_per_post": cpu, "jvm_peak_mb": 1500, "workers_peak_mb": 300}


def knob(rate: float, cpu: float, small_s: float) -> dict[str, float]:
    return {"posts_per_s": rate, "cpu_us_per_post": cpu, "small_s": small_s}


FIGURES = {
    "posts": 900,
    "bytes_per_record": 3766,
    "copy": way(20_000, 40),
    "naive": way(500, 4_000),
    "ours": way(5_000, 400)
    | {"hops": dict.fromkeys(("topic_to_bronze", "bronze_to_silver", "silver_to_gold"), way(1, 1))},
    "unscored": way(9_000, 1),
    "ratios": {"ours_to_copy": 0.25, "ours_to_naive": 10, "ours_to_copy_cpu": 0.1, "ours_to_naive_cpu": 10,
               "scored_to_unscored_time": 1.2, "scored_to_unscored_cpu": 1.1},
    "steps": {"posts": 10, "us_per_post": {"score": 10.0, "all, as one pass": 40.0}, 
              "libraries_us_per_text": {"V": 9.0}},
    "growth": {"new": 5, "edits": 2, "deletes": 1, "sizes": [
        {"rows": 50_000, "bronze_to_silver": 4.0, "silver_to_gold": 2.0, "jvm_peak_mb": 1, "workers_peak_mb": 2,
         "ratio": {"bronze_to_silver": 1.0, "silver_to_gold": 1.0}}]},
    "latency": {"posts_per_s": 500, "seconds": 120.0, "records": 5, "kafka_lag_at_end": 0, "in_gold_after_end_s": 9.0,
                "cores_busy": 1.2, "jvm_peak_mb": 1, "workers_peak_mb": 2,
                **{kind: {"count": 0, "p50_s": None, "p95_s": None, "max_s": None, "without": 3}
                   for kind in ("new", "edit", "delete")}},
    "backlog": {"posts_per_s": 500, "seconds": 600.0, "records": 318_000, "gone_s": 110.0, "half_gone_s": 60.5,
                "jvm_peak_mb": 1, "workers_peak_mb": 2},
    "knobs": {"posts": 2_000, "small": 5, "pairs": [
        {"setting": "a.b.c", "value": "9", "ours": "3", "other": knob(250.0, 500.0, 5.0),
         "rounds": [knob(520.0, 400.0, 4.0), knob(480.0, 400.0, 4.0)]}]},
}  # fmt: skip


def test_every_part_has_its_table():
    found = {table.title.split(",")[0]: table for table in tables.tables(FIGURES)}
    assert len(found) == 6
    ways = {row[0]: row for row in found["Throughput"].rows}
    assert ways["ours, Kafka → Gold"][2:4] == ("5,000", "0.250")
    assert "| score | 10.0 | 25% |" in found["The Python pass"].markdown()
    assert "| new | 0 | - | - | - | 3 |" in found["From sight to Gold"].markdown()
    assert "| 318,000 | 60.5 | 110.0 | 1 | 2 |" in found["A backlog of 600 s at 500 posts/s"].markdown()
    of_knobs = found["Spark's settings: 2"]
    assert "| b.c 9, not 3 | 250 | 0.50 | 500 | 1.25 | 5.0 | 1.25 |" in of_knobs.markdown()
    assert "differ by up to 8%" in of_knobs.note
    assert list(tables.tables({})) == []


def test_a_setting_has_another_value_within_its_round_alone():
    values = {"a": "1"}
    spark: Any = SimpleNamespace(conf=SimpleNamespace(get=values.get, set=values.__setitem__))
    with knobs.set_to(spark, "a", "2") as ours:
        assert (ours, values["a"]) == ("1", "2")
    assert values == {"a": "1"}


def test_a_table_is_shown_on_a_terminal(tmp_path: Path):
    with (tmp_path / "out").open("w") as out:
        for table in tables.tables(FIGURES):
            table.show(Console(width=120, file=out))
    assert "0.250" in (tmp_path / "out").read_text()


def test_figures_go_between_the_markers(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"# A\n{BEGIN}\nold\n{END}\nrest\n")
    put(page, "new")
    put(page, "newer")
    assert page.read_text() == f"# A\n{BEGIN}\nnewer\n{END}\nrest\n"
    page.write_text("# A\n")
    with pytest.raises(UsageError):
        put(page, "new")
