"""`echostream export` returns all data about a person by pseudonym, and nothing about others."""

import gzip
import json
import stat
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from cli.main import app
from foundation.keys import PseudonymKey, add_key, create_key, load_key, write_key_id
from foundation.settings import Settings
from ingestion.kafka.records import RecordMaker
from ingestion.platform import AuthorDelete, Post, Unmappable
from ingestion.producer.build import store_location
from ingestion.reader import SeenPost
from ingestion.state.store import IngestStore
from lakehouse.delta.driver_rows import arrow_schema
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from tests.support.made_records import SEEN, bronze_row
from transforms.payloads import At, encrypt

THEIRS = "Jane_Fox"
OTHER = "someone_else"
TABLES = {
    table.name: table for table in (BRONZE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS)
}


def made(key: PseudonymKey) -> dict[str, list[dict]]:
    """Make rows of the person and of another one in every table."""
    maker = RecordMaker("reddit", "public", key)

    def row(item, offset):
        return bronze_row(maker.make(item, observed_at=SEEN), offset=offset)

    def post(number, author):
        return Post(
            post_id=f"t1_{number}", created_at=SEEN, author_id=author, text=f"text of {author}"
        )

    bronze = [
        row(post(1, THEIRS), 0),
        row(post(2, THEIRS.upper()), 1),
        row(post(3, OTHER), 2),
        row(Post(post_id="t1_1", op="delete", version=SEEN), 3),  # names no author
        row(Post(post_id="t1_3", op="delete", version=SEEN), 4),
        row(AuthorDelete(author_id=THEIRS, version=SEEN), 5),
        row(Unmappable(raw={"author": THEIRS, "strange": True}, detail="x"), 6),
        row(Unmappable(raw={"author": OTHER, "strange": True}, detail="x"), 7),
        # names no account, and is about the person
        row(Post(post_id="t1_4", created_at=SEEN, text=THEIRS), 8),
    ]
    keys = {number: maker.key.post_key("public", "reddit", f"t1_{number}") for number in (1, 2, 3)}
    authors = {
        number: maker.key.author_key("public", "reddit", author)
        for number, author in ((1, THEIRS), (2, THEIRS), (3, OTHER))
    }
    silver = [
        {
            "platform": "reddit",
            "owner": "public",
            "post_key": keys[number],
            "author_key": authors[number],
        }
        for number in (2, 3)
    ]
    tombstones = [
        {"platform": "reddit", "post_key": keys[1]},
        {"platform": "reddit", "post_key": keys[3]},
        {"platform": "reddit", "author_key": authors[1]},
    ]
    return {
        "bronze.posts": bronze,
        "silver.posts": silver,
        "silver.tombstones": tombstones,
        "quarantine.posts": [bronze[6], bronze[7], bronze[1]],
    }


def write(settings: Settings, tables: dict[str, list[dict]]) -> None:
    for name, rows in tables.items():
        schema = arrow_schema(TABLES[name].schema)
        write_deltalake(
            f"{settings.lake_uri}/{name.replace('.', '/')}",
            pa.Table.from_pylist(
                [{column: row.get(column) for column in schema.names} for row in rows],
                schema=schema,
            ),
        )


def save_seen_posts(settings: Settings) -> None:
    with IngestStore(store_location(settings), owner="public", platform="reddit") as store:
        for number in (1, 2, 3, 9):
            one = SeenPost(
                post_id=f"t1_{number}",
                source="s",
                native_id=f"{number}",
                event_id="e",
                version=0,
                day=None,
                seen_at=SEEN,
                checked_at=SEEN,
            )
            store.save_seen_posts([one])


def land(settings: Settings) -> None:
    answer = {
        "data": {"children": [{"data": {"author": name, "body": name}} for name in (THEIRS, OTHER)]}
    }
    line = {"observed_at": SEEN, "source": "r", "endpoint": "e", "query": None, "body": answer}
    at = datetime(2026, 1, 2, tzinfo=UTC)
    folder = settings.home / f"lake/landing/date={at:%Y-%m-%d}/platform=reddit"
    folder.mkdir(parents=True)
    (folder / f"{at:%Y%m%dT%H%M%S%fZ}-000000.jsonl.gz").write_bytes(
        gzip.compress(json.dumps(line).encode())
    )


@pytest.fixture
def settings(tmp_path):
    settings = Settings(home=tmp_path)
    write(settings, made(create_key(settings.key_file)))
    save_seen_posts(settings)
    land(settings)
    return settings


def export(settings, *args, stdin=None):
    return CliRunner().invoke(app, ["--home", str(settings.home), "export", *args], input=stdin)


def found(settings):
    done = export(settings, "--platform", "reddit", "--author", THEIRS)
    assert done.exit_code == 0, done.output
    (account,) = json.loads(done.stdout)["accounts"]
    return account


def test_everything_of_the_person_and_nothing_of_others(settings):
    account = found(settings)
    tables = account["tables"]
    assert sorted(row["offset"] for row in tables["bronze.posts"]) == [0, 1, 3, 5, 6]
    assert [row["post_key"] for row in tables["silver.posts"]] == [
        made(load_key(settings.key_file))["silver.posts"][0]["post_key"]
    ]
    assert len(tables["silver.tombstones"]) == 2
    assert sorted(row["offset"] for row in tables["quarantine.posts"]) == [1, 6]
    assert {one["post_id"] for one in account["producers"]["sightings"]} == {"t1_1", "t1_2"}
    assert [one["part"]["data"]["author"] for one in account["producers"]["landing"]] == [THEIRS]
    assert OTHER not in json.dumps(account)
    raw = {row["offset"]: row["payload"] for row in tables["bronze.posts"]}
    assert (raw[0]["text"], raw[6]["raw"]) == (
        f"text of {THEIRS}",
        {"author": THEIRS, "strange": True},
    )


@pytest.mark.parametrize("hostile", ["it's", "x') OR 1=1 --\"", "\\' OR 1=1 --", '"'])
def test_a_key_that_a_stranger_made_up_is_a_value_and_no_question(tmp_path, hostile):
    """Treat a made-up key as a value, since quarantine holds headers exactly as received.

    A record there may name the person in its payload alone.
    """
    settings = Settings(home=tmp_path)
    tables = made(create_key(settings.key_file))
    (strange,) = [row for row in tables["bronze.posts"] if row["offset"] == 6]
    bad = strange | {
        "offset": 9,
        "headers": {**dict(strange["headers"]), "post_key": hostile.encode()},
    }
    tables["quarantine.posts"] = [bad]
    write(settings, tables)
    account = found(settings)
    assert [row["offset"] for row in account["tables"]["quarantine.posts"]] == [9]
    assert len(account["tables"]["silver.tombstones"]) == 2
    assert OTHER not in json.dumps(account)


def test_a_record_that_names_the_person_in_what_is_no_json_is_theirs(tmp_path):
    settings = Settings(home=tmp_path)
    maker = RecordMaker("reddit", "public", create_key(settings.key_file))
    cut = Unmappable(raw='{"author": "jane_fox", "body": ', detail="x")
    write(settings, {"bronze.posts": [bronze_row(maker.make(cut, observed_at=SEEN), offset=9)]})
    rows = {row["offset"]: row["payload"] for row in found(settings)["tables"]["bronze.posts"]}
    assert "jane_fox" in rows[9]["raw"]


def test_an_id_that_names_the_person_is_theirs_when_no_table_knows_them_any_more(tmp_path):
    settings = Settings(home=tmp_path)
    create_key(settings.key_file)
    author = "https://mastodon.example/users/jane"
    ids = [f"{author}/statuses/1", "https://mastodon.example/users/janet/statuses/2"]
    with IngestStore(store_location(settings), owner="public", platform="mastodon") as store:
        store.save_seen_posts(
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
            for p in ids
        )
    done = export(settings, "--platform", "mastodon", "--author", author)
    (account,) = json.loads(done.stdout)["accounts"]
    assert [one["post_id"] for one in account["producers"]["sightings"]] == ids[:1]


def test_the_purposes_and_periods_are_said_with_it(settings):
    account = found(settings)
    assert account["used_for"]
    assert account["kept"]["bronze.record"]["days"] == 2


def test_encrypted_payloads_are_decrypted(settings):
    key = create_key(settings.payload_key_file)
    tables = made(load_key(settings.key_file))
    encrypted = [
        row
        | {
            "value": encrypt(row["value"], key, At(row["topic"], 0, row["offset"])),
            "offset": row["offset"],
        }
        for row in tables["bronze.posts"]
    ]
    other = Settings(home=settings.home, lake=str(settings.home / "sealed"))
    write(other, tables | {"bronze.posts": encrypted})
    done = CliRunner(env={"ECHOSTREAM_LAKE": other.lake}).invoke(
        app, ["--home", str(settings.home), "export", "--platform", "reddit", "--author", THEIRS]
    )
    (account,) = json.loads(done.stdout)["accounts"]
    assert sorted(row["offset"] for row in account["tables"]["bronze.posts"]) == [0, 1, 3, 5, 6]
    assert {row["payload"].get("text") for row in account["tables"]["bronze.posts"]} >= {
        f"text of {THEIRS}"
    }


def test_what_was_made_under_an_older_key_is_found_too(settings):
    newest = add_key(settings.key_file, "pseudonym key")
    write_key_id(settings.key_file, newest.key_id)
    account = found(settings)
    assert account["pseudonym"].startswith("v2:")
    assert sorted(row["offset"] for row in account["tables"]["bronze.posts"]) == [0, 1, 3, 5, 6]
    assert {one["post_id"] for one in account["producers"]["sightings"]} == {"t1_1", "t1_2"}


def test_a_person_with_accounts_on_two_platforms_and_a_file_for_the_owner_alone(settings, tmp_path):
    out = tmp_path / "person.json"
    done = export(
        settings, "--subject", "-", "--out", str(out), stdin=f"reddit {THEIRS}\n\nx 123 \n"
    )
    assert (done.exit_code, done.stdout, done.exception) == (0, "", None)
    assert [account["platform"] for account in json.loads(out.read_text())["accounts"]] == [
        "reddit",
        "x",
    ]
    assert "reddit: silver.posts 1, " in done.stderr
    assert "x: nothing is held" in done.stderr
    assert THEIRS not in done.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert export(settings, "--subject", "-", "--out", str(out), stdin="x 1\n").exit_code != 0, (
        "a file is not overwritten"
    )


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("--platform", "reddit"),
        ("--author", "a"),
        ("--platform", "reddit", "--author", "a", "--subject", "-"),
        ("--platform", "nowhere", "--author", "a"),
        ("--subject", "/nonexistent"),
        ("--subject", "-"),
    ],
)
def test_wrong_use_is_refused(settings, args):
    done = export(settings, *args, stdin="reddit\n")
    assert getattr(done.exception, "exit_code", 0) == 2


def test_an_empty_lake_holds_nothing_about_anybody(tmp_path):
    settings = Settings(home=tmp_path)
    create_key(settings.key_file)
    account = found(settings)
    assert {name: rows for name, rows in account["tables"].items() if rows} == {}
    assert account["producers"] == {"sightings": [], "landing": []}
