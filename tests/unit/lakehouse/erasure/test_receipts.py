"""Receipts are folded from signed steps, and show a change of a step."""

from datetime import UTC, datetime, timedelta

import pytest

from foundation.secret_keys import SecretKey
from foundation.signatures import is_signed, public_key, sign
from lakehouse.erasure.receipts import fold, kafka_keeps

KEY = SecretKey(1, bytes(range(32)))
PUBLIC = public_key(KEY)
ASKED = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
KAFKA = timedelta(hours=90)
ID = "0" * 32


def hours(count):
    return ASKED + timedelta(hours=count)


TABLES = ("silver.posts", "quarantine.posts", "bronze.posts")


def step(step, table=None, at=ASKED, **changes):
    row = {
        "erasure_id": ID,
        "cause": "request",
        "step": step,
        "table": table,
        "asked_at": ASKED,
        "since": ASKED,
        "until": ASKED,
        "what": {},
        "rows": None,
        "version_before": None,
        "version_after": None,
        "at": at,
        "key_id": KEY.key_id,
    } | changes
    return row | {"signature": sign(row, KEY)}


def removed(table, rows, at, after=5):
    return step("removed", table, at, rows=rows, version_before=after - 1, version_after=after)


ALL = [
    step("admitted", what={"targets": 1, "posts": 3}),
    removed("silver.posts", 3, hours(0.1)),
    removed("quarantine.posts", 0, hours(0.2)),
    step("removed", "gold.sentiment_hourly", hours(0.5), version_after=9),
    removed("bronze.posts", 4, hours(0.3)),
]
VACUUMED = [
    step("vacuumed", "silver.posts", hours(170), rows=3, version_after=12),
    step("vacuumed", "quarantine.posts", hours(170), rows=0, version_after=9),
    step("vacuumed", "bronze.posts", hours(171), rows=4, version_after=14),
]


def receipt(rows):
    (found,) = fold(rows, [PUBLIC], KAFKA)
    return found


def test_a_whole_receipt():
    found = receipt(ALL + VACUUMED)
    assert (found.id, found.cause, found.asked_at, found.what) == (
        ID,
        "request",
        ASKED,
        {"targets": 1, "posts": 3},
    )
    assert found.unqueryable_at == hours(0.5), "Gold is last"
    assert found.gone_at == hours(171)
    assert found.is_signed
    bronze = found.tables["bronze.posts"]
    assert (bronze.rows, bronze.version_before, bronze.version_after, bronze.vacuum_version) == (
        4,
        4,
        5,
        14,
    )


@pytest.mark.parametrize("missing", range(1, len(ALL)))
def test_not_unqueryable_while_a_table_is_to_come(missing):
    found = receipt(ALL[:missing] + ALL[missing + 1 :] + VACUUMED)
    assert found.unqueryable_at is None
    assert found.gone_at is None


@pytest.mark.parametrize("missing", range(len(VACUUMED)))
def test_not_gone_while_files_wait(missing):
    found = receipt(ALL + VACUUMED[:missing] + VACUUMED[missing + 1 :])
    assert found.unqueryable_at is not None
    assert found.gone_at is None


def test_kafka_may_be_what_is_gone_last():
    quick = [step("vacuumed", table, hours(1), version_after=7) for table in TABLES]
    assert receipt(ALL + quick).gone_at == ASKED + KAFKA


def test_where_no_row_was_left_replaced_files_have_to_go_all_the_same():
    """Rows that a batch or a policy has already deleted may still be in replaced files."""
    rows = [step("admitted")] + [removed(table, 0, hours(1)) for table in TABLES]
    found = receipt(rows)
    assert (found.unqueryable_at, found.gone_at) == (hours(1), None)
    vacuumed = [step("vacuumed", table, hours(170), rows=0, version_after=7) for table in TABLES]
    assert receipt(rows + vacuumed).gone_at == hours(170)


def test_where_there_is_no_table_nothing_has_to_be_vacuumed():
    rows = [step("admitted")] + [step("removed", table, hours(1), rows=0) for table in TABLES]
    assert receipt(rows).gone_at == ASKED + KAFKA


def test_what_came_back_and_was_removed_again_waits_once_more():
    found = receipt([*ALL, *VACUUMED, removed("bronze.posts", 2, hours(200), after=20)])
    assert found.tables["bronze.posts"].rows == 6
    assert found.unqueryable_at == hours(0.5), "it was carried out then"
    assert found.gone_at is None


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 0},
        {"at": hours(0.11)},
        {"version_after": 6},
        {"signature": "AAAA"},
        {"signature": "no"},
    ],
)
def test_a_step_that_was_changed_shows(change):
    assert not receipt([ALL[0], ALL[1] | change, *ALL[2:]]).is_signed


def test_a_step_signed_by_another_key_shows():
    other = SecretKey(1, bytes(32))
    row = {name: value for name, value in ALL[1].items() if name != "signature"}
    assert not receipt([ALL[0], row | {"signature": sign(row, other)}]).is_signed


def test_no_step_is_taken_for_another_erasure_s():
    rows = [*ALL, step("admitted") | {"erasure_id": "1" * 32}]
    found = {each.id: each for each in fold(rows, [PUBLIC], KAFKA)}
    assert found["1" * 32].tables == {}
    assert not found["1" * 32].is_signed, "another's admission was copied"


def test_kafka_keeps_a_record_for_its_retention_and_its_segment():
    assert kafka_keeps() == timedelta(hours=72 + 18)


def test_a_signature_does_not_depend_on_the_order_of_the_facts():
    facts = {"b": 1, "a": ASKED}
    assert is_signed({"a": ASKED, "b": 1, "signature": sign(facts, KEY)}, PUBLIC)
    assert not is_signed({"a": ASKED, "b": 2, "signature": sign(facts, KEY)}, PUBLIC)
