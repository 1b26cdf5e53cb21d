"""`echostream payload`."""

import sys
from typing import Annotated

import typer

from cli.context import settings_of
from serving.payload import received
from transforms.payloads import At


def payload(
    context: typer.Context,
    topic: Annotated[str, typer.Argument()],
    partition: Annotated[int, typer.Argument()],
    offset: Annotated[int, typer.Argument()],
) -> None:
    """Write one payload of Bronze as it was received, personal data included.

    The command needs the payload key.
    """
    value = received(settings_of(context), At(topic, partition, offset))
    sys.stdout.buffer.write(b"" if value is None else value + b"\n")
