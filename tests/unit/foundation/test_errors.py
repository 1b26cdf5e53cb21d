"""An error names its entry in the runbook, unless its message says all."""

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
)


class ElsewhereError(EchoStreamError):
    """A class of another module, without an entry."""


class AnsweredError(ReadError):
    """A class of another module, below one that has an entry."""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        pytest.param(
            DiskFullError("the disk is full", remedy="Make room"),
            "the disk is full. Make room [runbook: DiskFullError]",
            id="an entry of its own",
        ),
        pytest.param(
            SettingsError("no such setting"),
            "no such setting [runbook: SettingsError]",
            id="a kind of wrong use",
        ),
        pytest.param(
            QueryTimeoutError("too slow"),
            "too slow [runbook: QueryTimeoutError]",
            id="a kind of failed query",
        ),
        pytest.param(LakeError("moved"), "moved [runbook: LakeError]", id="a base"),
        pytest.param(
            AnsweredError("answered 500"),
            "answered 500 [runbook: ReadError]",
            id="the nearest entry",
        ),
        pytest.param(UsageError("no job x"), "no job x", id="wrong use says all"),
        pytest.param(QueryError("no table x"), "no table x", id="a wrong query says all"),
        pytest.param(ElsewhereError("no text"), "no text", id="no entry"),
        pytest.param(EchoStreamError("odd"), "odd", id="the base of all"),
    ],
)
def test_an_error_names_its_entry_in_the_runbook(error, line):
    assert error.with_entry() == line
