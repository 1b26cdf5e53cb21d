"""A user's labelled texts, for `echostream train` and `echostream calibrate`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.input.text_files import Reading, TextFile
from foundation.errors import UsageError


@dataclass
class Labelled:
    """Texts and their labels, and how many rows have none of either."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    rows: int = 0
    without_text: int = 0
    without_label: int = 0

    def lines(self, width: int) -> list[str]:
        """Return lines that say what was left out, each behind a word of that width."""
        counts = {"text": self.without_text, "label": self.without_label}
        return [
            f"{f'no {what}':{width}}{count:,} rows have none, and are left out"
            for what, count in counts.items()
            if count
        ]


def read_labels(
    file: Path,
    classes: Sequence[str],
    *,
    reading: Reading,
    left_out: Callable[[int, str], None],
) -> Labelled:
    """Return texts and labels of the rows that have both.

    `left_out` is told of each row that cannot be read.

    Raises:
        UsageError: a row has a label that is none of the classes.
    """
    found = Labelled()
    with TextFile(file, "text", "label", reading=reading, left_out=left_out) as rows:
        for number, row in enumerate(rows, start=1):
            found.rows = number
            text = rows.value(row, "text")
            label = (rows.value(row, "label") or "").strip().lower()
            if label and label not in classes:
                raise UsageError(
                    f"{file}: row {number} has another label", remedy=f"Use {', '.join(classes)}"
                )
            if not text:
                found.without_text += 1
            elif not label:
                found.without_label += 1
            else:
                found.texts.append(text)
                found.labels.append(label)
    return found
