"""Update the committed figures with newer ones, and write them to docs/evidence/benchmarks.md.

Run it by `make bench-report`. It replaces the text between the two markers of the page.
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
    """Replace the text between the page's markers.

    Raises:
        UsageError: the page has no markers.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UsageError(
            f"{page} has no markers for figures", remedy=f"Add the lines {BEGIN} and {END}"
        )
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except UsageError as error:
        sys.exit(f"error: {error}")
