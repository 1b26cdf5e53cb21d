"""`echostream score`."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import settings_of
from cli.input.csv_records import delimiter_words
from cli.input.text_files import Reading, Row, TextFile, form_of, has_tab_suffix, name_of
from cli.input.text_options import (
    ColumnOption,
    DelimiterOption,
    EncodingOption,
    ErrorsOption,
    reading_of,
)
from cli.output.left_out import left_out_rows
from cli.output.row_files import RowForm, writing
from foundation.errors import UsageError

if TYPE_CHECKING:  # help and refusals do not wait for the scorers
    from transforms.scoring.calibration import Calibrated

AT_ONCE = 2_048
_COLUMNS = ("label", "compound", "confidence", "scorer", "scorer_version")
_FIGURES = ("neg", "neu", "pos")


@dataclass
class Summary:
    """Counts of a file's rows."""

    labels: Counter[str] = field(default_factory=Counter)
    compounds: float = 0.0
    scored: int = 0
    without_text: int = 0
    replaced: dict[str, None] = field(default_factory=dict)

    def add(self, row: Row, scores: Row) -> None:
        self.replaced |= {name: None for name in scores if name in row}
        self.labels[scores["label"] or "no label"] += 1
        if scores["compound"] is not None:
            self.scored += 1
            self.compounds += scores["compound"]

    def lines(self, scorer: "Calibrated", seconds: float) -> Iterator[str]:
        rows = self.labels.total()
        yield f"scorer    {scorer.name} {scorer.version}"
        yield f"rows      {rows:,} in {seconds:.1f} s"
        for label, count in self.labels.most_common():
            yield f"{label:9} {count:,} ({count / rows:.1%})"
        if self.without_text:
            yield f"no text   {self.without_text:,} rows have none"
        if self.scored:
            yield f"compound  {self.compounds / self.scored:+.4f} on average"


@dataclass(frozen=True)
class Files:
    """The files that a user names; without `out`, rows go to standard output.

    Raises:
        UsageError: the rows would change their form.
    """

    source: Path
    out: Path | None
    errors: Path | None
    is_raw: bool

    def __post_init__(self) -> None:
        if self.out and form_of(self.out) != form_of(self.source):
            raise UsageError(
                f"{self.source} and {self.out} are of different forms",
                remedy="Name a file of the same form",
            )

    def form_of_rows(self, rows: TextFile) -> RowForm:
        """Return the form of the output, which is that of the rows as they were read.

        Where its suffix says otherwise, the output has tabs or commas.
        """
        delimiter = rows.delimiter
        if self.out and has_tab_suffix(self.out) != has_tab_suffix(self.source):
            delimiter = "\t" if has_tab_suffix(self.out) else ","
        return RowForm(
            is_csv=rows.form == "csv",
            delimiter=delimiter,
            is_raw=self.is_raw,
            has_mark=rows.has_mark or rows.encoding != "utf-8",
            name_of=name_of,
        )


class RowScorer:
    """Turns texts into the columns that are added to their rows.

    A row without text gets no score.
    """

    def __init__(self, scorer: "Calibrated", *, all_figures: bool) -> None:
        from transforms.scoring.score import HasFigures

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
        Path | None, typer.Option(help="a file of CSV or JSON lines with texts")
    ] = None,
    scorer: Annotated[str, typer.Option(help="a scorer instead of the setting scorer.name")] = "",
    model: Annotated[
        Path | None, typer.Option(help="a model's folder instead of the setting scorer.model")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="the same rows with their scores; default: standard output")
    ] = None,
    all_figures: Annotated[
        bool, typer.Option("--all-figures", help="add VADER's neg, neu and pos")
    ] = False,
    column: ColumnOption = "text",
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    errors: ErrorsOption = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="of CSV: leave cells that a spreadsheet takes for formulas as they are"
        ),
    ] = False,
) -> None:
    """Score the sentiment of a text, or of each row of a file.

    The command does not check whether a text is in the scorer's language. It leaves out a row that
    cannot be read, scores the others and ends with 1. In CSV it puts an apostrophe before a text
    that begins with = + - @, a tab or a line end, so that no spreadsheet takes it for a formula.
    """
    if (text is None) == (file is None):
        raise UsageError(
            "one text or --file is needed", remedy='For example: echostream score "What a day!"'
        )
    from transforms.scoring.registry import load_scorer
    from transforms.scoring.score import ScorerOptions

    settings = settings_of(context)
    options = ScorerOptions.of(settings.scorer, home=settings.home)
    named = replace(
        options, name=scorer or options.name, model=str(model) if model else options.model
    )
    loaded = load_scorer(named)
    rows = RowScorer(loaded, all_figures=all_figures)
    if file:
        reading = reading_of(column, delimiter, encoding)
        _score_file(Files(file, out, errors, is_raw=raw), rows, reading)
    elif out or errors:
        option = "--out" if out else "--errors"
        raise UsageError(f"{option} goes with --file", remedy="Leave it out")
    else:
        for name, value in rows.columns_of([text])[0].items():
            print(f"{name:14}  {'none' if value is None else value}")


def _score_file(files: Files, scorer: RowScorer, reading: Reading) -> None:
    from local.progress import Ticker

    summary = Summary()
    began = time.monotonic()
    with (
        Ticker(f"score {files.source.name}", unit="rows") as ticker,
        left_out_rows(files.errors, files.source, files.out) as left_out,
        TextFile(
            files.source,
            "text",
            reading=reading,
            left_out=left_out.add,
            progress=lambda done, share: ticker.to(done, f"{min(share, 1.0):.0%}"),
        ) as rows,
        writing(files.out, files.form_of_rows(rows)) as writer,
    ):
        for row in scored_rows(rows, scorer, summary):
            writer.row(row)
        writer.header(list(dict.fromkeys([*rows.columns, *scorer.columns])))
    report = sys.stdout if files.out else sys.stderr
    for line in summary.lines(scorer.scorer, time.monotonic() - began):
        print(line, file=report)
    if rows.encoding != "utf-8" or rows.delimiter != ",":
        by = f", by {delimiter_words(rows.delimiter)}" if rows.form == "csv" else ""
        print(f"read as   {rows.encoding}{by}", file=report)
    if summary.replaced:
        print(
            f"replaced  {', '.join(summary.replaced)}: the file had columns of that name",
            file=sys.stderr,
        )
    left_out.refuse_if_any(files.source, read=summary.labels.total())


def scored_rows(rows: TextFile, scorer: RowScorer, summary: Summary) -> Iterator[Row]:
    """Yield the rows with their scores; memory holds as many as the scorer takes at once."""
    left = iter(rows)
    while chunk := list(islice(left, AT_ONCE)):
        texts = [rows.value(row, "text") for row in chunk]
        summary.without_text += texts.count(None)
        for row, scores in zip(chunk, scorer.columns_of(texts), strict=True):
            summary.add(row, scores)
            yield row | scores
