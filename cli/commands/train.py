"""`echostream train`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.labels import read_labels
from cli.input.text_options import (
    ColumnOption,
    DelimiterOption,
    EncodingOption,
    ErrorsOption,
    reading_of,
)
from cli.output.left_out import left_out_rows
from foundation.errors import UsageError


def train(  # noqa: PLR0917  # a command's options
    context: typer.Context,
    labels: Annotated[
        Path,
        typer.Option(help="CSV or JSON lines with text and label: negative, neutral, positive"),
    ],
    language: Annotated[str, typer.Option(help="the language of the texts, as ISO 639-1")] = "en",
    out: Annotated[
        Path | None, typer.Option(help="the model's folder; default: models/<file's name> in home")
    ] = None,
    column: ColumnOption = "text",
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    errors: ErrorsOption = None,
) -> None:
    """Train the scorer `linear` on labelled texts, and write its card beside it.

    The command leaves out a row that cannot be read, trains on the others and ends with 1.
    """
    if not re.fullmatch("[a-z]{2}", language):
        raise UsageError(f"{language} is no ISO 639-1 code", remedy="Name one such as en or de")
    # Help and refusals wait neither for numpy nor for the scorers.
    from local.progress import Ticker
    from transforms.scoring.linear import CLASSES
    from transforms.scoring.training import train as fit

    folder = out or settings_of(context).home / "models" / labels.name.split(".")[0]
    reading = reading_of(column, delimiter, encoding)
    with left_out_rows(errors, labels) as left_out:
        labelled = read_labels(labels, CLASSES, reading=reading, left_out=left_out.add)
    if not labelled.texts:
        left_out.refuse_if_any(labels, read=labelled.rows)
    with Ticker(f"train on {labels.name}", unit="texts") as ticker:
        trained = fit(
            labelled.texts,
            labelled.labels,
            source=labels.name,
            language=language,
            progress=lambda step: ticker.to(len(labelled.texts), step),
        )
        trained.save(folder)
    ours = trained.about["unseen_folds"]
    vader = trained.about["vader_on_the_same_rows"]
    print(f"model         linear {trained.model.version}")
    for name, key in (
        ("accuracy", "accuracy"),
        ("macro-F1", "macro_f1"),
        ("macro-recall", "macro_recall"),
    ):
        print(
            f"{name:12}  {ours[key]:.3f} on unseen folds; VADER {vader[key]:.3f} on the same texts"
        )
    for line in labelled.lines(14):
        print(line)
    print(f"card          {folder / 'CARD.md'}")
    print(f"use           echostream score --file FILE --scorer linear --model {folder}")
    left_out.refuse_if_any(labels, read=labelled.rows)
