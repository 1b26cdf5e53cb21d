"""The OpenAPI document is right, and the routes pass schemathesis for a bounded time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.api import Api, serving
from tests.support.small_lake import SmallLake, week_of_posts

UNDOCUMENTED = {"/v1/openapi.json", "/sentiment", "/query", "/ingest"}
# `make test-nightly` uses the longer time.
SHORT_S = 25
LONG_S = 600


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    lake = SmallLake(tmp_path_factory.mktemp("document"))
    lake.add(*week_of_posts())
    with serving(lake.home) as running:
        yield running


def test_it_is_openapi_and_every_route_tells_of_problems(api):
    document = api.get("/v1/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    for methods in document["paths"].values():
        for operation in methods.values():
            assert "Problem" in str(operation["responses"])
    assert not UNDOCUMENTED & set(document["paths"])
    assert "HTTPValidationError" not in str(document)


def test_no_made_request_finds_a_crash_or_another_answer_than_the_document_says(api, tmp_path):
    run_schemathesis(api, tmp_path, SHORT_S)


@pytest.mark.nightly
@pytest.mark.timeout(LONG_S + 400)
def test_nor_does_a_longer_look(api, tmp_path):
    run_schemathesis(api, tmp_path, LONG_S)


# A schema cannot express a cursor, or that `to` is after `from`. No Kafka runs here, hence 503. A
# worker reads a job's file only after it was accepted.
EXPECTED = """
[checks]
positive_data_acceptance.enabled = false

[[operations]]
include-name = "POST /v1/ingest"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]

[[operations]]
include-name = "POST /v1/jobs"
checks.negative_data_rejection.enabled = false
"""


def run_schemathesis(api: Api, folder: Path, seconds: int) -> None:
    words = [
        f"{api.address}/v1/openapi.json",
        "--max-time",
        str(seconds),
        "--workers",
        "1",
        "--generation-database",
        "none",
        "--no-color",
        "--warnings",
        "off",
    ]
    (folder / "schemathesis.toml").write_text(EXPECTED)
    done = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 300,
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
    assert "internal" not in [line.get("error") for line in api.log()]
