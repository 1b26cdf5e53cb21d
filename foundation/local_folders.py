"""Make folders that a user names absolute, and refuse names that a library would misread."""

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
    """Return the absolute path of the folder of all local state.

    Raises:
        ValueError: the name is empty, or a library would misread it.
    """
    home = local_folder(named)
    _refuse(home, _SEPARATES)
    return home


def local_folder(named: str | Path) -> Path:
    """Return the absolute path of a folder of this machine.

    Raises:
        ValueError: the name is empty, or a library would misread it.
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
    # after a link, `..` leads to the parent of the link's target
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
