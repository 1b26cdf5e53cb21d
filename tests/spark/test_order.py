"""The order rules decide the fate of a record.

They use the stored state of its post and author, and the other records of its batch.
"""

import random
from dataclasses import dataclass
from datetime import date

import pytest

from schemas.reasons import Fate
from tests.support.order import D1, D2, D3, NOON, REFINED, held, resolved
from transforms.order import resolve

NEW = Fate.NEW
EDITED = Fate.EDITED
DELETED = Fate.DELETED
DUPLICATE = Fate.DUPLICATE
STALE = Fate.STALE
SUPPRESSED = Fate.SUPPRESSED
QUARANTINED = Fate.QUARANTINED


@dataclass(frozen=True)
class Rec:
    """A record and its expected fate."""

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
        "delete_author",
        version,
        f"no {others.get('author', 'a')}",
        fate,
        None,
        entombs,
        day=None,
        post=None,
        **others,
    )


def bad(**others):
    return Rec(
        None,
        None,
        None,
        QUARANTINED,
        day=None,
        post=None,
        author=None,
        reason="empty_value",
        **others,
    )


@dataclass(frozen=True)
class Case:
    """A case has the lake's rows of post p by author a, and a batch with its expected fates.

    The batch is in Kafka order.
    """

    batch: tuple[Rec, ...]
    held: tuple[int, str] | None = None  # version and content
    tombstone: int | None = None
    author_tombstone: int | None = None


def case(*batch, **lake):
    return Case(batch, **lake)


CASES = {
    # no stored state
    "a new post": case(up(0, "A", NEW, "append")),
    "a new post without author": case(up(0, "A", NEW, "append", author=None)),
    "a new post first seen as edited": case(up(7, "B", NEW, "append")),
    "two posts": case(up(0, "A", NEW, "append"), up(0, "A", NEW, "append", post="q")),
    "created and edited at once": case(up(0, "A", STALE), up(7, "B", NEW, "append")),
    "edited before created": case(up(7, "B", NEW, "append"), up(0, "A", STALE)),
    "twice in a batch": case(up(0, "A", NEW, "append"), up(0, "A", DUPLICATE)),
    "twice among the losers": case(
        up(0, "A", STALE), up(0, "A", DUPLICATE), up(7, "B", NEW, "append")
    ),
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
    # the post is stored
    "an edit": case(up(7, "B", EDITED, "update", day=D2), held=(0, "A")),  # held under D1
    "an edit back": case(up(9, "A", EDITED, "update"), held=(7, "B")),
    "two edits": case(up(7, "B", STALE), up(9, "C", EDITED, "update"), held=(0, "A")),
    "a resend of what is held": case(up(0, "A", DUPLICATE), held=(0, "A")),
    "what is held, with only the version newer": case(
        up(7, "A", DUPLICATE, "update"), held=(0, "A")
    ),
    "what is held, of an older version": case(up(0, "A", DUPLICATE), held=(7, "A")),
    "an older version": case(up(3, "B", STALE), held=(7, "A")),
    "another content of the version held": case(up(7, "B", STALE), held=(7, "A")),
    "a resend beside an edit": case(
        up(0, "A", DUPLICATE), up(7, "B", EDITED, "update"), held=(0, "A")
    ),
    "edited and back at once": case(
        up(7, "B", STALE), up(9, "A", DUPLICATE, "update"), held=(0, "A")
    ),
    # as above
    "a delete": case(delete(7, DELETED, "remove", entombs=True, day=None), held=(0, "A")),
    "a delete of the version held": case(delete(7, DELETED, "remove", entombs=True), held=(7, "A")),
    "a delete of version 0": case(delete(0, DELETED, "remove", entombs=True), held=(0, "A")),
    "a delete of an older version": case(delete(3, STALE), held=(7, "A")),
    "edited and deleted": case(
        up(7, "B", STALE), delete(9, DELETED, "remove", entombs=True), held=(0, "A")
    ),
    "deleted and posted again while held": case(
        delete(7, STALE), up(9, "B", EDITED, "update"), held=(0, "A")
    ),
    # the post was deleted before
    "blocked": case(up(0, "A", SUPPRESSED), tombstone=5),
    "blocked at the tombstone's own version": case(up(5, "A", SUPPRESSED), tombstone=5),
    "back with a higher version": case(up(6, "A", NEW, "append"), tombstone=5),
    "blocked beside one that is not": case(
        up(3, "A", SUPPRESSED), up(6, "B", NEW, "append"), tombstone=5
    ),
    "the same, once more": case(up(3, "A", SUPPRESSED), up(3, "A", SUPPRESSED), tombstone=5),
    "deleted again": case(delete(5, DUPLICATE), tombstone=5),
    "deleted again, later": case(delete(7, DUPLICATE, entombs=True), tombstone=5),
    "deleted again, earlier": case(delete(3, DUPLICATE), tombstone=5),
    "deleted again after it came back": case(
        delete(9, DELETED, "remove", entombs=True), held=(7, "A"), tombstone=5
    ),
    "a blocked edit of one that came back": case(
        up(4, "B", SUPPRESSED), held=(7, "A"), tombstone=5
    ),
    # the author was deleted
    "the author is gone": case(up(0, "A", SUPPRESSED), author_tombstone=NOON),
    "the author is gone, an edit before": case(
        up(NOON, "A", SUPPRESSED), held=(0, "A"), author_tombstone=NOON
    ),
    "the author is gone, a post of that day": case(
        up(0, "A", SUPPRESSED, day=D2), author_tombstone=NOON
    ),
    "the author is back a day later": case(
        up(0, "A", NEW, "append", day=D3), author_tombstone=NOON
    ),
    "the author is back with an edit": case(
        up(NOON + 1, "A", NEW, "append"), author_tombstone=NOON
    ),
    "another author": case(up(0, "A", NEW, "append", author="b"), author_tombstone=NOON),
    "no author, though one is gone": case(
        up(0, "A", NEW, "append", author=None), author_tombstone=NOON
    ),
    "a delete is never blocked": case(
        delete(5, DELETED, "remove", entombs=True), held=(0, "A"), author_tombstone=NOON
    ),
    "an author delete": case(author_delete(NOON, DELETED, entombs=True)),
    "an author delete, again": case(author_delete(NOON, DUPLICATE), author_tombstone=NOON),
    "an author delete, again and later": case(
        author_delete(NOON + 1, DUPLICATE, entombs=True), author_tombstone=NOON
    ),
    "an author delete twice": case(
        author_delete(NOON, DELETED, entombs=True), author_delete(NOON, DUPLICATE)
    ),
    "an author delete, and a later one": case(
        author_delete(5, DUPLICATE), author_delete(9, DELETED, entombs=True)
    ),
    "two authors": case(
        author_delete(NOON, DELETED, entombs=True),
        author_delete(NOON, DELETED, entombs=True, author="b"),
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
        author_delete(5, DUPLICATE),
        author_delete(NOON, DELETED, entombs=True),
        up(9, "A", SUPPRESSED),
    ),
    "an author delete below the one that stands": case(
        author_delete(5, DUPLICATE), up(9, "A", SUPPRESSED), author_tombstone=NOON
    ),
    # bad records
    "a bad record": case(bad()),
    "a bad record beside good ones": case(bad(), up(0, "A", NEW, "append"), bad(), bad()),
    "a bad record that names the post": case(
        Rec("upsert", 9, "B", QUARANTINED, reason="scorer_failed"), held=(0, "A")
    ),
}


@pytest.fixture(scope="module")
def outcomes(spark):
    """Run all cases in one batch. Each is an owner of its own, since owners must not mix."""
    records = []
    posts = []
    tombstones = []
    authors = []
    for owner, each in CASES.items():
        for offset, rec in enumerate(each.batch):
            topic = f"social.reddit.{'authors' if rec.op == 'delete_author' else 'posts'}.v1"
            # A bad record has no owner either, so its coordinates name its case.
            known = owner if rec.op else None
            event_id = f"{owner}/{rec.post}/{rec.content}" if rec.content else None
            records.append(
                (
                    topic,
                    list(CASES).index(owner),
                    offset,
                    rec.reason,
                    rec.op,
                    known,
                    known and "reddit",
                    rec.post,
                    rec.author,
                    rec.version,
                    event_id,
                    rec.day,
                )
            )
        if each.held:
            posts.append((owner, "reddit", "p", each.held[0], f"{owner}/p/{each.held[1]}", D1))
        if each.tombstone is not None:
            tombstones.append((owner, "reddit", "p", each.tombstone))
        if each.author_tombstone is not None:
            authors.append((owner, "reddit", "a", each.author_tombstone))
    # Spark must not see the rows in Kafka's order by chance.
    shuffled = random.Random(1).sample(records, len(records))
    rows = resolved(spark, shuffled, held(spark, posts, tombstones, authors))
    return {(row["partition"], row["offset"]): row for row in rows}


@pytest.mark.parametrize("name", CASES)
def test_each_record(outcomes, name):
    rows = [outcomes[list(CASES).index(name), offset] for offset in range(len(CASES[name].batch))]
    found = [(row["fate"], row["action"], row["entombs"]) for row in rows]
    assert found == [(rec.fate, rec.action, rec.entombs) for rec in CASES[name].batch]


def test_a_change_names_the_day_of_the_row_that_is_held(outcomes):
    """The day of a stored post counts, also if the record has another day or none."""
    changed = [row for row in outcomes.values() if row["action"] in ("update", "remove")]
    assert {row["held_day"] for row in changed} == {D1}


def test_without_author_deletes_the_plan_is_smaller_and_the_outcome_the_same(spark):
    refined = spark.createDataFrame(
        [
            ("t", 0, 0, None, "upsert", "o", "reddit", "p", "a", 0, "A", D1),
            ("t", 0, 1, None, "upsert", "o", "reddit", "q", "b", 0, "B", D1),
        ],
        REFINED,
    )
    before = held(spark, authors=[("o", "reddit", "a", NOON)])
    assert {row["post_key"]: row["fate"] for row in resolve(refined, before).collect()} == {
        "p": SUPPRESSED,
        "q": NEW,
    }
