"""Write cells of CSV so that a spreadsheet shows a stranger's formula as text.

This follows OWASP's advice against CSV injection. A spreadsheet takes a cell for a formula if it
begins with certain signs. An apostrophe before them makes it a text.
"""

import re

# = + - @ and their full-width and small forms, which East Asian spreadsheets treat the same.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
# Spreadsheets skip spaces, control characters and zero-width marks before the sign.
_PASSED_OVER = "\\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff"
_FORMULA = re.compile(f"[\t\r\n]|[{_PASSED_OVER}]*[{_SIGNS}]")
# Digits with separators, an exponent or a percent sign. Such a formula is just its value.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+(?:[.,][0-9]+)*[.,]?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?%?", re.ASCII
)


def neutral_cell(value: object) -> object:
    """Return a cell's value in a form that no spreadsheet takes for a formula.

    A text that begins like a formula gets an apostrophe. Other texts, plain numbers (`-3.5`, `+49`)
    and values of other types do not change.
    """
    if not isinstance(value, str) or not _FORMULA.match(value) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"
