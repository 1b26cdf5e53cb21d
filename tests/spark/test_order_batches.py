"""Over random records, the result of the order rules does not depend on batch boundaries."""

import random
from dataclasses import dataclass

import pytest

from tests.support.order import D1, D2, D3, NOON, held, resolved

SEEDS = (1, 2, 3)
RECORDS = 250
POSTS = 25
AUTHORS = 6
MAX_BATCHES = 6


@dataclass
class Lake:
    """Silver's content, as the jobs would keep it."""

    posts: dict  # KEY → version, event_id, day, author
    tombstones: dict  # KEY → version
    authors: dict  # AUTHOR → version

    def take(self, spark, records):
        """Process one batch."""
        before = held(
            spark,
            [(*key, *row[:3]) for key, row in self.posts.items()],
            [(*key, version) for key, version in self.tombstones.items()],
            [(*key, version) for key, version in self.authors.items()],
        )
        rows = resolved(spark, records, before)
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
                self.posts[key] = (
                    row["version"],
                    row["event_id"],
                    row["held_day"],
                    row["author_key"],
                )
            case "remove":
                del self.posts[key]
        if row["entombs"] and row["op"] == "delete":
            self.tombstones[key] = max(row["version"], self.tombstones.get(key, -1))
        elif row["entombs"]:
            author = (row["owner"], row["platform"], row["author_key"])
            self.authors[author] = max(row["version"], self.authors.get(author, -1))

    def remove_what_authors_left(self):
        """Delete rows of deleted authors between batches, as the job's author_deletes.py does."""
        self.posts = {
            key: row
            for key, row in self.posts.items()
            if (until := self.authors.get((*key[:2], row[3]))) is None
            or not _blocked(row[0], row[2], until)
        }


def _blocked(version, day, until):
    return version <= until and day <= (D1 if until < NOON - 43_200_000_000 else D2)


def random_records(seed):
    """Return records of few posts, few versions and few contents, so that everything collides.

    A post's records keep their order.
    """
    chance = random.Random(seed)
    owner = f"seed{seed}"
    # Days of posts are around NOON. A version is 0 or a time around it.
    day_of = {post: chance.choice((D1, D2, D3)) for post in range(POSTS)}
    author_of = {post: chance.choice([None, *range(AUTHORS)]) for post in range(POSTS)}
    records = []
    for offset in range(RECORDS):
        post = chance.randrange(POSTS)
        author = author_of[post]
        version = chance.choice((0, 0, *range(NOON - 4, NOON + 5)))
        kind = chance.choices(("upsert", "delete", "delete_author", "bad"), (65, 20, 3, 5))[0]
        if kind == "bad":
            records.append(
                ("t", 0, offset, "empty_value", None, None, None, None, None, None, None, None)
            )
        elif kind == "delete_author":
            gone = f"author{chance.randrange(AUTHORS)}"
            records.append(
                ("u", 0, offset, None, kind, owner, "reddit", None, gone, NOON, f"no {gone}", None)
            )
        else:
            event_id = f"{post}{chance.choice('ABC')}" if kind == "upsert" else f"{post} gone"
            day = day_of[post] if kind == "upsert" or chance.random() < 0.7 else None
            by = None if author is None or kind == "delete" else f"author{author}"
            records.append(
                (
                    "t",
                    0,
                    offset,
                    None,
                    kind,
                    owner,
                    "reddit",
                    f"post{post}",
                    by,
                    version,
                    event_id,
                    day,
                )
            )
    return records


def cut(records, seed, most):
    """Return the records in up to `most` batches, of which some are empty."""
    chance = random.Random(seed)
    edges = sorted(chance.randrange(len(records) + 1) for _ in range(most - 1))
    return [
        records[start:end] for start, end in zip([0, *edges], [*edges, len(records)], strict=True)
    ]


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


@pytest.mark.parametrize(
    "removes_between", [True, False], ids=["removals between", "removals at the end"]
)
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
    # A delete with a lower version than the live post leaves a tombstone in one split only. The
    # versions that the tombstones block are the same.
    assert blocking(lake) == blocking(at_once)


def blocking(lake):
    """Return the tombstones of posts that are not live, which block older versions."""
    return {key: version for key, version in lake.tombstones.items() if key not in lake.posts}


def test_a_second_pass_changes_nothing(spark, at_once):
    """A topic that is sent again changes nothing."""
    records = [record for seed in SEEDS for record in random_records(seed)]
    lake = Lake(dict(at_once.posts), dict(at_once.tombstones), dict(at_once.authors))
    lake.take(spark, records)
    assert (lake.posts, lake.authors, blocking(lake)) == (
        at_once.posts,
        at_once.authors,
        blocking(at_once),
    )
