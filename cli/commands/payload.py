"""`echostream payload`."""

import sys
from typing import Annotated

import typer

from cli.context import settings_of


def payload(
    context: typer.Context,
    topic: Annotated[str, typer.Argument(help="as in the column `bronze` of silver.posts")],
    partition: Annotated[int, typer.Argument(help="its number")],
    offset: Annotated[int, typer.Argument(help="its number")],
) -> None:
    """Write one payload of Bronze as it was received, personal data included.

    It needs the payload key if the payload is encrypted.
    """
    from serving.payload import received
    from transforms.payloads import At

    value = received(settings_of(context), At(topic, partition, offset))
    sys.stdout.buffer.write(b"" if value is None else value + b"\n")
