"""Paths as Java and Spark read them: each place where a path is written has rules of its own."""

import os
from pathlib import Path

_UTF8 = "C.UTF-8"
_LATIN = range(0x20, 0x7F)
_LAST_OF_16_BITS = 0xFFFF


def in_properties(value: object) -> str:
    r"""Return a value as a file of properties holds it.

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
    """Return the units of UTF-16 that Java makes a letter of."""
    encoded = letter.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(encoded[at : at + 2], "big") for at in range(0, len(encoded), 2)]


def in_options(option: str) -> str:
    """Return one option as `spark.driver.extraJavaOptions` holds it among others.

    Spark takes such a text apart as a shell does.
    """
    quoted = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def survives_options(path: Path) -> bool:
    """Tell whether a path comes out of such options as it was.

    Spark 4.0 writes half of a letter beyond 16 bits, such as a picture, a second time.
    """
    return all(ord(letter) <= _LAST_OF_16_BITS for letter in str(path))


def environment(*paths: Path) -> dict[str, str]:
    """Return what Java's environment needs besides ours to reach these paths.

    Java encodes names of files as its locale says. In one without UTF-8 other letters than ASCII
    would become question marks, in the name of another folder.
    """
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((value for name in names if (value := os.environ.get(name))), "")
    if "utf" in locale.lower() or all(str(path).isascii() for path in paths):
        return {}
    return {"LC_ALL": _UTF8}
