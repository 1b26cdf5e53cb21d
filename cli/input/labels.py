"""A user's labelled texts, for `echostream train` and `echostream calibrate`."""

from collections.abc import Sequence
from pathlib import Path

from cli.input.text_files import TextFile
from foundation.errors import UsageError


def read_labels(file: Path, classes: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return texts and labels of the rows that have a text.

    Raises:
        UsageError: a row has a label that is none of the classes.
    """
    texts = []
    labels = []
    for number, row in enumerate(TextFile(file, "text", "label"), start=1):
        label = (row["label"] or "").strip().lower()
        if label not in classes:
            raise UsageError(
                f"{file}: row {number} has another label", remedy=f"Use {', '.join(classes)}"
            )
        if row["text"]:
            texts.append(row["text"])
            labels.append(label)
    return texts, labels
