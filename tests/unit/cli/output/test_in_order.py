"""Several processes work, results come in order, few items wait, and a death is named."""

import os
import signal
from itertools import count

import pytest

from cli.output.in_order import HelperError, in_order

PROCESSES = 2


def square():
    return lambda number: (os.getpid(), number * number)


def deadly():
    """Fail at 5 and die at 9."""

    def work(number):
        if number == 9:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 5:
            raise ValueError("the text of a post")
        return number

    return work


def test_results_come_in_order_from_all_processes_and_few_items_wait():
    taken = []
    numbers = (taken.append(number) or number for number in count())
    results = in_order(numbers, square, PROCESSES)
    pids = set()
    for number in range(500):
        pid, result = next(results)
        assert result == number * number
        assert len(taken) <= number + 1 + 2 * PROCESSES
        pids.add(pid)
    results.close()
    assert len(pids) == PROCESSES
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert list(in_order([], square, PROCESSES)) == []


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        (range(6), "internal: ValueError"),
        (range(6, 10), f"has ended by signal {signal.SIGKILL.value}"),
    ],
)
def test_a_failure_and_a_death_are_named_behind_all_that_came_before(numbers, says):
    got = []
    with pytest.raises(HelperError, match=says) as caught:
        got.extend(in_order(numbers, deadly, 1))
    assert got == list(numbers)[:-1]
    assert "post" not in str(caught.value)
