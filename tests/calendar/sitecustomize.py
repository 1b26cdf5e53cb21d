"""Shift the clock in the commands that tests start, too.

Python imports this module as it starts, where this folder is on PYTHONPATH.
"""

from tests.support.clock import shift_the_products

shift_the_products()
