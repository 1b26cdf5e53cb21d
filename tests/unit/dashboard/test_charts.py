"""Vega-Lite draws every chart, with as many marks as it has rows."""

from datetime import UTC, datetime

import pytest
import vl_convert

from dashboard import charts, panels, rows
from dashboard.charts import for_file
from dashboard.figures import count, points
from dashboard.look import DARK, LIGHT
from dashboard.panels import Panel
from dashboard.parts import Column
from dashboard.periods import between
from foundation.csv_cells import neutral_cell
from tests.support.formulas import FORMULAS, OTHERS

CELLS = [
    {
        "at": f"2026-03-0{day}T00:00:00Z",
        "platform": platform,
        "channel": f"{platform}-{day}",
        "posts": 40,
        "positive": 10 + day,
        "neutral": 12,
        "negative": 8,
        "mixed": 1,
        "unscored": 9 - day,
    }
    for day in (1, 2, 4)
    for platform in ("bluesky", "reddit")
]
PERIOD = between(datetime(2026, 3, 1, tzinfo=UTC).date(), datetime(2026, 3, 4, tzinfo=UTC).date())
STEPS = rows.by_step(CELLS, PERIOD, "day")
NAMES = rows.by_name(CELLS, "platform")


def marks(spec, kind="bar"):
    svg = vl_convert.vegalite_to_svg(for_file(spec, "T", "as of"), allowed_base_urls=[])
    return svg.count(f'aria-roledescription="{kind}"')


def test_a_step_without_posts_is_there_with_zeros():
    assert [at.day for at in STEPS] == [1, 2, 3, 4]
    assert [sums.posts for sums in STEPS.values()] == [80, 80, 0, 80]


@pytest.mark.parametrize("step", ["hour", "day", "week"])
@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_volume(step, colours):
    assert marks(charts.volume(rows.volume(STEPS, step), colours, step=step)) == 4


def test_volume_of_a_label():
    assert [row["posts"] for row in rows.volume(STEPS, "day", "negative")] == [16, 16, 0, 16]


def test_sentiment_stands_on_both_sides_of_zero():
    drawn = rows.diverging(STEPS, "day")
    assert {row["share"] > 0 for row in drawn if row["label"] == "positive"} == {True}
    assert {row["share"] < 0 for row in drawn if row["label"] == "negative"} == {True}
    assert marks(charts.sentiment(drawn)) == 6


def test_net_sentiment_has_a_gap_where_nothing_is_scored():
    drawn = rows.net(STEPS, "day")
    assert [row["net"] is None for row in drawn] == [False, False, True, False]
    assert marks(charts.net_sentiment(drawn), "line mark") == 1


def test_labels_add_up():
    assert marks(charts.label_shares(rows.shares(STEPS, "day"))) == 12


def test_names_are_sorted_by_posts_and_bars_say_their_figure():
    amounts = rows.amounts(NAMES)
    assert [(row["name"], row["shown"]) for row in amounts] == [
        ("bluesky", "120 · 50.0\u202f%"),
        ("reddit", "120 · 50.0\u202f%"),
    ]
    assert marks(charts.bars(amounts)) == 2
    assert marks(charts.bars([])) == 0


def test_net_by_name_draws_both_signs():
    drawn = [{"name": "a", "net": 0.2, "shown": "+20"}, {"name": "b", "net": -0.1, "shown": "-10"}]
    assert marks(charts.net_by_name(drawn)) == 2
    assert marks(charts.net_by_name(rows.net_of_names(NAMES))) == 2


def test_a_label_is_told_by_its_sign_too():
    legend = charts.sentiment(rows.diverging(STEPS, "day"))["layer"][0]["encoding"]["color"]
    assert "'positive': '+ positive'" in legend["legend"]["labelExpr"]


def test_files():
    panel = Panel(
        "volume",
        "Posts",
        "",
        "",
        (Column("Channel", "name"), Column("Posts", "posts", is_number=True)),
        [{"name": "=cmd()", "posts": count(1234)}, {"name": "@tea, hot", "posts": points(-0.011)}],
    )
    assert panels.as_csv(panel) == "Channel,Posts\n'=cmd(),1234\n\"'@tea, hot\",-1.1\n"
    picture = panels.as_png(
        lambda colours: charts.volume(rows.volume(STEPS, "day"), colours), "Posts", "as of"
    )
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000


@pytest.mark.parametrize("text", [*FORMULAS, *OTHERS])
def test_a_text_of_a_file_is_neutral_as_everywhere(text):
    assert panels.neutral(text) == neutral_cell(text)


def test_an_answer_says_how_old_it_is():
    as_of = {"gold_version": 7, "committed_at": "2026-03-04T12:00:00Z"}
    assert panels.as_of_line(as_of) == "Data of 4 Mar 2026 12:00 UTC, Gold version 7"
    assert panels.as_of_line({"silver_version": 3}) == "Data, Silver version 3"
    assert panels.as_of_line({"gold_version": None}) == "No figures have been computed yet"
