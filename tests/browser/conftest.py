"""Share one browser, lake, API and dashboard between the tests of this folder."""

from datetime import timedelta

import pytest

from tests.support.api import serving
from tests.support.browser import SIZES, Visit, chromium
from tests.support.browser import dashboard as dashboard_of
from tests.support.small_lake import NOON, MadePost, SmallLake, week_of_posts

HOSTILE = (
    "<script>window.hit=1</script><img src=x onerror='window.hit=1'>"
    " **bold** [link](javascript:window.hit=1) :red[red] $x^2$ <b>b</b>"
)


@pytest.fixture(scope="package")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def lake(tmp_path_factory, browser):
    """Return a lake of a week, whose newest posts are hostile and withheld."""
    made = SmallLake(tmp_path_factory.mktemp("browser"))
    later = NOON + timedelta(minutes=30)
    made.add(
        *week_of_posts(),
        MadePost("hostile", text=HOSTILE, title=HOSTILE, posted_at=later),
        MadePost("withheld", text="never shown", may_display=False, posted_at=later),
    )
    made.batch(new=168, duplicate=4, quarantined=3, lag=7)
    made.quarantine({("bluesky", "invalid_json"): 2, ("reddit", "unknown_op"): 1})
    return made


@pytest.fixture(scope="package")
def api(lake):
    with serving(lake.home) as running:
        yield running


@pytest.fixture(scope="package")
def dashboard(lake, api):
    with dashboard_of(lake.home, api.address) as address:
        yield address


@pytest.fixture
def visit(browser, dashboard):
    """Open a tab of a given width. The test fails if the tab has errors or asked another host."""
    contexts = []
    visits = []

    def begin(width=1280, **options):
        size = {"width": width, "height": SIZES[width]}
        context = browser.new_context(viewport=size, **options)
        contexts.append(context)
        made = Visit(context.new_page(), dashboard)
        visits.append(made)
        return made

    yield begin
    for context in contexts:
        context.close()
    for made in visits:
        assert made.errors == []
        assert made.hosts - {""} == {dashboard.removeprefix("http://")}
