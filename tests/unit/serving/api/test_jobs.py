"""`/v1/jobs` as a client sees it: files in, sentiment by row out, and no text in between."""

import csv
import io
import json
import socket

import pytest

from tests.support.api import serving
from tests.support.commands import wait_until
from tests.support.small_disk import small_disk

WAIT_S = 240
LINES = {"Content-Type": "application/x-ndjson"}
ENDED = ("COMPLETED", "FAILED", "STOPPED", "EXPIRED")


def submit(api, body=b'{"id": "a", "text": "I love it"}\n', headers=None, query=""):
    answer = api.post(f"/v1/jobs{query}", body, LINES | (headers or {}))
    assert answer.status == 202, answer.body
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['job_id']}"
    return answer.json()["job_id"]


def job(api, job_id):
    return api.get(f"/v1/jobs/{job_id}").json()


def ended(api, job_id):
    wait_until(lambda: job(api, job_id)["status"] in ENDED, within_s=WAIT_S, what="end of the job")
    return job(api, job_id)


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """Run a server without a worker."""
    with serving(tmp_path_factory.mktemp("api"), workers=0) as running:
        yield running


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/x-ndjson", '{"id": "a", "text": "I love it"}\n{"text": 5}\n"awful"\n'),
        ("application/json", '[{"id": "a", "text": "I love it"}, {"text": 5}, "awful"]'),
        ("text/csv; charset=utf-8", 'id,text\na,I love it\nb\n,"awful"\n'),
    ],
)
def test_each_row_has_its_sentiment_or_a_dead_letter_and_no_text_is_shown(api, media_type, body):
    job_id = submit(api, body.encode(), {"Content-Type": media_type})
    done = ended(api, job_id)
    assert api.post(f"/v1/jobs/{job_id}/retry", b"").json()["code"] == "conflict"
    assert done == {
        "job_id": job_id,
        "status": "COMPLETED",
        "submitted_at": done["submitted_at"],
        "ended_at": done["ended_at"],
        "expires_at": done["expires_at"],
        "counts": {"read": 3, "scored": 2, "failed": 1},
        "message": None,
    }
    first = 2 if "csv" in media_type else 1
    result = api.get(f"/v1/jobs/{job_id}/result")
    assert result.headers["content-type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in result.body.splitlines()]
    assert [(row["line"], row["id"], row["label"]) for row in rows] == [
        (first, "a", "positive"),
        (first + 2, None, "negative"),
    ]
    errors = api.get(f"/v1/jobs/{job_id}/errors")
    (dead,) = [json.loads(line) for line in errors.body.splitlines()]
    assert dead["line"] == first + 1
    as_csv = api.get(f"/v1/jobs/{job_id}/result", {"Accept": "text/csv"})
    table = list(csv.DictReader(io.StringIO(as_csv.body.decode())))
    assert [row["label"] for row in table] == ["positive", "negative"]
    assert b"love" not in result.body + errors.body + as_csv.body
    assert "love" not in api.all_logs()
    assert job_id in [each["job_id"] for each in api.get("/v1/jobs").json()["jobs"]]


def test_personal_data_goes_first_unless_the_caller_says_otherwise(api):
    body = b'"I love it, kim@example.org"\n'
    found = []
    for query in ("", "?sanitise=false"):
        job_id = submit(api, body, query=query)
        ended(api, job_id)
        found.append(json.loads(api.get(f"/v1/jobs/{job_id}/result").body)["pii"])
    assert found == [{"EMAIL": 1}, {}]


def test_one_text_may_be_a_job_too(api):
    body = {"text": "I love it", "mode": "ASYNC", "language": "en"}
    answer = api.post("/v1/sentiment", body)
    assert (answer.status, answer.json()["status"]) == (202, "SUBMITTED")
    job_id = answer.json()["job_id"]
    assert answer.headers["location"] == f"/v1/jobs/{job_id}"
    assert ended(api, job_id)["status"] == "COMPLETED"
    (row,) = api.get(f"/v1/jobs/{job_id}/result").body.splitlines()
    assert json.loads(row)["label"] == "positive"


def test_a_key_makes_one_job_of_a_request_that_comes_again(idle):
    key = {"Idempotency-Key": "one"}
    first, second = (submit(idle, headers=key) for _ in range(2))
    assert first == second
    folders = {folder.name for folder in (idle.home / "jobs").iterdir()}
    assert first in folders
    other = idle.post("/v1/jobs", b'"other"\n', LINES | key)
    assert (other.status, other.json()["code"]) == (422, "idempotency_key_reused")
    assert {folder.name for folder in (idle.home / "jobs").iterdir()} == folders


def test_a_job_that_waits_has_no_result_yet_and_can_be_stopped_retried_and_deleted(idle):
    job_id = submit(idle)
    for kind in ("result", "errors"):
        answer = idle.get(f"/v1/jobs/{job_id}/{kind}")
        assert (answer.status, answer.json()["code"]) == (409, "conflict")
        assert answer.headers["retry-after"]
    assert idle.post(f"/v1/jobs/{job_id}/retry", b"").status == 202, "it waits as before"
    stopped = idle.post(f"/v1/jobs/{job_id}/cancel", b"")
    assert (stopped.status, stopped.json()["status"]) == (202, "STOPPED")
    assert idle.get(f"/v1/jobs/{job_id}/result").body == b""
    assert idle.post(f"/v1/jobs/{job_id}/retry", b"").json()["status"] == "SUBMITTED"
    folder = idle.home / "jobs" / job_id
    assert folder.is_dir()
    assert idle.ask("DELETE", f"/v1/jobs/{job_id}").status == 204
    assert not folder.exists()
    for method, path in (("GET", ""), ("GET", "/result"), ("POST", "/cancel"), ("DELETE", "")):
        answer = idle.ask(method, f"/v1/jobs/{job_id}{path}")
        assert (answer.status, answer.json()["code"]) == (404, "not_found")


def test_results_that_are_kept_no_longer_are_410(tmp_path):
    with serving(tmp_path, result_keep_h=0.000001) as api:
        job_id = submit(api)
        assert ended(api, job_id)["status"] == "EXPIRED"
        answer = api.get(f"/v1/jobs/{job_id}/result")
        assert (answer.status, answer.json()["code"]) == (410, "expired")


def test_bodies_beyond_the_limits_leave_nothing_behind(tmp_path):
    with serving(tmp_path, workers=0, max_upload_bytes=2_000, max_job_rows=100) as api:
        large = api.post("/v1/jobs", b'"' + b"x" * 2_000 + b'"', LINES)
        assert (large.status, large.json()["code"]) == (413, "too_large")
        many = api.post("/v1/jobs", b'"a"\n' * 101, LINES)
        assert (many.status, many.json()["code"]) == (413, "too_large")
        assert api.post("/v1/jobs", b"", LINES | {"Content-Length": "0"}).status == 422
        assert api.post("/v1/jobs", b"<a/>", {"Content-Type": "text/xml"}).status == 415
        assert api.post("/v1/jobs", b'"a"\n' * 100, LINES).status == 202
        assert len(list((api.home / "jobs").iterdir())) == 1


def test_an_upload_that_is_cut_off_leaves_nothing_behind_and_is_no_error_of_ours(tmp_path):
    with serving(tmp_path, workers=0) as api:
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
        head += "Content-Type: text/csv\r\nContent-Length: 5000000\r\n\r\ntext\n"
        with socket.create_connection(("127.0.0.1", api.port)) as client:
            client.sendall(head.encode() + b"x" * 2_000_000)
            wait_until(lambda: list(tmp_path.glob("jobs/*/input")), within_s=WAIT_S, what="file")
        wait_until(lambda: not list(tmp_path.glob("jobs/*")), within_s=WAIT_S, what="end of it")
        wait_until(lambda: "/v1/jobs" in str(api.log()), within_s=WAIT_S, what="log")
        assert [line["status"] for line in api.log() if line["route"] == "/v1/jobs"] == [400]


def test_a_full_disk_is_507_and_a_job_that_meets_one_can_be_retried(tmp_path):
    with small_disk(tmp_path / "jobs") as disk, serving(tmp_path) as api:
        refused = api.post("/v1/jobs", b'"aaaaaaa"\n' * 60_000, LINES)
        assert (refused.status, refused.json()["code"]) == (507, "disk_full")
        assert list(disk.folder.iterdir()) == []
        job_id = submit(api, b'"aaaaaaa"\n' * 20_000)
        failed = ended(api, job_id)
        assert failed["status"] == "FAILED"
        assert failed["message"].startswith("disk_full: ")
        assert 0 < failed["counts"]["read"] < 20_000
        disk.grow()
        assert api.post(f"/v1/jobs/{job_id}/retry", b"").status == 202
        done = ended(api, job_id)
        assert (done["status"], done["counts"]["scored"]) == ("COMPLETED", 20_000)
        lines = api.get(f"/v1/jobs/{job_id}/result").body.splitlines()
        assert [json.loads(line)["line"] for line in lines] == [*range(1, 20_001)]


def test_a_key_needs_the_scope(idle):
    assert idle.post("/v1/jobs", b'"a"', LINES | idle.bearer("mentions:read")).status == 403
    assert idle.ask("GET", "/v1/jobs", headers=idle.bearer("sentiment:write")).status == 200
