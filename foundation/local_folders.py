"""Folders that a user names: made absolute, or refused where a library would mistake them."""

import re
from pathlib import Path

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MISTAKEN = (
    (re.compile(r"\$\{"), "${, which Spark takes for a variable"),
    (re.compile(r"\\"), "a backslash, which deltalake takes for a slash"),
    (re.compile(r"[\[\]^|]"), "one of [ ] ^ |, with which deltalake cannot write"),
    (re.compile("%[0-9A-Fa-f]{2}"), "%, which deltalake takes for an encoded letter"),
)
_SEPARATES = (re.compile(","), "a comma, at which Kafka and Spark begin another folder")


def local_home(named: str | Path) -> Path:
    """Return the folder of all local state, absolute.

    Raises:
        ValueError: the name is empty, or one that a library would take for another.
    """
    home = local_folder(named)
    _refuse(home, _SEPARATES)
    return home


def local_folder(named: str | Path) -> Path:
    """Return a folder of this machine, absolute.

    Raises:
        ValueError: the name is empty, or one that a library would take for another.
    """
    text = str(named)
    if not text.strip():
        raise ValueError("it is empty. Name a folder, or leave the setting out")
    if "://" in text:
        raise ValueError("it is an address and no folder. Name a folder")
    try:
        folder = Path(text).expanduser()
    except RuntimeError:
        raise ValueError("nobody has a folder of the name behind ~. Name it in full") from None
    # `..` behind a link leads elsewhere than its letters say
    folder = folder.resolve() if ".." in folder.parts else folder.absolute()
    if not _is_text(str(folder)):
        raise ValueError("its name is not UTF-8, or has control characters. Name another folder")
    _refuse(folder, *_MISTAKEN)
    return folder


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that Python could not decode
        return False
    return _CONTROL.search(name) is None


def _refuse(folder: Path, *mistaken: tuple[re.Pattern[str], str]) -> None:
    for sign, problem in mistaken:
        if sign.search(str(folder)):
            raise ValueError(f"{folder} has {problem}. Name another folder")
