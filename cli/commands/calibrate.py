"""`echostream calibrate`."""

import json
from dataclasses import replace
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


def calibrate(  # noqa: PLR0917  # a command's options
    context: typer.Context,
    labels: Annotated[Path, typer.Option(help="CSV or JSON lines with text and label, also mixed")],
    scorer: Annotated[str, typer.Option(help="a scorer instead of the setting scorer.name")] = "",
    model: Annotated[
        Path | None, typer.Option(help="a model's folder instead of the setting scorer.model")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="the fit's folder; default: scorer.calibrations, else calibrations in the home"
        ),
    ] = None,
    column: ColumnOption = "text",
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    errors: ErrorsOption = None,
) -> None:
    """Fit a scorer's confidence to your labelled texts.

    The fit is of that scorer's present version alone. The command leaves out a row that cannot be
    read, fits to the others and ends with 1.
    """
    reading = reading_of(column, delimiter, encoding)
    # Help and refusals wait neither for numpy nor for the scorers.
    from transforms.scoring.calibration import file_of
    from transforms.scoring.fitting import CLASSES, fit_confidence
    from transforms.scoring.registry import load_scorer
    from transforms.scoring.score import ScorerOptions

    settings = settings_of(context)
    options = ScorerOptions.of(settings.scorer, home=settings.home)
    named = replace(
        options, name=scorer or options.name, model=str(model) if model else options.model
    )
    raw = load_scorer(replace(named, calibrations="", abstain_below=0.0, mixed=False)).uncalibrated
    with left_out_rows(errors, labels) as left_out:
        labelled = read_labels(labels, (*CLASSES, "mixed"), reading=reading, left_out=left_out.add)
    if not labelled.texts:
        left_out.refuse_if_any(labels, read=labelled.rows)
    fitted = fit_confidence(raw, labelled.texts, labelled.labels, source=labels.name)
    folder = out or settings.scorer.calibrations or settings.home / "calibrations"
    file = folder / file_of(raw)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(fitted.stored, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {file} ({error.strerror})", remedy="Name another folder with --out"
        ) from None
    print(f"scorer     {raw.name} {raw.version}")
    own = (
        "" if fitted.uncalibrated is None else f"; its own probabilities: {fitted.uncalibrated:.3f}"
    )
    print(f"error      {fitted.error:.3f} (ECE) on unseen folds of {fitted.texts:,} texts{own}")
    for line in labelled.lines(11):
        print(line)
    print(f"fit        {file}")
    print(f"use        set scorer.calibrations to {folder}, then: echostream rescore")
    left_out.refuse_if_any(labels, read=labelled.rows)
