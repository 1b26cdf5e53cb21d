"""`echostream erase`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import settings_of
from cli.input.plain_text import read_text
from cli.input.wait import WaitForLake
from cli.output.lines import print_lines
from foundation.errors import LakeInUseError, UsageError
from foundation.policies import policy_of

if TYPE_CHECKING:  # help and refusals need no Spark
    from foundation.settings import Settings
    from lakehouse.erasure.requests import Subject


def erase(
    context: typer.Context,
    *,
    platform: Annotated[str | None, typer.Option(help="of the author or the post")] = None,
    author: Annotated[
        str | None, typer.Option(help="the author's id, as the platform's payloads have it")
    ] = None,
    post: Annotated[str | None, typer.Option(help="the post's id, in the same way")] = None,
    subject: Annotated[
        Path | None,
        typer.Option(
            help='a file of JSON lines, {"platform": …, "author": …} or {"platform": …, "post": …};'
            " - reads stdin"
        ),
    ] = None,
    wait_for_lake: WaitForLake = 0,
) -> None:
    """Erase an author's posts, or one post, from every table, for ever.

    The stored request holds only pseudonyms. Running streams carry it out; if none run, the
    command does. Without options it carries out the requests that wait. A new post of the
    author is blocked too.
    """
    subjects = named_subjects(platform, author, post, subject)
    from batch.erase import job
    from lakehouse.erasure.ledger import receipt_key
    from lakehouse.erasure.requests import request_erasure

    settings = settings_of(context)
    if subjects:
        request = request_erasure(settings, subjects, key=receipt_key(settings))
        print(f"request   {request.id}, {len(request.targets)} accounts or posts")
    try:
        print_lines(job.run(settings, wait_s=wait_for_lake))
    except LakeInUseError:
        interval = f"{settings.erasure.interval_s:g} s"
        print(f"handed over to the jobs that run, which look every {interval}")
        print(
            "landing files and the producers' memory follow by the producers,"
            " or by `echostream erase` once more"
        )
    _erase_from_producers(settings)


def _erase_from_producers(settings: "Settings") -> None:
    """Do the erasure task of each producer, for those that do not run."""
    from cli.lake import lake_of
    from ingestion.platforms import PLATFORMS
    from ingestion.producer.build import build_erasure, store_location
    from ingestion.state.store import IngestStore

    for platform in PLATFORMS.values():
        with IngestStore(
            store_location(settings), owner=settings.owner, platform=platform.name
        ) as store:
            build_erasure(settings, platform, store, *lake_of(settings, platform.name)).run()


def named_subjects(
    platform: str | None, author: str | None, post: str | None, file: Path | None
) -> "list[Subject]":
    if file is not None:
        if platform or author or post:
            raise UsageError(
                "--subject stands alone",
                remedy="Put all of the person's accounts and posts into FILE",
            )
        lines = enumerate(read_text(file).splitlines(), 1)
        return [_subject_of(number, line) for number, line in lines if line.strip()]
    if platform is None and author is None and post is None:
        return []
    if platform is None or (author is None) == (post is None):
        raise UsageError(
            "one account or post is to be named", remedy="Give --platform, and --author or --post"
        )
    if author:
        return [_checked(platform, "author", author)]
    return [_checked(platform, "post", post or "")]


def _subject_of(number: int, line: str) -> "Subject":
    try:
        fields = json.loads(line)
        kinds = [kind for kind in ("author", "post") if isinstance(fields.get(kind), str)]
        if len(kinds) == 1 and set(fields) == {"platform", kinds[0]}:
            return _checked(fields["platform"], kinds[0], fields[kinds[0]])
    except (ValueError, AttributeError):
        pass
    raise UsageError(
        f"line {number} of the subject names no account",
        remedy='It must be {"platform": "x", "author": "…"} or "post"',
    )


def _checked(platform: str, kind: str, native_id: str) -> "Subject":
    policy_of(platform)
    if not native_id:
        raise UsageError(
            f"the {kind} of {platform} is empty",
            remedy="Name its id as the platform's payloads have it",
        )
    from lakehouse.erasure.requests import Subject

    return Subject(platform, kind, native_id)
