"""Python imports this as it starts, where this folder is on PYTHONPATH: commands that tests start get the shift too."""

from tests.support.clock import shift_the_products

shift_the_products()
