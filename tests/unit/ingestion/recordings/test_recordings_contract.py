"""Every replayed recording accounts for each payload, and each event is valid and holds one post.

Failures print numbers and ids, never the recorded texts.
"""

import json

import jsonschema_rs
import pytest

from schemas.event import json_schema
from tests.support.recordings import events, needs_recordings, objects, replayed

NAMES = ("mastodon", "x", "facebook", "instagram")

pytestmark = needs_recordings


@pytest.mark.parametrize("platform", NAMES)
def test_nothing_is_rejected_and_every_payload_is_accounted_for(platform: str):
    report, kafka = replayed(platform)
    assert report.rejected == {}
    assert report.payloads == report.upserts + report.deleted + report.ignored.total()
    assert report.sent == len(kafka.messages) == report.upserts + report.deleted


@pytest.mark.parametrize("platform", NAMES)
def test_every_event_keeps_its_json_schema_and_has_a_day(platform: str):
    valid = jsonschema_rs.validator_for(json_schema())
    assert [e["event_id"] for e in events(platform) if not valid.is_valid(e) or not e["day"]] == []


@pytest.mark.parametrize("platform", NAMES)
def test_no_post_is_inside_another_record_than_its_own(platform: str):
    nested = ("retweeted_status", "quoted_status", "reblog", "comments", "replies")
    for event in events(platform):
        for item, path, _ in objects(json.loads(event["raw"])):
            if set(path) & set(nested):
                assert not {"text", "message", "content", "full_text"} & set(item), event[
                    "event_id"
                ]
