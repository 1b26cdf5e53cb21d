"""Cells of CSV that a spreadsheet shows as text, also where a stranger wrote a formula.

OWASP's advice against CSV injection: a spreadsheet takes a cell for a formula that begins with one
of a few signs. An apostrophe in front makes it text.
"""

import re

# = + - @ and their full-width and small twins, which spreadsheets of East Asia take for the same.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
# Spreadsheets pass over spaces, control characters and marks without width before the sign.
_PASSED_OVER = "\\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff"
_FORMULA = re.compile(f"[\t\r\n]|[{_PASSED_OVER}]*[{_SIGNS}]")
# Digits with separators, an exponent or a percent sign: a formula of these alone is its value.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+(?:[.,][0-9]+)*[.,]?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?%?", re.ASCII
)


def neutral_cell(value: object) -> object:
    """Return a cell's value so that no spreadsheet takes it for a formula.

    A text that begins as a formula does gets an apostrophe in front. Other texts, texts that are a
    plain number as a whole (`-3.5`, `+49`) and values that are no text stay as they are.
    """
    if not isinstance(value, str) or not _FORMULA.match(value) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"
