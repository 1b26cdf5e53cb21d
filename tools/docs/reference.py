"""Write the generated pages of docs/reference and path.svg, by `make reference`.

tests/unit/tools/test_reference.py fails if a page differs from what this module writes.
"""

from collections.abc import Callable
from pathlib import Path

from tools.docs.commands import commands_page
from tools.docs.event import event_page
from tools.docs.path_picture import path_picture
from tools.docs.reasons import reasons_page
from tools.docs.settings import settings_page
from tools.docs.tables import tables_page

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
PICTURE = FOLDER.parent / "pictures" / "path.svg"
PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "commands.md": commands_page,
    "tables.md": tables_page,
    "reasons.md": reasons_page,
    "event.md": event_page,
}


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    PICTURE.write_text(path_picture(), encoding="utf-8")
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
