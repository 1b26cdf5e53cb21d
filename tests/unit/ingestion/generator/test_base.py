"""`generate` refuses the end of a feed only if the jobs would quarantine its records."""

from datetime import UTC, date, datetime, timedelta

import pytest

from foundation.errors import UsageError
from foundation.policies import policies
from ingestion.generator import generate, require_base
from ingestion.generator.rates import Rates
from ingestion.kafka.records import RecordMaker
from schemas.epoch import to_micros
from schemas.reasons import Reason
from schemas.topics import topic_name
from tests.support.clock import BASE
from tests.support.feeds import KEY, MAX_TEXT
from transforms.decode import BadRecordError, Envelope, Rules, decode

YOUNGEST = max(policies().values(), key=lambda policy: policy.since)
FIRST = datetime.combine(YOUNGEST.since, datetime.min.time(), UTC) + timedelta(hours=48)
LAST = BASE + timedelta(days=1)
SECOND = timedelta(seconds=1)
RULES = Rules(policies=policies(), key_id=KEY.key_id, max_text_chars=MAX_TEXT)


def reasons(base: datetime, count: int = 60) -> set[Reason]:
    """Return the reasons for which jobs refuse records of the youngest platform's feed at BASE."""
    name = YOUNGEST.platform
    made = generate(
        count,
        seed=1,
        base=base,
        rates=Rates(bad=0.0, unmappable=0.0),
        makers={name: RecordMaker(platform=name, owner="public", key=KEY)},
        max_text_chars=MAX_TEXT,
    )
    refused = set()
    for rendered in made:
        record = rendered.record
        headers = {header: text.decode() for header, text in record.headers}
        envelope = Envelope(
            topic=topic_name(name, record.kind),
            kafka_timestamp=to_micros(BASE),
            op=headers["op"],
            post_key=headers.get("post_key"),
            author_key=headers.get("author_key"),
            day=date.fromisoformat(headers["day"]) if "day" in headers else None,
        )
        try:
            decode(record.value, envelope, RULES)
        except BadRecordError as bad:
            refused.add(bad.reason)
    return refused


@pytest.mark.parametrize("base", [FIRST, BASE, LAST])
def test_what_is_allowed_is_taken_by_the_jobs(base):
    require_base(base, BASE)
    assert reasons(base) == set()


@pytest.mark.parametrize(
    "base",
    [
        FIRST - SECOND,
        LAST + SECOND,
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_what_would_be_quarantined_is_refused_with_the_range(base):
    with pytest.raises(UsageError) as refused:
        require_base(base, BASE)
    assert f"from {FIRST:%Y-%m-%dT%H:%M:%S} to {LAST:%Y-%m-%dT%H:%M:%S}" in str(refused.value)


@pytest.mark.parametrize("off", [timedelta(days=-4), timedelta(days=400)])
def test_the_jobs_do_quarantine_what_is_refused(off):
    base = FIRST + off if off < timedelta() else LAST + off
    assert Reason.OBSERVED_OUT_OF_RANGE in reasons(base)


def test_the_range_can_be_given_back_to_the_command():
    with pytest.raises(UsageError) as refused:
        require_base(BASE + timedelta(days=999), BASE)
    *_, first, _, last, _ = str(refused.value).rstrip(".").split()
    for said in (first, last.rstrip(",")):
        require_base(datetime.strptime(said, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC), BASE)
