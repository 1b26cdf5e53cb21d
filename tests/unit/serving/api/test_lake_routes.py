"""`/v1/query`, `/v1/posts` and `/v1/quality` answer over a small lake."""

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.support.api import serving
from tests.support.small_lake import NOON, MadePost, SmallLake

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    made = SmallLake(tmp_path_factory.mktemp("lake"))
    made.add(
        *(MadePost(f"many {n}", author=f"a{n}", posted_at=NOON - n * HOUR) for n in range(7)),
        *(MadePost(f"crowd {n}", author=f"c{n}", label="negative") for n in range(6)),
        MadePost("hidden", may_display=False, text="canary text", platform="reddit"),
        MadePost("foreign", owner="other", text="canary of another tenant"),
    )
    return made


@pytest.fixture(scope="module")
def api(lake):
    with serving(lake.home) as running:
        yield running


def test_volume_adds_up_and_says_as_of_when(api):
    told = api.get("/v1/query?step=day&by=platform").json()

    assert told["as_of"]["gold_version"] == 0
    assert told["as_of"]["committed_at"].endswith("Z")
    assert told["hidden_cells"] == 0
    by_platform = {cell["platform"]: cell["posts"] for cell in told["cells"]}
    assert by_platform == {"bluesky": 13, "reddit": 1}
    (cell,) = [cell for cell in told["cells"] if cell["platform"] == "bluesky"]
    assert (cell["positive"], cell["negative"]) == (7, 6)
    assert cell["net_sentiment"] == pytest.approx(1 / 13)


def test_another_caller_gets_no_sum_that_a_small_cell_is_part_of(api):
    reader = api.bearer("mentions:read")
    told = api.get("/v1/query?step=day", reader).json()

    assert sum(cell["posts"] for cell in told["cells"]) == 7  # the crowd and one of the many
    assert told["hidden_cells"] == 7
    assert api.get("/v1/query?step=day", api.bearer("admin")).json()["hidden_cells"] == 0


def test_pages_follow_each_other_and_leave_nothing_out(api):
    found = []
    cursor = ""
    while True:
        page = api.get(f"/v1/posts?limit=4&cursor={cursor}").json()
        found += page["posts"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert len(page["posts"]) == 4
    assert len({post["post_ref"] for post in found}) == len(found) == 14
    assert all(a["posted_at"] >= b["posted_at"] for a, b in pairwise(found))
    again = api.get("/v1/posts?limit=200").json()["posts"]
    assert [post["post_ref"] for post in again] == [post["post_ref"] for post in found]


def test_text_is_shown_only_where_it_may_be(api):
    answer = api.get("/v1/posts?limit=200&platform=reddit")
    (post,) = answer.json()["posts"]

    assert (post["text"], post["title"], post["may_display"]) == (None, None, False)
    assert "canary" not in api.get("/v1/posts?limit=200").body.decode()


def test_silvers_pseudonyms_do_not_leave(api):
    body = api.get("/v1/posts?limit=3").body.decode()

    assert "v1:" not in body
    assert "post_key" not in body


def test_a_cursor_is_of_one_question(api):
    cursor = api.get("/v1/posts?limit=4").json()["next_cursor"]
    swapped = cursor[:-2] + ("AA" if not cursor.endswith("AA") else "BB")

    assert api.get(f"/v1/posts?limit=9&cursor={cursor}").status == 200
    for asked in (
        f"platform=reddit&cursor={cursor}",
        f"from=2026-01-01&cursor={cursor}",
        f"cursor={swapped}",
        "cursor=canary",
        "cursor=%2B%2B%2B",
    ):
        answer = api.get(f"/v1/posts?{asked}")
        assert (answer.status, answer.json()["errors"][0]["pointer"]) == (422, "/query/cursor")
        assert "canary" not in answer.body.decode()


@pytest.mark.parametrize("path", ["/v1/query", "/v1/posts", "/v1/quality"])
def test_who_has_the_answer_gets_304_until_the_lake_changes(api, path):
    first = api.get(path)
    held = {"If-None-Match": first.headers["etag"]}
    again = api.get(path, held)

    assert first.status == 200
    assert (again.status, again.body) == (304, b"")
    assert again.headers["cache-control"] == "private, no-cache"
    assert api.get(path, {"If-None-Match": '"other"'}).status == 200
    assert api.get(path, held | api.bearer("mentions:read")).status == 200  # another caller


def test_a_deleted_post_is_gone_and_the_tag_is_another(api, lake):
    lake.add(MadePost("going", text="soon gone", posted_at=NOON + HOUR, author="z"))
    before = api.get("/v1/posts?limit=1")
    assert before.json()["posts"][0]["text"] == "soon gone"

    lake.forget("going")
    after = api.get("/v1/posts?limit=1", {"If-None-Match": before.headers["etag"]})
    assert after.status == 200
    assert "soon gone" not in after.body.decode()


@pytest.mark.parametrize(
    ("path", "model"),
    [("/v1/query", "QueryOut"), ("/v1/posts", "PostsOut"), ("/v1/quality", "QualityOut")],
)
def test_an_answer_has_the_fields_of_the_document(api, path, model):
    document = api.get("/v1/openapi.json").json()

    assert {*api.get(path).json()} == {*document["components"]["schemas"][model]["properties"]}


@pytest.mark.parametrize(
    "asked",
    [
        "query?metric=canary",
        "query?step=minute",
        "query?from=canary",
        "query?from=2026-02-01&to=2026-01-01",
        "query?from=9999999999999",
        "query?from=0001-01-01T00:00:00Z",
        "query?platfrom=reddit",
        "query?channel=" + ",".join(f"c{number}" for number in range(51)),
        "posts?lang=" + ",".join(f"l{number}" for number in range(51)),
        "posts?limit=201",
        "posts?limit=0",
        "posts?tenant_id=other",
    ],
)
def test_a_wrong_question_is_refused_and_not_quoted(api, asked):
    answer = api.get(f"/v1/{asked}")

    assert answer.status == 422
    assert answer.json()["errors"]
    assert "canary" not in answer.body.decode()


def test_a_lake_that_is_not_there_yet_is_an_empty_answer(tmp_path):
    with serving(tmp_path) as empty:
        assert empty.get("/v1/query").json()["cells"] == []
        assert empty.get("/v1/posts").json()["posts"] == []
        assert empty.get("/v1/quality").json()["jobs"] == []


def test_a_damaged_lake_is_503_and_sentiment_goes_on(api, lake):
    assert api.post("/v1/sentiment", {"text": "fine"}).status == 200
    silver = lake.home / "lake" / "silver" / "posts"
    for file in silver.rglob("*.parquet"):
        file.rename(file.with_suffix(".gone"))
    try:
        answer = api.get("/v1/posts?limit=7")
        assert (answer.status, answer.json()["code"]) == (503, "lake_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert str(silver.parent) not in answer.body.decode()
    finally:
        for file in silver.rglob("*.gone"):
            file.rename(file.with_suffix(".parquet"))
    assert api.post("/v1/sentiment", {"text": "fine"}).status == 200
