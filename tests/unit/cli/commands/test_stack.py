"""`echostream status` on a narrow terminal tells topics apart and shows every number."""

import io

import pytest
from rich.console import Console

from cli.commands.stack import show_lags
from local.lag import Lag

LAGS = [
    Lag("social.mastodon.posts.v1", 1_234_567, 1_234_570, "records"),
    Lag("social.hackernews.posts.v1", None, 12, "records"),
    Lag("bronze_to_silver", -1, 7, "versions"),
]


def shown(width):
    console = Console(file=io.StringIO(), width=width)
    show_lags("topic", LAGS, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_a_wide_terminal_shows_a_table(width):
    lines = [line.split() for line in shown(width).splitlines()]
    assert lines == [
        ["topic", "read", "end", "lag"],
        ["social.mastodon.posts.v1", "1,234,567", "1,234,570", "3", "records"],
        ["social.hackernews.posts.v1", "?", "12", "?", "records"],
        ["bronze_to_silver", "none", "7", "8", "versions"],
    ]


@pytest.mark.parametrize("width", [10, 40])
def test_a_narrow_one_shows_the_same_in_two_lines_each(width):
    assert shown(width).splitlines() == [
        "social.mastodon.posts.v1",
        "  read 1,234,567, end 1,234,570, lag 3 records",
        "social.hackernews.posts.v1",
        "  read ?, end 12, lag ? records",
        "bronze_to_silver",
        "  read none, end 7, lag 8 versions",
    ]
