from dataclasses import replace

import pytest

from ingestion.generator.channels import link
from ingestion.generator.raw_payloads import payload
from ingestion.platform import Post
from ingestion.platforms.custom import PLATFORM

CREATED_US = 1_714_979_289_000_000
MADE = Post(
    post_id="42",
    created_at=CREATED_US,
    author_id="a",
    author_handle="a",
    text="It works.",
    lang="en",
    channel="feedback form",
)


@pytest.mark.parametrize(
    "post",
    [
        MADE,
        replace(MADE, version=CREATED_US + 5_000_000, title="Login"),
        Post(post_id="42", op="delete", version=CREATED_US + 5_000_000),
    ],
)
def test_a_made_payload_of_your_own_data_is_one_that_its_mapper_takes(post):
    made = payload("custom", post)
    assert PLATFORM.map(made, None) == replace(post, raw=made)
    assert link("custom", post.post_id, None) is None
