"""`POST /v1/sentiment` gives a text the label that it has in Silver, and never shows it again."""

import pytest


def test_a_text_is_scored_after_its_personal_data_has_gone(api):
    answer = api.post("/v1/sentiment", {"text": "I love it! Write to kim@example.org"})

    assert answer.status == 200
    told = answer.json()
    assert told["label"] == "positive"
    assert told["pii"] == {"EMAIL": 1}
    assert told["language"] == "en" or told["language"] is None
    assert set(told) == {
        "label", "compound", "confidence", "scorer", "scorer_version", "language", "reason", "pii",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", "json_invalid", id="nothing"),
        pytest.param(b'{"text": "a"', "json_invalid", id="cut"),
        pytest.param(b'{"text": "\\ud800"}', "json_invalid", id="half a surrogate"),
        pytest.param(b'{"text": "\xff"}', "json_invalid", id="no UTF-8"),
        pytest.param(b"[" * 5_000, "json_invalid", id="deep"),
        pytest.param(b'{"text": 7}', "string_type", id="a number"),
        pytest.param(b'{"text": "a", "canary-field": 1}', "extra_forbidden", id="unknown field"),
        pytest.param(b'{"text": "a", "mode": "canary"}', "literal_error", id="unknown mode"),
        pytest.param(b'{"text": "a", "language": "canary!"}', "string_pattern_mismatch", id="tag"),
    ],
)
def test_a_wrong_body_is_named_and_never_quoted(api, body, code):
    answer = api.post("/v1/sentiment", body, {"Content-Type": "application/json"})

    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["code"] == code
    assert "canary" not in answer.body.decode()
