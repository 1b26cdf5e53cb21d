"""Make landing files, tombstone files and a producer's memory, and the erasure of them."""

import json
from pathlib import Path

from pyarrow import fs

from foundation.keys import PseudonymKey
from ingestion.platforms.reddit import PLATFORM
from ingestion.privacy.erase import ProducerErasure
from ingestion.privacy.tombstone_files import FOREVER, TombstoneFiles
from ingestion.reader import SeenPost, SourceBatch
from ingestion.recordings.landing import Landing
from ingestion.state.store import IngestStore

KEY = PseudonymKey(1, bytes(range(32)))
NEWER = PseudonymKey(2, bytes(32), KEY)
ID = "e" * 32
SEEN = 1_700_000_000_000_000
GONE = "Gone_Girl"


def comment(post_id, author, text="Fine work"):
    data = {
        "name": post_id,
        "id": post_id[3:],
        "author": author,
        "body": text,
        "created_utc": 1_600_000_000.0,
        "edited": False,
        "subreddit": "gardening",
        "permalink": "/r/gardening/comments/xyz/_/abc/",
        "parent_id": "t3_xyz",
        "score": 7,
        "replies": "",
    }
    return {"kind": "t1", "data": data}


def listing(*children):
    return {"kind": "Listing", "data": {"after": None, "children": list(children)}}


class Home:
    """A lake's folder, a memory, and the erasures of both."""

    def __init__(self, folder: Path, key=KEY):
        self.root = folder / "lake"
        self.file = folder / "ingest.sqlite3"
        self.key = key
        self.landing = Landing(fs.LocalFileSystem(), f"{self.root}/landing", "reddit")
        self.store = IngestStore(self.file, owner="public", platform="reddit")

    def post_key(self, post_id):
        return KEY.post_key("public", "reddit", post_id)

    def author_key(self, author_id):
        return KEY.author_key("public", "reddit", author_id)

    def land(self, *documents):
        ((path, _),) = self.landing.write(
            [SourceBatch(source="s", documents=list(documents))], SEEN
        )
        return self.root / "landing" / path

    def bury(self, *graves, name=ID):
        folder = self.root / "_erasures" / "graves"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [
            {"platform": "reddit", "post_key": None, "author_key": None, "version": FOREVER} | g
            for g in graves
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def erasure(self):
        return ProducerErasure(
            PLATFORM,
            owner="public",
            key=self.key,
            store=self.store,
            tombstones=TombstoneFiles(fs.LocalFileSystem(), str(self.root)),
            landing=self.landing,
            store_identity="here",
            clock=lambda: SEEN,
        )

    def forget(self):
        return self.erasure().run()

    def save_seen_posts(self, *post_ids):
        self.store.save_seen_posts(
            SeenPost(
                post_id=p,
                source="s",
                native_id=p,
                event_id="e",
                version=0,
                day=None,
                seen_at=0,
                checked_at=0,
            )
            for p in post_ids
        )

    def done(self):
        files = (self.root / "_erasures" / "done").glob("*.json")
        return [json.loads(file.read_text()) for file in files]
