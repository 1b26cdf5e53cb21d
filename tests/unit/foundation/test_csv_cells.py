"""No text of a stranger becomes a formula in a spreadsheet, and numbers stay numbers."""

from decimal import Decimal

import pytest

from foundation.csv_cells import neutral_cell
from tests.support.formulas import FORMULAS, OTHERS

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
