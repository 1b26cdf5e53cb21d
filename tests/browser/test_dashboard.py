"""The dashboard works in a browser: in two sizes, by keyboard, by axe's rules, and live."""

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import HOSTILE
from tests.support.browser import PATIENCE_MS
from tests.support.small_lake import NOON, MadePost

PAGES = {
    "/": ("Overview", ("Posts per day", "Sentiment", "Platforms", "Newest posts")),
    "/sentiment": ("Sentiment", ("Net sentiment", "Labels", "By platform", "By channel")),
    "/posts": ("Posts", ()),
    "/quality": ("Data quality", ("Jobs", "Fates", "Quarantine", "Cost and quota")),
}
# The selector of the rules that axe calls serious or critical, without Streamlit's own frame.
_SERIOUS = {"serious", "critical"}
_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", PAGES)
def test_a_page(visit, path, width):
    title, panels = PAGES[path]
    tab = visit(width, color_scheme="dark" if width == 390 else "light")
    page = tab.open(path)
    expect(page.locator("h1")).to_have_text(title, timeout=PATIENCE_MS)
    expect(page.locator("h2")).to_have_text(list(panels), timeout=PATIENCE_MS)
    tab.drawn()  # wait for the charts of the last panel too
    assert not page.evaluate(_SIDEWAYS)
    found = Axe().run(page).response["violations"]
    assert [
        (each["id"], [node["html"][:200] for node in each["nodes"]])
        for each in found
        if each["impact"] in _SERIOUS
    ] == []


def test_every_chart_says_how_old_it_is_and_has_its_data_behind_it(visit, tmp_path):
    page = visit().open("/")
    expect(page.locator("[data-testid=stVegaLiteChart]")).to_have_count(3, timeout=PATIENCE_MS)
    as_of = page.get_by_text(re.compile(r"Data of .* UTC, Gold version \d+"))
    expect(as_of).to_have_count(3, timeout=PATIENCE_MS)
    page.get_by_text("Data and downloads: Platforms").click()
    table = page.get_by_role("region", name="Platforms")
    assert "Bluesky" in table.inner_text()
    for name, begins in (("CSV", b"Platform,Posts"), ("PNG", b"\x89PNG")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        file = tmp_path / name
        download.value.save_as(file)
        assert file.read_bytes().startswith(begins)


def test_a_link_repeats_the_view(visit):
    page = visit().open("/?days=30&platform=reddit&label=negative")
    assert "Reddit" in page.get_by_text("UTC · Reddit").inner_text()
    expect(page.locator("h2").first).to_have_text("Posts per day, negative", timeout=PATIENCE_MS)
    page.get_by_role("link", name="Sentiment").click()
    page.wait_for_url(re.compile(r"/sentiment\?"))
    page.get_by_role("link", name="Data quality").click()
    page.wait_for_url(re.compile(r"/quality$"))
    page.get_by_role("link", name="Posts").click()
    page.wait_for_url(re.compile(r"/posts\?"))
    page.locator(".es-post").first.wait_for()
    assert "Reddit" in page.get_by_text("UTC · Reddit").inner_text()
    assert sorted(page.url.partition("?")[2].split("&")) == [
        "days=30",
        "label=negative",
        "platform=reddit",
    ]


def test_a_wrong_link_is_the_usual_view(visit):
    page = visit().open("/?days=x&platform=%3Cscript%3E&label=%22&from=1&unknown=1")
    assert page.get_by_text("all platforms").count() == 1


def test_filters_by_keyboard_alone(visit):
    """Tab to the channel, type a name, and read the narrowed page."""
    page = visit().open("/")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "Channel":
            break
    page.keyboard.type("tea")
    page.keyboard.press("Enter")
    page.get_by_text("channel tea").wait_for()
    assert "channel=tea" in page.url


def test_hostile_text_is_text_and_what_may_not_be_shown_is_not(visit):
    page = visit().open("/posts")
    shown = page.locator(".es-post", has_text="window.hit").first
    assert shown.locator("p").all_inner_texts() == [HOSTILE, HOSTILE]
    assert shown.locator("script, img, a, b:not([aria-hidden])").count() == 0
    assert page.evaluate("window.hit") is None
    assert page.get_by_text("never shown").count() == 0
    assert page.get_by_text("may not be shown").count() == 1


def test_a_commit_shows_within_ten_seconds_without_a_reload(visit, lake):
    tab = visit()
    page = tab.open("/")
    posts = page.locator(".es-tile .es-value").first
    before = posts.inner_text()
    page.evaluate("window.same = 1")
    lake.add(*(MadePost(f"new-{n}", posted_at=NOON + timedelta(minutes=40)) for n in range(5)))
    page.wait_for_function(
        "before => document.querySelector('.es-tile .es-value').innerText !== before",
        arg=before,
        timeout=10_000,
    )
    assert int(posts.inner_text()) == int(before) + 5
    assert page.evaluate("window.same") == 1


def test_no_lake_that_matches_says_what_to_do(visit):
    page = visit().open("/?channel=nobody")
    assert page.locator(".es-state h2").inner_text() == "No posts match these filters"
