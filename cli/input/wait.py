"""The option to wait for the lake, which all batch jobs have."""

from typing import Annotated

import typer

WaitForLake = Annotated[
    float,
    typer.Option(
        "--wait-for-lake",
        min=0,
        metavar="SECONDS",
        help="wait so long while another process writes the lake; 0: refuse at once",
    ),
]
