"""Arguments of lazily loaded commands are passed on."""

import pytest

from cli.lazy import texts_last

SQL = "-- posts\nSELECT 1"


@pytest.mark.parametrize(
    ("args", "ordered"),
    [
        ([], []),
        (["SELECT 1"], ["SELECT 1"]),
        ([SQL], ["--", SQL]),
        ([SQL, "--format", "csv"], ["--format", "csv", "--", SQL]),
        (["--format", "csv", SQL], ["--format", "csv", "--", SQL]),
        (["--format=csv", "--a=b c\nSELECT 1"], ["--format=csv", "--", "--a=b c\nSELECT 1"]),
        (["--format is an option\nSELECT 1"], ["--", "--format is an option\nSELECT 1"]),
        (["--file=my query.sql"], ["--file=my query.sql"]),
        (["--", SQL], ["--", SQL]),
        (["SELECT 1", "--nothing"], ["SELECT 1", "--nothing"]),
        (["SELECT 1", "--nothing=1"], ["SELECT 1", "--nothing=1"]),
    ],
)
def test_a_text_that_begins_with_dashes_is_no_option(args, ordered):
    assert texts_last(args, {"--format", "--file"}) == ordered
