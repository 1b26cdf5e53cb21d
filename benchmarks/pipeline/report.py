"""`python -m benchmarks.pipeline.report`: figures into the record, the record into the docs.

Text between the two markers of a page is replaced; all else is left alone.
"""

import sys
from pathlib import Path

from benchmarks.pipeline import results, tables
from foundation.errors import UsageError

ROOT = Path(__file__).parents[2]
BEGIN = "<!-- benchmarks: begin, made by `make bench-report` -->"
END = "<!-- benchmarks: end -->"


def main() -> None:
    from benchmarks.pipeline import pictures  # noqa: PLC0415  # matplotlib is of the extra `bench`

    figures = results.with_newer(results.load(results.RECORD), results.load())
    if not figures["runs"]:
        raise UsageError("there are no figures", remedy="Measure first: `make bench`")
    every = [table.markdown() for table in tables.tables(figures)]
    names = pictures.draw(figures, ROOT / "docs" / "pictures")
    shown = [f"![{text}](../pictures/{name})" for name, text in names.items()]
    put(ROOT / "docs/evidence/benchmarks.md", "\n\n".join([tables.about(figures), *every, *shown]))
    results.write(figures)


def put(page: Path, text: str) -> None:
    """Put the text between the page's markers.

    Raises:
        UsageError: it has none.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UsageError(
            f"{page} has no place for figures", remedy=f"Put {BEGIN} and {END} where they belong"
        )
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except UsageError as error:
        sys.exit(f"error: {error}")
