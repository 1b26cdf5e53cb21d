"""A kill reaches a point, whatever module its function was imported into."""

import pytest

from batch import rebuild_gold
from foundation import crash_points
from foundation.settings import Settings
from tests.support.kills import killing


def test_a_module_that_imported_the_function_is_killed_at_the_point():
    with killing("here"):
        rebuild_gold.crash_point("job", "before", Settings())
        rebuild_gold.crash_point("job", "here", Settings(), batch_id=1)
        pytest.fail("it went on")
    assert rebuild_gold.crash_point is crash_points.crash_point


def test_a_point_that_is_not_reached_fails():
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"), killing("here"):
        rebuild_gold.crash_point("job", "before", Settings())
