"""The chain of pseudonym keys brings an old pseudonym to the one that a producer makes today."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import KeyFileError
from foundation.key_chain import KeyChain
from foundation.key_sources import KeyFile
from foundation.keys import (
    PSEUDONYM_KEY,
    PseudonymKey,
    add_key,
    create_key,
    load_key,
    read_keys,
    write_key_id,
)
from foundation.secret_keys import in_use
from ingestion.kafka.records import RecordMaker
from ingestion.platform import AuthorDelete, Post, Unmappable
from ingestion.reader import SeenPost
from ingestion.state.versions import VersionAssigner
from schemas.reasons import Reason
from tests.support.made_records import RULES, SEEN, bronze_row, post
from transforms.payloads import AS_RECEIVED, ENCRYPTED, At, decrypt, encrypt
from transforms.refine import Refiner, refine_row
from transforms.rekey import rekeyed_event, rekeyed_record, rekeyed_row
from transforms.scoring.score import ScorerOptions

V1 = PseudonymKey(1, b"0" * 32)  # the key of tests.support.made_records
V2 = PseudonymKey(2, b"2" * 32, V1)
V3 = PseudonymKey(3, b"3" * 32, V2)
ITEMS = {
    "post": post(title='Ünicode \\ "quoted"', raw={"id": "a", "text": "v1:" + "a" * 26}),
    "reply": post(reply_to="t1_b", metrics={"ups": 3}, mentions=("v1:" + "a" * 26,)),
    "profile": post(channel="u_fox", channel_is_profile=True),
    "delete": post(op="delete", text=None, author_id=None, version=SEEN),
    "author delete": AuthorDelete(author_id="Fox", version=SEEN, raw={}),
    "unmappable": Unmappable(detail="id", raw={"broken": [1]}),
}


def made(name, key):
    return RecordMaker(platform="reddit", owner="public", key=key).make(
        ITEMS[name], observed_at=SEEN
    )


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_an_old_pseudonym_is_brought_to_what_a_producer_makes(fields):
    first, second, third = (key.pseudonym(*fields) for key in (V1, V2, V3))
    assert len({first[3:], second[3:], third[3:]}) == 3
    assert [text[:3] for text in (first, second, third)] == ["v1:", "v2:", "v3:"]
    assert V2.forward(first) == V2.forward(V2.forward(first)) == second
    assert V3.forward(first) == V3.forward(second) == V3.forward(third) == third


@given(st.lists(st.text() | st.none(), min_size=1, max_size=4))
def test_an_old_event_id_too(fields):
    first, second, third = (key.event_id(*fields) for key in (V1, V2, V3))
    assert V3.event_ids(*fields) == [third, second, first]
    assert (
        V3.forward_event_id(first, 1)
        == V3.forward_event_id(second, 2)
        == V3.forward_event_id(third, 3)
        == third
    )


@pytest.mark.parametrize(
    "text", ["", "v1", "golang", "v1:" + "a" * 25, "v9:" + "a" * 26, "v0:" + "a" * 26, "V1:x"]
)
def test_other_text_is_left_alone(text):
    assert V3.forward(text) == text
    assert V3.forward_event_id(text, 1) == text


def test_the_fingerprint_says_the_whole_chain():
    """A producer with the right newest key and a wrong older one would count every author twice."""
    ids = {
        V1.key_id,
        V2.key_id,
        replace(V2, older=PseudonymKey(1, b"x" * 32)).key_id,
        PseudonymKey(2, b"2" * 32).key_id,
    }
    assert len(ids) == 4


def test_a_new_version_is_not_in_use_until_the_fingerprint_says_so(tmp_path):
    file = tmp_path / "keys" / "pseudonym.key"
    first = create_key(file)
    second = PseudonymKey.of(add_key(file, PSEUDONYM_KEY))
    assert load_key(file) == first
    assert [key.version for key in read_keys(file, PSEUDONYM_KEY)] == [2, 1]
    write_key_id(file, second.key_id)
    assert load_key(file) == second
    assert second.forward(first.pseudonym("a")) == load_key(file).pseudonym("a")
    assert {each.stat().st_mode & 0o777 for each in file.parent.iterdir()} == {0o600}
    assert len(list(file.parent.iterdir())) == 2
    for secret in (key.secret.hex() for key in second):
        assert secret not in repr(second)


def test_a_crash_while_a_version_is_added_leaves_the_key_as_it_was(tmp_path):
    file = tmp_path / "pseudonym.key"
    first = create_key(file)
    file.with_name(file.name + ".new").write_text("v1:")
    assert load_key(file) == first
    assert add_key(file, PSEUDONYM_KEY).version == 2


@pytest.mark.parametrize("lines", [["v1", "v3"], ["v2", "v1"], ["v1", "v1"], ["v1", "other"]])
def test_versions_follow_one_another(tmp_path, lines):
    file = tmp_path / "pseudonym.key"
    create_key(file)
    file.write_text("".join(f"{version}:{'ab' * 32}\n" for version in lines))
    with pytest.raises(KeyFileError, match="is malformed"):
        load_key(file)


def test_a_key_that_follows_another_one_is_refused(tmp_path):
    file = tmp_path / "pseudonym.key"
    key = create_key(file)
    other = PseudonymKey(2, b"2" * 32, PseudonymKey(1, b"x" * 32))
    with pytest.raises(KeyFileError, match=f"is {other.key_id}, expected {key.key_id}"):
        in_use(other, key.key_id, "key")


@pytest.mark.parametrize("name", ITEMS)
def test_an_event_becomes_the_one_that_its_producer_would_make(name):
    before, after = (orjson.loads(made(name, key).value) for key in (V1, V3))
    assert rekeyed_event(before, V3) == after
    assert rekeyed_event(after, V3) == after


@pytest.mark.parametrize("name", ITEMS)
@pytest.mark.parametrize("form", ["plain", "sealed", "as received"])
def test_a_record_at_rest_too_byte_for_byte(name, form, tmp_path):
    source = payload_source(tmp_path)
    before, after = (as_arrow(bronze_row(made(name, key))) for key in (V1, V2))
    at = At(before["topic"], before["partition"], before["offset"])
    if form == "sealed":
        before["value"] = encrypt(before["value"], source.load(), at)
    elif form == "as received":
        before["value"] = AS_RECEIVED + before["value"]
    found = before | rekeyed_record(before, V2, source)
    assert (
        found["value"][:1] == {"plain": b"{", "sealed": ENCRYPTED, "as received": AS_RECEIVED}[form]
    )
    found["value"] = decrypt(found["value"], source, at)
    assert found == after
    assert rekeyed_record(found, V2, source) == {}


BAD = {
    "no value": None,
    "no JSON": b'{"keys": ',
    "no object": b"[1]",
    "no keys": b'{"event_id": "a"}',
    "a number for a key": b'{"event_id": "a", "keys": {"post": 1, "key_id": "'
    + V1.key_id.encode()
    + b'"}}',
    "a key that nobody has": b'{"event_id": "a", "keys": {"post": null,'
    b' "key_id": "v1-0123456789ab"}}',
    "damaged at rest": ENCRYPTED + b"\x0ev1-0123456789ab",
}


@pytest.mark.parametrize("name", BAD)
def test_what_no_key_of_ours_has_made_stays_as_received(name, tmp_path):
    row = as_arrow(bronze_row(made("post", V1))) | {"value": BAD[name]}
    assert rekeyed_record(row, V2, payload_source(tmp_path)) == {}


def test_a_record_that_spells_a_key_otherwise_stays_as_received_as_a_whole(tmp_path):
    row = as_arrow(bronze_row(made("post", V1)))
    row["value"] = row["value"].replace(b'"post":"v1', b'"post":"\\u00761')
    assert rekeyed_record(row, V2, payload_source(tmp_path)) == {}


def test_rows_of_silver_and_tombstones():
    def silver(key):
        return {
            "post_key": key.pseudonym("p"),
            "author_key": key.pseudonym("a"),
            "reply_to_key": None,
            "channel": key.pseudonym("c"),
            "event_id": key.event_id("e"),
        }

    assert silver(V1) | rekeyed_row(silver(V1), V3) == silver(V3)
    assert silver(V3) | rekeyed_row(silver(V3), V3) == silver(V3)
    by_author = {"post_key": None, "author_key": V1.pseudonym("a")}
    assert rekeyed_row(by_author, V2) == {"author_key": V2.pseudonym("a")}
    assert (
        rekeyed_row({"post_key": V1.pseudonym("p"), "channel": "golang"}, V2)["channel"] == "golang"
    )


def test_a_record_of_a_former_key_is_brought_forward_on_its_way_to_silver(tmp_path):
    source = KeyFile(tmp_path / "pseudonym.key", PSEUDONYM_KEY)
    first = create_key(source.file)
    second = PseudonymKey.of(add_key(source.file, PSEUDONYM_KEY))
    late, new = (
        bronze_row(
            RecordMaker("reddit", "public", key).make(ITEMS["reply"], observed_at=SEEN),
            kafka_timestamp=SEEN,
        )
        for key in (first, second)
    )
    rules = replace(RULES, key_id=second.key_id)
    alone = refine_row(late, Refiner(rules, ScorerOptions()))
    assert alone["reason"] == Reason.UNKNOWN_KEY_ID
    with_chain = Refiner(
        replace(rules, chain=KeyChain(source, second.key_id, frozenset({first.key_id}))),
        ScorerOptions(),
    )
    assert refine_row(late, with_chain) == refine_row(new, with_chain)
    stranger = bronze_row(made("reply", V1))
    assert refine_row(stranger, with_chain)["reason"] == Reason.UNKNOWN_KEY_ID


def test_a_pseudonym_of_another_version_than_the_record_says_is_refused():
    row = bronze_row(made("post", V1))
    for name in ("post", "author"):
        event = orjson.loads(row["value"])
        old = event["keys"][name]
        event["keys"][name] = V2.forward(old)
        headers = {
            n: V2.forward(old).encode() if n == f"{name}_key" else v
            for n, v in row["headers"].items()
        }
        changed = row | {
            "value": orjson.dumps(event),
            "headers": headers,
            f"{name}_key": V2.forward(old),
        }
        assert refine_row(changed, Refiner(RULES, ScorerOptions()))["reason"] == Reason.KEY_MISMATCH


def test_a_post_that_a_producer_knows_from_before_is_not_taken_for_an_edit():
    class Memory:
        def __init__(self):
            self.known = {}

        def seen_posts(self, ids):
            return {each: self.known[each] for each in ids if each in self.known}

        def save_seen_posts(self, sightings):
            self.known |= {each.post_id: each for each in sightings}

    class Platform:
        name = "reddit"
        dates_edits = False

        @staticmethod
        def native_id(raw):
            return "a"

    memory = Memory()
    item = Post(post_id="t1_a", created_at=SEEN, author_id="Fox", text="good")
    for key in (V1, V2):
        (dated,) = VersionAssigner(Platform, RecordMaker("reddit", "public", key), memory).assign(
            [item], "s", SEEN
        )
        assert dated.version == 0
    (sighting,) = memory.known.values()
    assert isinstance(sighting, SeenPost)
    assert sighting.event_id == RecordMaker("reddit", "public", V2).event_id(item)
    (edited,) = VersionAssigner(Platform, RecordMaker("reddit", "public", V2), memory).assign(
        [replace(item, text="better")], "s", SEEN + 1
    )
    assert edited.version == SEEN + 1


def payload_source(folder):
    file = folder / "payload.key"
    if not file.exists():
        create_key(file)
    return KeyFile(file, "payload key")


def as_arrow(row):
    """Return a row as Arrow gives it to Python, with a map as a list of pairs."""
    return row | {"headers": list(row["headers"].items())}
