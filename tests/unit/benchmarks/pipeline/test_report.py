"""The benchmark's figures become JSON, tables and pages."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from benchmarks.pipeline import knobs, results, tables
from benchmarks.pipeline.report import BEGIN, END, ROOT, put
from foundation.errors import UsageError


def test_a_part_replaces_its_own_figures_alone(tmp_path: Path):
    file = tmp_path / "latest.json"
    results.store("throughput", {"copy": {"posts_per_s": 1}, "posts": 5}, {"at": "a"}, file)
    results.store("steps", {"posts": 7}, {"at": "b"}, file)
    known = results.store("throughput", {"copy": {"posts_per_s": 2}, "posts": 6}, {"at": "c"}, file)
    assert (
        known
        == json.loads(file.read_text())
        == {
            "copy": {"posts_per_s": 2},
            "posts": 6,
            "steps": {"posts": 7},
            "runs": {"throughput": {"at": "c"}, "steps": {"at": "b"}},
        }
    )


def test_what_is_measured_later_replaces_its_part_of_the_record():
    runs = {"throughput": {"at": "2026-02"}, "steps": {"at": "2026-02"}}
    record = {"copy": {"posts_per_s": 1}, "steps": {"posts": 7}, "runs": runs}
    later = {"copy": {"posts_per_s": 2}, "steps": {"posts": 8}}
    latest = later | {"runs": {"throughput": {"at": "2026-03"}, "steps": {"at": "2026-01"}}}
    known = results.with_newer(record, latest)
    assert known == record | {
        "copy": {"posts_per_s": 2},
        "runs": runs | {"throughput": {"at": "2026-03"}},
    }
    assert results.with_newer({}, latest) == latest
    assert results.with_newer(record, {}) == record


def test_the_docs_show_the_figures_of_record():
    figures = results.load(results.RECORD)
    shown = (ROOT / "docs/evidence/benchmarks.md").read_text(encoding="utf-8")
    assert tables.about(figures) in shown
    missing = [table.title for table in tables.tables(figures) if table.markdown() not in shown]
    assert missing == []


def way(rate: float, cpu: float) -> dict[str, float]:
    return {
        "records": 1000,
        "posts_per_s": rate,
        "cpu_us_per_post": cpu,
        "jvm_peak_mb": 1500,
        "workers_peak_mb": 300,
    }


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
    "ratios": {
        "ours_to_copy": 0.25,
        "ours_to_naive": 10,
        "ours_to_copy_cpu": 0.1,
        "ours_to_naive_cpu": 10,
        "scored_to_unscored_time": 1.2,
        "scored_to_unscored_cpu": 1.1,
    },
    "steps": {
        "posts": 10,
        "us_per_post": {"score": 10.0, "all, as one pass": 40.0},
        "libraries_us_per_text": {"V": 9.0},
    },
    "growth": {
        "new": 5,
        "edits": 2,
        "deletes": 1,
        "sizes": [
            {
                "rows": 50_000,
                "bronze_to_silver": 4.0,
                "silver_to_gold": 2.0,
                "jvm_peak_mb": 1,
                "workers_peak_mb": 2,
                "ratio": {"bronze_to_silver": 1.0, "silver_to_gold": 1.0},
            }
        ],
    },
    "latency": {
        "posts_per_s": 500,
        "seconds": 120.0,
        "records": 5,
        "kafka_lag_at_end": 0,
        "in_gold_after_end_s": 9.0,
        "cores_busy": 1.2,
        "jvm_peak_mb": 1,
        "workers_peak_mb": 2,
        **{
            kind: {"count": 0, "p50_s": None, "p95_s": None, "max_s": None, "without": 3}
            for kind in ("new", "edit", "delete")
        },
    },
    "backlog": {
        "posts_per_s": 500,
        "seconds": 600.0,
        "records": 318_000,
        "gone_s": 110.0,
        "half_gone_s": 60.5,
        "jvm_peak_mb": 1,
        "workers_peak_mb": 2,
    },
    "knobs": {
        "posts": 2_000,
        "small": 5,
        "pairs": [
            {
                "setting": "a.b.c",
                "value": "9",
                "ours": "3",
                "other": knob(250.0, 500.0, 5.0),
                "rounds": [knob(520.0, 400.0, 4.0), knob(480.0, 400.0, 4.0)],
            }
        ],
    },
}


def test_every_part_has_its_table():
    found = {table.title.split(",")[0]: table for table in tables.tables(FIGURES)}
    assert len(found) == 6
    ways = {row[0]: row for row in found["Throughput"].rows}
    assert ways["ours, Kafka → Gold"][2:4] == ("5,000", "0.250")
    assert "| score | 10.0 | 25% |" in found["The Python pass"].markdown()
    assert "| new | 0 | - | - | - | 3 |" in found["From sight to Gold"].markdown()
    assert (
        "| 318,000 | 60.5 | 110.0 | 1 | 2 |"
        in found["A backlog of 600 s at 500 posts/s"].markdown()
    )
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
