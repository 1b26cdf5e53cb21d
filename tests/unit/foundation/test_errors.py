"""The line of an error names its entry in the runbook, unless the message says all."""

import pytest

from foundation.errors import (
    DiskFullError,
    EchoStreamError,
    LakeError,
    QueryError,
    QueryTimeoutError,
    ReadError,
    SettingsError,
    UsageError,
    error_line,
)


class ElsewhereError(EchoStreamError):
    """A class of one module, without an entry."""


class AnsweredError(ReadError):
    """A class of one module below one that has an entry."""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        pytest.param(
            DiskFullError("the disk is full", remedy="Make room"),
            "error: the disk is full. Make room [runbook: DiskFullError]",
            id="an entry of its own",
        ),
        pytest.param(
            SettingsError("no such setting"),
            "error: no such setting [runbook: SettingsError]",
            id="a kind of wrong use",
        ),
        pytest.param(
            QueryTimeoutError("too slow"),
            "error: too slow [runbook: QueryTimeoutError]",
            id="a kind of failed query",
        ),
        pytest.param(LakeError("moved"), "error: moved [runbook: LakeError]", id="a base"),
        pytest.param(
            AnsweredError("answered 500"),
            "error: answered 500 [runbook: ReadError]",
            id="the nearest entry",
        ),
        pytest.param(UsageError("no job x"), "error: no job x", id="wrong use says all"),
        pytest.param(QueryError("no table x"), "error: no table x", id="a wrong query says all"),
        pytest.param(ElsewhereError("no text"), "error: no text", id="no entry"),
        pytest.param(EchoStreamError("odd"), "error: odd", id="the base of all"),
        pytest.param(
            UsageError("two\n lines", remedy="Join  them"),
            "error: two lines. Join them",
            id="one line",
        ),
    ],
)
def test_the_line_of_an_error_ends_with_its_entry_in_the_runbook(error, line):
    assert error_line(error) == line
