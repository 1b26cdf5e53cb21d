"""Write paths so that Java and Spark read them unchanged, by the rules of each place."""

import os
from pathlib import Path

_UTF8 = "C.UTF-8"
_LATIN = range(0x20, 0x7F)
_LAST_OF_16_BITS = 0xFFFF


def in_properties(value: object) -> str:
    r"""Return a value in the form of a Java properties file.

    Java reads such a file as ISO 8859-1, and a backslash in it begins an escape.

    >>> in_properties("/home/hüme")
    '/home/h\\u00fcme'
    """
    text = str(value).replace("\\", "\\\\")
    return "".join(
        letter if ord(letter) in _LATIN else "".join(f"\\u{unit:04x}" for unit in _units(letter))
        for letter in text
    )


def _units(letter: str) -> list[int]:
    """Return the UTF-16 code units of a character."""
    encoded = letter.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(encoded[at : at + 2], "big") for at in range(0, len(encoded), 2)]


def in_options(option: str) -> str:
    """Return one option in the form that `spark.driver.extraJavaOptions` needs.

    Spark splits the options as a shell does.
    """
    quoted = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def survives_options(path: Path) -> bool:
    """Tell whether Spark passes a path in such options on unchanged.

    Spark 4.0 repeats half of a character beyond 16 bits, such as an emoji.
    """
    return all(ord(letter) <= _LAST_OF_16_BITS for letter in str(path))


def environment(*paths: Path) -> dict[str, str]:
    """Return the environment variables that Java needs to reach these paths.

    Java encodes file names by its locale. Without UTF-8, characters beyond ASCII would become
    question marks, which name another folder.
    """
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((value for name in names if (value := os.environ.get(name))), "")
    if "utf" in locale.lower() or all(str(path).isascii() for path in paths):
        return {}
    return {"LC_ALL": _UTF8}
