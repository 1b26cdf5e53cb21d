"""Every Python example of a page does what the page says."""

import re
from pathlib import Path
from textwrap import indent
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from ingestion.platform import Platform, Post, Unmappable
from transforms.scoring.score import ScorerOptions

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_HERE = {"docs/extend/platform.md", "docs/extend/scorer.md", "docs/analyse/bi.md"}
QUOTED_HERE = {"docs/extend/gold-table.md": "streaming/silver_to_gold.py"}


def blocks(page: str) -> list[str]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def defined(page: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in blocks(page):
        exec(block, names)  # noqa: S102  # our own page: the example is the thing under test
    return names


def test_no_page_has_an_example_that_nothing_tries():
    pages = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert {page for page in pages if blocks(page)} == RUN_HERE | QUOTED_HERE.keys()


@pytest.mark.parametrize(("page", "source"), QUOTED_HERE.items())
def test_a_quotation_stands_in_the_code(page, source):
    (block,) = blocks(page)
    assert indent(block.rstrip(), "    ") in (ROOT / source).read_text(encoding="utf-8")


def test_the_smallest_platform_maps_its_payload_and_refuses_a_wrong_one():
    example: Platform = defined("docs/extend/platform.md")["PLATFORM"]
    payload = {"id": "7", "by": "kim", "at": 1764500000, "text": "Hi"}
    (found,) = example.payloads(payload)
    post = example.map(found, None)
    assert isinstance(post, Post)
    assert (post.post_id, post.created_at, post.text) == ("7", 1_764_500_000_000_000, "Hi")
    refused = example.map({"id": "7", "at": "today"}, None)
    assert isinstance(refused, Unmappable)
    assert (refused.detail, refused.is_withheld) == ("at", True)


def test_the_smallest_scorer_scores_in_the_order_of_its_texts():
    scorer = defined("docs/extend/scorer.md")["load"](ScorerOptions())
    scores = scorer.score(["Great!!!", "Fine."])
    assert [(score.label, score.compound) for score in scores] == [
        ("positive", 1.0),
        ("neutral", 0.0),
    ]


def test_gold_is_read_as_the_page_reads_it(tmp_path, monkeypatch):
    write_deltalake(str(tmp_path / "var/lake/gold/sentiment_hourly"), pa.table({"posts": [1, 2]}))
    monkeypatch.chdir(tmp_path)
    assert defined("docs/analyse/bi.md")["hours"].posts.sum() == 3
