"""`echostream erase`, `receipts`, `verify-erasure`: deletion on request, and its proof."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import lake_of, settings_of
from foundation.errors import LakeInUseError, UsageError
from foundation.settings import Settings

if TYPE_CHECKING:
    from foundation.keys import PseudonymKey
    from lakehouse.erasure.receipts import Receipt
    from lakehouse.erasure.requests import Target

Named = tuple[str, str, str]  # platform, author or post, native id


def erase(
    context: typer.Context,
    platform: Annotated[str | None, typer.Option(help="bluesky, hackernews, mastodon, …")] = None,
    author: Annotated[
        str | None, typer.Option(help="the author's id, as the platform's payloads have it")
    ] = None,
    post: Annotated[str | None, typer.Option(help="the post's id, likewise")] = None,
    subject: Annotated[
        Path | None,
        typer.Option(
            help='a person: lines of {"platform": …, "author": …} or "post"; - reads them from stdin'
        ),
    ] = None,
) -> None:
    """Erase what an author wrote, or a post, from every table, for ever; streams that run carry it out themselves.

    What is written down of the request holds pseudonyms alone. Without any of the options what
    waits is carried out.
    """
    settings = settings_of(context)
    named = _named(platform, author, post, subject)
    if named:
        from lakehouse.erasure.ledger import receipt_key  # noqa: PLC0415
        from lakehouse.erasure.requests import create_request  # noqa: PLC0415

        key_id, targets = _targets(settings, named)
        done = create_request(settings, targets=targets, key_id=key_id, key=receipt_key(settings))
        print(f"request   {done.id}, {len(targets)} accounts or posts")
    from batch.run import erase as carry_out  # noqa: PLC0415  # with Spark's libraries, which are slow to load

    try:
        erased = carry_out(settings)
    except LakeInUseError:
        print(
            f"handed over to the jobs that run, which look every {settings.erasure.interval_s:g} s"
        )
        print(
            "landing files and the producers' memory follow by the producers, or by `echostream erase` once more"
        )
    else:
        print(
            f"carried out {len(erased.erasures)}; `echostream receipts` says what is still to come"
        )
    _forget(settings)


def receipts(
    context: typer.Context,
    request: Annotated[str | None, typer.Argument(help="one request's id; default: all")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines")] = False,
) -> None:
    """Show what became of each erasure; ends with 1 where a receipt was changed, or the request is not known."""
    from dataclasses import asdict  # noqa: PLC0415

    from lakehouse.erasure.receipts import receipts as all_receipts  # noqa: PLC0415  # with deltalake, slow to load

    found = [each for each in all_receipts(settings_of(context)) if request in (None, each.id)]
    for each in found:
        print(json.dumps(asdict(each), default=datetime.isoformat) if as_json else _shown(each))
    if (request and not found) or not all(each.is_signed for each in found):
        raise typer.Exit(1)


def _forget(settings: Settings) -> None:
    """What producers do between their batches, here as well: none may run."""
    from ingestion.platforms import PLATFORMS  # noqa: PLC0415
    from ingestion.producer.build import forgetting, store_place  # noqa: PLC0415
    from ingestion.state.store import IngestStore  # noqa: PLC0415

    for platform in PLATFORMS.values():
        with IngestStore(
            store_place(settings), owner=settings.owner, platform=platform.name
        ) as store:
            forgetting(settings, platform, store, *lake_of(settings, platform.name)).run()


def _named(
    platform: str | None, author: str | None, post: str | None, subject: Path | None
) -> list[Named]:
    if subject is not None:
        if platform or author or post:
            raise UsageError(
                "--subject stands alone",
                remedy="Put all of the person's accounts and posts into FILE",
            )
        text = sys.stdin.read() if str(subject) == "-" else _text_of(subject)
        return [
            _line(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()
        ]
    if platform is None and author is None and post is None:
        return []
    if platform is None or (author is None) == (post is None):
        raise UsageError(
            "one account or post is to be named", remedy="Give --platform, and --author or --post"
        )
    return [_known(platform, "author", author) if author else _known(platform, "post", post or "")]


def _line(number: int, line: str) -> Named:
    try:
        said = json.loads(line)
        kinds = [kind for kind in ("author", "post") if isinstance(said.get(kind), str)]
        if len(kinds) == 1 and set(said) == {"platform", kinds[0]}:
            return _known(said["platform"], kinds[0], said[kinds[0]])
    except (ValueError, AttributeError):
        pass
    raise UsageError(
        f"line {number} of the subject names no account",
        remedy='It must be {"platform": "x", "author": "…"} or "post"',
    )


def _known(platform: str, kind: str, native_id: str) -> Named:
    from foundation.policies import policy_of  # noqa: PLC0415

    policy_of(platform)
    if not native_id:
        raise UsageError(
            f"the {kind} of {platform} is empty",
            remedy="Name its id as the platform's payloads have it",
        )
    return platform, kind, native_id


def _targets(settings: Settings, named: list[Named]) -> tuple[str, list["Target"]]:
    """Pseudonyms under every version of the key: late records may come under an older one."""
    from foundation.key_sources import pseudonym_key  # noqa: PLC0415
    from ingestion.kafka.records import RecordMaker  # noqa: PLC0415
    from lakehouse.erasure.requests import Target  # noqa: PLC0415

    key = pseudonym_key(settings)

    def keys(platform: str, kind: str, native_id: str) -> Iterator[str]:
        version: PseudonymKey | None = key
        while version is not None:
            maker = RecordMaker(platform, settings.owner, version)
            yield maker.author_key(native_id) if kind == "author" else maker.post_key(native_id)
            version = version.older

    return key.key_id, [
        Target(platform, kind, tuple(keys(platform, kind, one))) for platform, kind, one in named
    ]


def _shown(receipt: "Receipt") -> str:
    """A receipt for people."""
    what = ", ".join(f"{count:,} {name}" for name, count in receipt.what.items())
    lines = [
        f"{receipt.id}: {receipt.cause}, {what}, {'signed' if receipt.is_signed else 'NOT AS IT WAS SIGNED'}"
    ]
    lines.append(f"  asked       {_time(receipt.asked_at)}")
    lines.append(f"  unqueryable {_time(receipt.unqueryable_at)}")
    lines.append(
        f"  gone        {_time(receipt.gone_at)}; out of Kafka by {_time(receipt.kafka_until)}"
    )
    for name, table in receipt.tables.items():
        rows = "by the change feed" if table.rows is None else f"{table.rows:,} rows"
        versions = f"version {table.version_before} → {table.version_after}"
        files = (
            f"files removed by version {table.vacuum_version}"
            if table.vacuumed_at
            else "files are still there"
        )
        details = [rows, *([versions] if table.version_after is not None else ())]
        details += [files] if table.version_before is not None else []
        lines.append(f"  {name}: {', '.join(details)}")
    return "\n".join(lines)


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "still to come"


def verify_erasure(
    context: typer.Context,
    canaries: Annotated[
        Path, typer.Argument(help="one text per line that must be nowhere; - reads them from stdin")
    ],
    besides: Annotated[
        list[Path] | None, typer.Option(help="another folder to search, such as backups")
    ] = None,
) -> None:
    """Search every byte that the system keeps for texts that must be gone; ends with 1 where one is found.

    Tables with what they have replaced, their logs, checkpoints, landing files, Kafka's segments,
    the producers'
    memory, logs: unpacked, and opened where they are sealed. A finding names its text by its line.
    """
    from pyarrow import fs  # noqa: PLC0415  # half a second

    from foundation.key_sources import payload_source  # noqa: PLC0415
    from local.erasure_scan.encrypted import Decryptor  # noqa: PLC0415
    from local.erasure_scan.scan import Location, verify  # noqa: PLC0415
    from local.erasure_scan.search_terms import SearchTerms  # noqa: PLC0415

    settings = settings_of(context)
    lines = sys.stdin.read() if str(canaries) == "-" else _text_of(canaries)
    terms = SearchTerms([line for line in lines.splitlines() if line.strip()])
    local = fs.LocalFileSystem()
    locations = [Location("home", local, str(settings.home))]
    if settings.is_on_s3:
        from lakehouse.storage.s3 import arrow_files  # noqa: PLC0415

        locations.append(
            Location("lake", arrow_files(settings.s3), settings.lake_uri.partition("://")[2])
        )
    elif settings.lake:
        locations.append(Location("lake", local, settings.lake_uri))
    for folder in besides or ():
        if not folder.is_dir():
            raise UsageError(
                f"{folder} is no folder", remedy="Name the folder that a backup lies in"
            )
        locations.append(Location("besides", local, str(folder.absolute())))
    has_key = settings.payloads.encrypt or settings.payload_key_file.exists()
    keys = payload_source(settings).newest() if has_key else ()
    report = verify(locations, terms, Decryptor((key.key_id, key.secret) for key in keys))
    for area, files in sorted(report.files.items()):
        print(f"{area}: {files:,} files, {report.read_bytes[area]:,} bytes unpacked")
    for found in report.findings:
        print(f"found: text {found.number} in {found.file} ({found.where})")
    for name in report.unread:
        print(f"not read: {name}")
    for name in _elsewhere(settings):
        print(f"not searched: {name}")
    if not report.is_clean:
        raise typer.Exit(1)
    print("nothing found")


def _elsewhere(settings: Settings) -> list[str]:
    """What keeps texts and is not among the files that this command reaches."""
    kafka = ["Kafka's segments, which the broker of kafka.bootstrap_servers keeps"]
    memory = ["the producers' memory, which the server of ingest.store keeps"]
    return (kafka if settings.kafka.bootstrap_servers else []) + (
        memory if settings.ingest.store else []
    )


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"{file} cannot be read", remedy="It must be text in UTF-8, one canary per line"
        ) from None
