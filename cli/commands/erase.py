"""`echostream erase`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from batch.erase import job
from cli.context import settings_of
from cli.input.plain_text import read_text
from cli.input.wait import WaitForLake
from cli.lake import lake_of
from cli.output.lines import print_lines
from foundation.errors import LakeInUseError, UsageError
from foundation.key_sources import pseudonym_key
from foundation.keys import PseudonymKey
from foundation.policies import policy_of
from foundation.settings import Settings
from ingestion.kafka.records import RecordMaker
from ingestion.platforms import PLATFORMS
from ingestion.producer.build import build_erasure, store_location
from ingestion.state.store import IngestStore
from lakehouse.erasure.ledger import receipt_key
from lakehouse.erasure.requests import Target, create_request

Named = tuple[str, str, str]  # platform, author or post, native id


def erase(
    context: typer.Context,
    *,
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
    wait_for_lake: WaitForLake = 0,
) -> None:
    """Erase an author's posts, or one post, from every table, for ever.

    The stored request holds pseudonyms alone. Running streams carry it out themselves. Without
    options the command carries out the requests that wait.
    """
    settings = settings_of(context)
    named = _named(platform, author, post, subject)
    if named:
        key_id, targets = _targets(settings, named)
        done = create_request(settings, targets=targets, key_id=key_id, key=receipt_key(settings))
        print(f"request   {done.id}, {len(targets)} accounts or posts")
    try:
        print_lines(job.run(settings, wait_s=wait_for_lake))
    except LakeInUseError:
        interval = f"{settings.erasure.interval_s:g} s"
        print(f"handed over to the jobs that run, which look every {interval}")
        print(
            "landing files and the producers' memory follow by the producers,"
            " or by `echostream erase` once more"
        )
    _forget(settings)


def _forget(settings: Settings) -> None:
    """What producers do between their batches, here as well: none may run."""
    for platform in PLATFORMS.values():
        with IngestStore(
            store_location(settings), owner=settings.owner, platform=platform.name
        ) as store:
            build_erasure(settings, platform, store, *lake_of(settings, platform.name)).run()


def _named(
    platform: str | None, author: str | None, post: str | None, subject: Path | None
) -> list[Named]:
    if subject is not None:
        if platform or author or post:
            raise UsageError(
                "--subject stands alone",
                remedy="Put all of the person's accounts and posts into FILE",
            )
        text = read_text(subject)
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
    policy_of(platform)
    if not native_id:
        raise UsageError(
            f"the {kind} of {platform} is empty",
            remedy="Name its id as the platform's payloads have it",
        )
    return platform, kind, native_id


def _targets(settings: Settings, named: list[Named]) -> tuple[str, list[Target]]:
    """Pseudonyms under every version of the key: late records may come under an older one."""
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
