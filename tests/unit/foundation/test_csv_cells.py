"""No text of a stranger becomes a formula in a spreadsheet, and numbers stay numbers."""

from decimal import Decimal

import pytest

from foundation.csv_cells import neutral_cell

FORMULAS = [
    '=HYPERLINK("http://evil.example","good")',
    "+1 great",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1+1",
    "\tgood",
    "\rgood",
    "\n=1+1",
    " =1+1",
    "\u00a0-1+1",
    "\ufeff=1+1",
    "\u200b@SUM(1)",
    "\x00=1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+1",
    "\uff20SUM(1)",
    "\ufe661+1",
    "-",
    "+49 170 555",
    "-3.5-1",
    "-1e",
    "-\u0663",  # a digit that is none to a spreadsheet of the West
    "-3\n",
]
OTHERS = [
    "",
    "good",
    "a=b",
    "1-2",
    "'=1+1",
    "\u2013 a dash",
    "I said: =1+1",
    " good",
    "-3.5",
    "+49",
    "-1",
    "-.5",
    "-1,5",
    "-1.234,56",
    "+1e5",
    "-1.5E-7",
    "-12%",
    "-3.",
]
VALUES = [None, True, -3, -3.5, float("-inf"), Decimal("-1.5"), b"=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_as_a_formula_gets_an_apostrophe(text):
    assert neutral_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", OTHERS)
def test_other_texts_and_plain_numbers_stay(text):
    assert neutral_cell(text) == text


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_that_is_no_text_stays(value):
    assert neutral_cell(value) is value


def test_what_is_neutral_stays_as_it_is():
    assert [neutral_cell(neutral_cell(text)) for text in FORMULAS] == [f"'{t}" for t in FORMULAS]
