"""The order rules: what becomes of a record, and that no cut into batches changes the outcome."""

import random
from dataclasses import dataclass
from datetime import date

import pytest

from schemas.reasons import Fate
from transforms.order import AUTHOR, Held, resolve

D1, D2, D3 = date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)
NOON = 1_767_355_200_000_000  # of D2, in microseconds: a version that is also a time
NEW, EDITED, DELETED, DUPLICATE = Fate.NEW, Fate.EDITED, Fate.DELETED, Fate.DUPLICATE
STALE, SUPPRESSED, QUARANTINED = Fate.STALE, Fate.SUPPRESSED, Fate.QUARANTINED

REFINED = (
    "topic string, partition int, offset bigint, reason string, op string, owner string, platform string,"
    " post_key string, author_key string, version bigint, event_id string, day date"
)
HELD_POSTS = "owner string, platform string, post_key string, held_version bigint, held_event_id string, held_day date"
POST_TOMBSTONES = "owner string, platform string, post_key string, tombstone_version bigint"
AUTHOR_TOMBSTONES = "owner string, platform string, author_key string, author_tombstone_version bigint"


@dataclass(frozen=True)
class Rec:
    """A record, and what must become of it."""

    op: str | None
    version: int | None
    content: str | None
    fate: Fate | None = None
    action: str | None = None
    entombs: bool = False
    day: date | None = D1
    post: str | None = "p"
    author: str | None = "a"
    reason: str | None = None


def up(version, content, fate, action=None, **others):
    return Rec("upsert", version, content, fate, action, **others)


def delete(version, fate, action=None, entombs=False, **others):
    return Rec("delete", version, "gone", fate, action, entombs, **others)


def author_delete(version, fate, entombs=False, **others):
    return Rec(
        "delete_author", version, f"no {others.get('author', 'a')}", fate, None, entombs, day=None, post=None, **others
    )


def bad(**others):
    return Rec(None, None, None, QUARANTINED, day=None, post=None, author=None, reason="empty_value", **others)


@dataclass(frozen=True)
class Case:
    """What the lake holds of post p by author a, and a batch in Kafka order with what must become of it."""

    batch: tuple[Rec, ...]
    held: tuple[int, str] | None = None  # version and content
    tombstone: int | None = None
    author_tombstone: int | None = None


def case(*batch, **lake):
    return Case(batch, **lake)


CASES = {
    # nothing held
    "a new post": case(up(0, "A", NEW, "append")),
    "a new post without author": case(up(0, "A", NEW, "append", author=None)),
    "a new post first seen as edited": case(up(7, "B", NEW, "append")),
    "two posts": case(up(0, "A", NEW, "append"), up(0, "A", NEW, "append", post="q")),
    "created and edited at once": case(up(0, "A", STALE), up(7, "B", NEW, "append")),
    "edited before created": case(up(7, "B", NEW, "append"), up(0, "A", STALE)),
    "twice in a batch": case(up(0, "A", NEW, "append"), up(0, "A", DUPLICATE)),
    "twice among the losers": case(up(0, "A", STALE), up(0, "A", DUPLICATE), up(7, "B", NEW, "append")),
    "the same content of a higher version": case(up(0, "A", DUPLICATE), up(7, "A", NEW, "append")),
    "two of one version: the first": case(up(7, "A", NEW, "append"), up(7, "B", STALE)),
    "there and back": case(up(0, "A", DUPLICATE), up(5, "B", STALE), up(7, "A", NEW, "append")),
    "a delete of an unseen post": case(delete(5, DELETED, entombs=True)),
    "a delete without a day": case(delete(5, DELETED, entombs=True, day=None)),
    "two deletes of an unseen post": case(delete(5, DUPLICATE), delete(7, DELETED, entombs=True)),
    "one delete twice": case(delete(5, DELETED, entombs=True), delete(5, DUPLICATE)),
    "created and deleted": case(up(0, "A", STALE), delete(5, DELETED, entombs=True)),
    "deleted before created": case(delete(5, DELETED, entombs=True), up(0, "A", STALE)),
    "deleted at the version of an edit": case(up(5, "B", STALE), delete(5, DELETED, entombs=True)),
    "deleted and posted again": case(delete(5, STALE), up(7, "B", NEW, "append")),
    # held
    "an edit": case(up(7, "B", EDITED, "update"), held=(0, "A")),
    "an edit back": case(up(9, "A", EDITED, "update"), held=(7, "B")),
    "two edits": case(up(7, "B", STALE), up(9, "C", EDITED, "update"), held=(0, "A")),
    "a resend of what is held": case(up(0, "A", DUPLICATE), held=(0, "A")),
    "what is held, with only the version newer": case(up(7, "A", DUPLICATE, "update"), held=(0, "A")),
    "what is held, of an older version": case(up(0, "A", DUPLICATE), held=(7, "A")),
    "an older version": case(up(3, "B", STALE), held=(7, "A")),
    "another content of the version held": case(up(7, "B", STALE), held=(7, "A")),
    "a resend beside an edit": case(up(0, "A", DUPLICATE), up(7, "B", EDITED, "update"), held=(0, "A")),
    "edited and back at once": case(up(7, "B", STALE), up(9, "A", DUPLICATE, "update"), held=(0, "A")),
    "a delete": case(delete(7, DELETED, "remove", entombs=True), held=(0, "A")),
    "a delete of the version held": case(delete(7, DELETED, "remove", entombs=True), held=(7, "A")),
    "a delete of version 0": case(delete(0, DELETED, "remove", entombs=True), held=(0, "A")),
    "a delete of an older version": case(delete(3, STALE), held=(7, "A")),
    "edited and deleted": case(up(7, "B", STALE), delete(9, DELETED, "remove", entombs=True), held=(0, "A")),
    "deleted and posted again while held": case(delete(7, STALE), up(9, "B", EDITED, "update"), held=(0, "A")),
    # deleted before
    "blocked": case(up(0, "A", SUPPRESSED), tombstone=5),
    "blocked at the tombstone's own version": case(up(5, "A", SUPPRESSED), tombstone=5),
    "back with a higher version": case(up(6, "A", NEW, "append"), tombstone=5),
    "blocked beside one that is not": case(up(3, "A", SUPPRESSED), up(6, "B", NEW, "append"), tombstone=5),
    "the same, once more": case(up(3, "A", SUPPRESSED), up(3, "A", SUPPRESSED), tombstone=5),
    "deleted again": case(delete(5, DUPLICATE), tombstone=5),
    "deleted again, later": case(delete(7, DUPLICATE, entombs=True), tombstone=5),
    "deleted again, earlier": case(delete(3, DUPLICATE), tombstone=5),
    "deleted again after it came back": case(delete(9, DELETED, "remove", entombs=True), held=(7, "A"), tombstone=5),
    "a blocked edit of one that came back": case(up(4, "B", SUPPRESSED), held=(7, "A"), tombstone=5),
    # by author
    "the author is gone": case(up(0, "A", SUPPRESSED), author_tombstone=NOON),
    "the author is gone, an edit before": case(up(NOON, "A", SUPPRESSED), held=(0, "A"), author_tombstone=NOON),
    "the author is gone, a post of that day": case(up(0, "A", SUPPRESSED, day=D2), author_tombstone=NOON),
    "the author is back a day later": case(up(0, "A", NEW, "append", day=D3), author_tombstone=NOON),
    "the author is back with an edit": case(up(NOON + 1, "A", NEW, "append"), author_tombstone=NOON),
    "another author": case(up(0, "A", NEW, "append", author="b"), author_tombstone=NOON),
    "no author, though one is gone": case(up(0, "A", NEW, "append", author=None), author_tombstone=NOON),
    "a delete is never blocked": case(delete(5, DELETED, "remove", entombs=True), held=(0, "A"), author_tombstone=NOON),
    "an author delete": case(author_delete(NOON, DELETED, entombs=True)),
    "an author delete, again": case(author_delete(NOON, DUPLICATE), author_tombstone=NOON),
    "an author delete, again and later": case(author_delete(NOON + 1, DUPLICATE, entombs=True), author_tombstone=NOON),
    "an author delete twice": case(author_delete(NOON, DELETED, entombs=True), author_delete(NOON, DUPLICATE)),
    "an author delete, and a later one": case(author_delete(5, DUPLICATE), author_delete(9, DELETED, entombs=True)),
    "two authors": case(
        author_delete(NOON, DELETED, entombs=True), author_delete(NOON, DELETED, entombs=True, author="b")
    ),
    "an author delete beside its posts": case(
        up(0, "A", SUPPRESSED),
        author_delete(NOON, DELETED, entombs=True),
        up(0, "B", SUPPRESSED, post="q"),
        up(0, "C", NEW, "append", post="r", author="b"),
        up(0, "D", NEW, "append", post="s", day=D3),
    ),
    "an author delete beside a held post": case(
        author_delete(NOON, DELETED, entombs=True), up(9, "B", SUPPRESSED), held=(0, "A")
    ),
    "the later of two author deletes counts": case(
        author_delete(5, DUPLICATE), author_delete(NOON, DELETED, entombs=True), up(9, "A", SUPPRESSED)
    ),
    "an author delete below the one that stands": case(
        author_delete(5, DUPLICATE), up(9, "A", SUPPRESSED), author_tombstone=NOON
    ),
    # bad ones
    "a bad record": case(bad()),
    "a bad record beside good ones": case(bad(), up(0, "A", NEW, "append"), bad(), bad()),
    "a bad record that names the post": case(
        Rec("upsert", 9, "B", QUARANTINED, reason="scorer_failed"), held=(0, "A")
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(spark):
    """All cases in one batch, each as an owner of its own: owners must not touch each other."""
    records, posts, tombstones, authors = [], [], [], []
    for owner, each in CASES.items():
        for offset, rec in enumerate(each.batch):
            topic = f"social.reddit.{'authors' if rec.op == 'delete_author' else 'posts'}.v1"
            # A bad record has no owner either: only its coordinates tell whose case it is.
            known = owner if rec.op else None
            event_id = f"{owner}/{rec.post}/{rec.content}" if rec.content else None
            records.append(
                (topic, list(CASES).index(owner), offset, rec.reason, rec.op, known, known and "reddit", rec.post,
                 rec.author, rec.version, event_id, rec.day)
            )  # fmt: skip
        if each.held:
            posts.append((owner, "reddit", "p", each.held[0], f"{owner}/p/{each.held[1]}", D1))
        if each.tombstone is not None:
            tombstones.append((owner, "reddit", "p", each.tombstone))
        if each.author_tombstone is not None:
            authors.append((owner, "reddit", "a", each.author_tombstone))
    # Kafka's order must not be the order in which Spark happens to see the rows.
    refined = spark.createDataFrame(random.Random(1).sample(records, len(records)), REFINED)
    held = Held(
        spark.createDataFrame(posts, HELD_POSTS),
        spark.createDataFrame(tombstones, POST_TOMBSTONES),
        spark.createDataFrame(authors, AUTHOR_TOMBSTONES),
    )
    author_deletes = refined.where("op = 'delete_author'").select(*AUTHOR, "version")
    rows = resolve(refined, held, author_deletes=author_deletes).collect()
    assert len(rows) == len(records)
    return {(row["partition"], row["offset"]): row for row in rows}


@pytest.mark.parametrize("name", CASES)
def test_each_record(outcomes, name):
    rows = [outcomes[list(CASES).index(name), offset] for offset in range(len(CASES[name].batch))]
    found = [(row["fate"], row["action"], row["entombs"]) for row in rows]
    assert found == [(rec.fate, rec.action, rec.entombs) for rec in CASES[name].batch]


def test_a_change_names_the_day_of_the_row_that_is_held(outcomes):
    changed = [row for row in outcomes.values() if row["action"] in ("update", "remove")]
    assert {row["held_day"] for row in changed} == {D1}


def test_without_author_deletes_the_plan_is_smaller_and_the_outcome_the_same(spark):
    refined = spark.createDataFrame(
        [("t", 0, 0, None, "upsert", "o", "reddit", "p", "a", 0, "A", D1),
         ("t", 0, 1, None, "upsert", "o", "reddit", "q", "b", 0, "B", D1)], REFINED,
    )  # fmt: skip
    held = Held(
        spark.createDataFrame([], HELD_POSTS),
        spark.createDataFrame([], POST_TOMBSTONES),
        spark.createDataFrame([("o", "reddit", "a", NOON)], AUTHOR_TOMBSTONES),
    )
    assert {row["post_key"]: row["fate"] for row in resolve(refined, held).collect()} == {"p": SUPPRESSED, "q": NEW}


# The outcome does not depend on where batches begin and end.

SEEDS = (1, 2, 3)
RECORDS = 250
POSTS, AUTHORS = 25, 6
MAX_BATCHES = 6


@dataclass
class Lake:
    """What Silver holds, as the jobs would keep it."""

    posts: dict  # KEY → version, event_id, day, author
    tombstones: dict  # KEY → version
    authors: dict  # AUTHOR → version

    def take(self, spark, records):
        """One batch."""
        refined = spark.createDataFrame(records, REFINED)
        held = Held(
            spark.createDataFrame([(*key, *row[:3]) for key, row in self.posts.items()], HELD_POSTS),
            spark.createDataFrame([(*key, version) for key, version in self.tombstones.items()], POST_TOMBSTONES),
            spark.createDataFrame([(*key, version) for key, version in self.authors.items()], AUTHOR_TOMBSTONES),
        )
        author_deletes = refined.where("op = 'delete_author'").select(*AUTHOR, "version")
        rows = resolve(refined, held, author_deletes=author_deletes).collect()
        assert len(rows) == len(records)
        for row in rows:
            self._apply(row)

    def _apply(self, row):
        key = (row["owner"], row["platform"], row["post_key"])
        match row["action"]:
            case "append":
                assert key not in self.posts
                self.posts[key] = (row["version"], row["event_id"], row["day"], row["author_key"])
            case "update":
                assert row["version"] > self.posts[key][0]
                self.posts[key] = (row["version"], row["event_id"], row["held_day"], row["author_key"])
            case "remove":
                del self.posts[key]
        if row["entombs"] and row["op"] == "delete":
            self.tombstones[key] = max(row["version"], self.tombstones.get(key, -1))
        elif row["entombs"]:
            author = (row["owner"], row["platform"], row["author_key"])
            self.authors[author] = max(row["version"], self.authors.get(author, -1))

    def remove_what_authors_left(self):
        """As lakehouse/author_removals.py, between batches."""
        self.posts = {
            key: row
            for key, row in self.posts.items()
            if (until := self.authors.get((*key[:2], row[3]))) is None or not _blocked(row[0], row[2], until)
        }


def _blocked(version, day, until):
    return version <= until and day <= (D1 if until < NOON - 43_200_000_000 else D2)


def random_records(seed):
    """Few posts, few versions, few contents, so that everything collides; a post's records keep their order."""
    chance = random.Random(seed)
    owner = f"seed{seed}"
    # Posts are of days around NOON; a version is 0, or a time around it.
    day_of = {post: chance.choice((D1, D2, D3)) for post in range(POSTS)}
    author_of = {post: chance.choice([None, *range(AUTHORS)]) for post in range(POSTS)}
    records = []
    for offset in range(RECORDS):
        post = chance.randrange(POSTS)
        author = author_of[post]
        version = chance.choice((0, 0, *range(NOON - 4, NOON + 5)))
        kind = chance.choices(("upsert", "delete", "delete_author", "bad"), (65, 20, 3, 5))[0]
        if kind == "bad":
            records.append(("t", 0, offset, "empty_value", None, None, None, None, None, None, None, None))
        elif kind == "delete_author":
            gone = f"author{chance.randrange(AUTHORS)}"
            records.append(("u", 0, offset, None, kind, owner, "reddit", None, gone, NOON, f"no {gone}", None))
        else:
            event_id = f"{post}{chance.choice('ABC')}" if kind == "upsert" else f"{post} gone"
            day = day_of[post] if kind == "upsert" or chance.random() < 0.7 else None
            by = None if author is None or kind == "delete" else f"author{author}"
            records.append(("t", 0, offset, None, kind, owner, "reddit", f"post{post}", by, version, event_id, day))
    return records


def cut(records, seed, most):
    """The records in up to `most` batches, some of them empty."""
    chance = random.Random(seed)
    edges = sorted(chance.randrange(len(records) + 1) for _ in range(most - 1))
    return [records[start:end] for start, end in zip([0, *edges], [*edges, len(records)], strict=True)]


@pytest.fixture(scope="module")
def at_once(spark):
    lake = Lake({}, {}, {})
    lake.take(spark, [record for seed in SEEDS for record in random_records(seed)])
    lake.remove_what_authors_left()
    return lake


def test_the_random_records_leave_something_of_everything(at_once):
    assert len(at_once.posts) > 15
    assert len(at_once.tombstones) > 15
    assert len(at_once.authors) > 5
    assert {row[2] for row in at_once.posts.values()} == {D1, D2, D3}


@pytest.mark.parametrize("removes_between", [True, False], ids=["removals between", "removals at the end"])
def test_any_cut_into_batches_gives_the_same_lake(spark, at_once, removes_between):
    pieces = [cut(random_records(seed), seed + 10 * removes_between, MAX_BATCHES) for seed in SEEDS]
    lake = Lake({}, {}, {})
    for at in range(MAX_BATCHES):
        lake.take(spark, [record for batches in pieces for record in batches[at]])
        if removes_between:
            lake.remove_what_authors_left()
    lake.remove_what_authors_left()
    assert lake.posts == at_once.posts
    assert lake.authors == at_once.authors
    # A delete below what is live leaves a tombstone in one cut and none in another: what counts is what it blocks.
    assert blocking(lake) == blocking(at_once)


def blocking(lake):
    """The tombstones of posts that are not live: they keep older versions out."""
    return {key: version for key, version in lake.tombstones.items() if key not in lake.posts}


def test_a_second_pass_changes_nothing(spark, at_once):
    """A topic that is sent again: nothing new, nothing back, nothing changed."""
    records = [record for seed in SEEDS for record in random_records(seed)]
    lake = Lake(dict(at_once.posts), dict(at_once.tombstones), dict(at_once.authors))
    lake.take(spark, records)
    assert (lake.posts, lake.authors, blocking(lake)) == (at_once.posts, at_once.authors, blocking(at_once))
