"""The script runs as Streamlit runs it, with the real API over a small lake."""

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard.session import KEY_VARIABLE, URL_VARIABLE
from local.host.ports import free_ports
from tests.support.api import serving
from tests.support.small_lake import SmallLake, week_of_posts
from tests.unit.dashboard.test_api import Lake, served

SCRIPT = Path(dashboard.__file__).with_name("main.py")
_PATIENCE_S = 60


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    lake = SmallLake(tmp_path_factory.mktemp("dashboard"))
    lake.add(*week_of_posts())
    lake.batch(new=168)
    with serving(lake.home) as running:
        yield running


@pytest.fixture
def app(api, monkeypatch):
    """Return a browser session of the dashboard."""
    monkeypatch.setenv(URL_VARIABLE, api.address)
    return AppTest.from_file(str(SCRIPT), default_timeout=_PATIENCE_S)


def html(app):
    """Return all HTML that the pages wrote."""
    return "".join(each.proto.body for each in app.get("html"))


def test_the_overview_has_figures_and_charts(app):
    app.run()
    assert not app.exception
    shown = html(app)
    assert ">168<" in shown
    assert "Gold version 0" in shown
    assert len(app.get("vega_lite_chart")) + len(app.get("arrow_vega_lite_chart")) == 3


def test_filters_narrow_the_figures_and_stand_in_the_address(app):
    app.run()
    app.multiselect(key="f_platforms").set_value(["reddit"]).run()
    assert ">84<" in html(app)
    assert app.query_params["platform"] == "reddit"
    app.selectbox(key="f_period").set_value(30).run()
    assert app.query_params["days"] == "30"
    app.selectbox(key="f_period").set_value(7).run()
    assert "days" not in app.query_params


def test_an_address_sets_the_filters(app):
    app.query_params["platform"] = "bluesky"
    app.query_params["label"] = "negative"
    app.run()
    assert app.multiselect(key="f_platforms").value == ["bluesky"]
    assert app.selectbox(key="f_label").value == "negative"


def test_dates_are_chosen_one_by_one(app):
    app.run()
    app.selectbox(key="f_period").set_value("dates").run()
    assert not app.exception
    assert {"from", "to"} <= set(app.query_params)


def test_filters_that_nothing_passes(app):
    app.query_params["channel"] = "nobody"
    app.run()
    assert "No posts match these filters" in html(app)


def test_where_a_key_may_see_no_cell_the_page_says_so(app, api, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, api.key("mentions:read"))
    app.run()
    assert "Too few authors for figures" in html(app)
    assert "fewer than 5 authors" in html(app)
    assert "No posts yet" not in html(app)
    assert not app.exception


def test_an_api_that_is_away(app, monkeypatch):
    monkeypatch.setenv(URL_VARIABLE, f"http://127.0.0.1:{free_ports(1)[0]}")
    app.run()
    assert not app.exception
    assert "The API does not answer" in html(app)
    assert "echostream serve" in html(app)


@pytest.mark.parametrize(
    ("status", "says", "remedy"),
    [
        (401, "The API asks for a key", "echostream api-keys create"),
        (403, "This key may not read posts", "mentions:read"),
        (429, "Too many requests", "tries again every few seconds"),
        (503, "The data cannot be read at the moment", "tries again every few seconds"),
        (422, "The API refused this request", "tries again every few seconds"),
    ],
)
def test_a_refusal_is_told_with_its_remedy_and_its_detail_is_text(
    app, monkeypatch, status, says, remedy
):
    lake = Lake()
    lake.status = status
    lake.detail = "<b>because</b>"
    with served(lake) as url:
        monkeypatch.setenv(URL_VARIABLE, url)
        app.run()
    assert not app.exception
    assert says in html(app)
    assert remedy in html(app)
    assert "<b>because" not in html(app)


def test_dates_the_wrong_way_round_are_put_right(app):
    app.query_params["from"] = "2026-03-01"
    app.query_params["to"] = "2026-03-04"
    app.run()
    app.date_input(key="f_first").set_value(date(2026, 3, 6)).run()
    assert not app.exception
    assert (app.query_params["from"], app.query_params["to"]) == ("2026-03-04", "2026-03-06")


def test_a_page_that_fails_quotes_nothing_and_keeps_its_frame(app, monkeypatch, caplog):
    def fail(view):
        raise ValueError("the text of a post")

    monkeypatch.setattr("dashboard.views.overview.show", fail)
    app.run()
    assert not app.exception
    assert "This page could not be drawn" in html(app)
    assert "the text of a post" not in html(app) + caplog.text
    assert "a page failed: ValueError at" in caplog.text
    assert app.multiselect(key="f_platforms")
