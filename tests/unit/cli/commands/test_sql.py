"""`echostream sql` takes the query from several places, and the answer ends in order."""

import codecs
import signal
import subprocess
import sys

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from cli.main import app
from cli.output.pipe import UNREAD
from foundation.errors import UsageError

SQL = "-- all posts, é\n/* of the lake */ SELECT sum(posts) AS n FROM gold.hourly -- done\n"
ENDLESS = "SELECT range AS i, 'text ' || range AS t FROM range(1_000_000_000_000)"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write_deltalake(str(home / "lake/gold/hourly"), pa.table({"posts": [1, 2]}))
    return home


def sql(home, *words, **options):
    return CliRunner().invoke(app, ["--home", str(home), "sql", *map(str, words)], **options)


@pytest.mark.parametrize(
    "words",
    [[SQL, "--format", "csv"], ["--format", "csv", SQL], ["--format=csv", "--", SQL]],
    ids=["before", "behind", "dashes"],
)
def test_a_query_may_begin_with_a_comment(home, words):
    done = sql(home, *words)
    assert (done.exit_code, done.output) == (0, "n\n3\n")


SAVED = {
    "utf-8": SQL.encode(),
    "of Windows": codecs.BOM_UTF8 + SQL.replace("\n", "\r\n").encode(),
    "utf-16": SQL.encode("utf-16"),
    "utf-16 be": codecs.BOM_UTF16_BE + SQL.encode("utf-16-be"),
}


@pytest.mark.parametrize("content", SAVED.values(), ids=SAVED)
def test_a_query_in_a_file_or_on_standard_input(home, tmp_path, content):
    file = tmp_path / "my query.sql"
    file.write_bytes(content)
    for words, given in (
        (["--file", file], None),
        ([f"--file={file}"], None),
        (["-"], content),
        (["--file", "-"], content),
    ):
        done = sql(home, *words, "--format", "csv", input=given)
        assert (done.exit_code, done.output) == (0, "n\n3\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "no query is given"),
        (["SELECT 1", "--file", "query.sql"], "a query and --file are given"),
        (["--file", "{folder}/none.sql"], "none.sql cannot be read: No such file"),
        (["--file", "{folder}"], "cannot be read: Is a directory"),
        (["--file", "{folder}/latin"], "latin is no text in UTF-8"),
        (["SELECT 1", "--format", "xml"], "no format xml"),
    ],
)
def test_wrong_use_is_refused(home, tmp_path, words, says):
    (tmp_path / "latin").write_bytes("-- é".encode("latin-1"))
    done = sql(home, *(word.format(folder=tmp_path) for word in words))
    assert isinstance(done.exception, UsageError)
    assert says in str(done.exception)


def test_two_columns_of_one_name_are_both_in_json(home):
    query = "SELECT a.*, b.* FROM (SELECT 1 AS n, 'x' AS t) a, (SELECT 2 AS n, 'y' AS t) b"
    done = sql(home, query, "--format", "json")
    assert done.output == '[{"n": 1, "t": "x", "n_1": 2, "t_1": "y"}]\n'


@pytest.fixture
def asking(home):
    """Return an endless answer whose first row is there."""
    with subprocess.Popen(
        [sys.executable, "-m", "cli.main", "--home", home, "sql", ENDLESS, "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout.readline() == b"i,t\n"
            assert process.stdout.readline() == b"0,text 0\n"
            yield process
        finally:
            process.kill()


def test_ctrl_c_ends_an_answer_in_silence(asking):
    asking.send_signal(signal.SIGINT)
    asking.stdout.read()
    assert (asking.wait(60), asking.stderr.read()) == (130, b"")


def test_an_answer_ends_with_its_reader(asking):
    asking.stdout.close()
    assert (asking.wait(60), asking.stderr.read()) == (UNREAD, b"")
