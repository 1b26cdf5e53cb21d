"""`echostream score`."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.text_files import Row, TextFile, form_of, writing
from foundation.errors import UsageError
from local.progress import Ticker
from transforms.scoring.calibration import Calibrated
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import HasFigures, ScorerOptions

AT_ONCE = 2_048
_COLUMNS = ("label", "compound", "confidence", "scorer", "scorer_version")
_FIGURES = ("neg", "neu", "pos")


@dataclass
class Summary:
    """Counts of a file's rows."""

    labels: Counter[str] = field(default_factory=Counter)
    compounds: float = 0.0
    scored: int = 0
    replaced: dict[str, None] = field(default_factory=dict)

    def add(self, row: Row, scores: Row) -> None:
        self.replaced |= {name: None for name in scores if name in row}
        self.labels[scores["label"] or "no label"] += 1
        if scores["compound"] is not None:
            self.scored += 1
            self.compounds += scores["compound"]

    def lines(self, scorer: Calibrated, seconds: float) -> Iterator[str]:
        rows = self.labels.total()
        yield f"scorer    {scorer.name} {scorer.version}"
        yield f"rows      {rows:,} in {seconds:.1f} s"
        for label, count in self.labels.most_common():
            yield f"{label:9} {count:,} ({count / rows:.1%})"
        if self.scored:
            yield f"compound  {self.compounds / self.scored:+.4f} on average"


class RowScorer:
    """Turns texts into the columns that are added to their rows.

    A row without text gets no score.
    """

    def __init__(self, scorer: Calibrated, *, all_figures: bool) -> None:

        self.scorer = scorer
        self._figures: HasFigures | None = None
        if all_figures:
            if not isinstance(scorer.uncalibrated, HasFigures):
                raise UsageError(
                    f"scorer {scorer.name} has no neg, neu and pos",
                    remedy="Leave --all-figures out",
                )
            self._figures = scorer.uncalibrated
        self.columns = [*_COLUMNS, *_FIGURES] if all_figures else [*_COLUMNS]

    def columns_of(self, texts: list[str | None]) -> list[Row]:
        """Return a row of new columns for each text."""
        there = [text for text in texts if text is not None]
        names = (self.scorer.name, self.scorer.version)
        rows: list[tuple[object, ...]] = [
            (score.label, score.compound, score.confidence, *names)
            for score in self.scorer.score(there)
        ]
        if self._figures:
            figures = self._figures.figures_of(there)
            rows = [
                (*row, *of_text[: len(_FIGURES)])
                for row, of_text in zip(rows, figures, strict=True)
            ]
        none = (None, None, None, *names, *[None] * (len(self.columns) - len(_COLUMNS)))
        scored = iter(rows)
        return [
            dict(zip(self.columns, none if text is None else next(scored), strict=True))
            for text in texts
        ]


def score(  # noqa: PLR0917  # a command's options
    context: typer.Context,
    text: Annotated[str | None, typer.Argument(help="one text")] = None,
    file: Annotated[
        Path | None, typer.Option(help="CSV or JSON lines with a text column or field")
    ] = None,
    scorer: Annotated[str, typer.Option(help="instead of scorer.name in the settings")] = "",
    model: Annotated[
        Path | None, typer.Option(help="a model's folder, instead of scorer.model")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="the same rows with their scores; default: standard output")
    ] = None,
    all_figures: Annotated[
        bool, typer.Option("--all-figures", help="VADER's neg, neu and pos as well")
    ] = False,
) -> None:
    """Score the sentiment of a text, or of each row of a file.

    The command does not check whether a text is in the scorer's language.
    """
    if (text is None) == (file is None):
        raise UsageError(
            "one text or --file is needed", remedy='For example: echostream score "What a day!"'
        )
    settings = settings_of(context)
    options = ScorerOptions.of(settings.scorer, home=settings.home)
    named = replace(
        options, name=scorer or options.name, model=str(model) if model else options.model
    )
    loaded = load_scorer(named)
    rows = RowScorer(loaded, all_figures=all_figures)
    if file:
        _score_file(file, out, rows)
    elif out:
        raise UsageError("--out goes with --file", remedy="Leave it out")
    else:
        for name, value in rows.columns_of([text])[0].items():
            print(f"{name:14}  {'none' if value is None else value}")


def _score_file(file: Path, out: Path | None, scorer: RowScorer) -> None:
    if out and form_of(out) != form_of(file):
        raise UsageError(
            f"{file} and {out} are of different forms", remedy="Name a file of the same form"
        )
    summary = Summary()
    began = time.monotonic()
    with Ticker(f"score {file.name}", unit="rows") as ticker:
        rows = TextFile(
            file, "text", progress=lambda done, share: ticker.to(done, f"{min(share, 1.0):.0%}")
        )
        with writing(out, rows.form) as writer:
            for row in scored_rows(rows, scorer, summary):
                writer.row(row)
            writer.header(list(dict.fromkeys([*rows.columns, *scorer.columns])))
    report = sys.stdout if out else sys.stderr
    for line in summary.lines(scorer.scorer, time.monotonic() - began):
        print(line, file=report)
    if summary.replaced:
        print(
            f"replaced  {', '.join(summary.replaced)}: the file had columns of that name",
            file=sys.stderr,
        )


def scored_rows(rows: Iterable[Row], scorer: RowScorer, summary: Summary) -> Iterator[Row]:
    """Yield the rows with their scores; memory holds as many as the scorer takes at once."""
    left = iter(rows)
    while chunk := list(islice(left, AT_ONCE)):
        for row, scores in zip(
            chunk, scorer.columns_of([row["text"] for row in chunk]), strict=True
        ):
            summary.add(row, scores)
            yield row | scores
