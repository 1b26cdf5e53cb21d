"""`echostream keys rotate`."""

import typer

from cli.context import settings_of
from cli.input.wait import WaitForLake
from cli.output.lines import print_lines


def rotate(context: typer.Context, wait_for_lake: WaitForLake = 0) -> None:
    """Bring the lake to a new pseudonym key, or finish a rotation that was interrupted.

    Stop the streams first. Producers may continue; restart them afterwards.
    """
    from batch.rotate_keys import job

    print_lines(job.run(settings_of(context), wait_s=wait_for_lake))
