"""An error of the operating system is shown with its path and words, others by their type."""

import errno
import socket
import ssl

import pytest

from foundation.os_errors import closed_part, told
from tests.support.other_user import OWNER_NAME, another_user, folder_of_owner, give


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            OSError(errno.ENOSPC, "x", "/a b/c"),
            "/a b/c: No space left on device. Make room there, and run it again",
        ),
        (
            FileNotFoundError(errno.ENOENT, "x", b"/none"),
            "/none: No such file or directory. Check that it is there and may be used",
        ),
        (
            OSError(errno.EMFILE, "x"),
            "Too many open files. Raise the limit of open files (ulimit -n), or end other programs",
        ),
        (
            OSError(errno.EISDIR, "cannot open '/a/b.csv'"),
            "/a/b.csv: Is a directory. Check that it is there and may be used",
        ),
        (
            ConnectionResetError(errno.ECONNRESET, "x"),
            "Connection reset by peer. Run with --debug to see where",
        ),
    ],
)
def test_its_words_are_the_systems(error, line):
    assert told(error) == line


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError("the text of a post"), "RuntimeError"),
        (OSError("the text of a post"), "OSError"),
        (ssl.SSLError(1, "the text of a post"), "SSLError"),
        (socket.gaierror(-2, "the text of a post"), "gaierror"),
    ],
)
def test_of_others_only_the_type_is_told(error, kind):
    assert told(error) == f"internal: {kind}; run with --debug to see where"


def test_a_closed_folder_is_named_with_its_owner():
    with folder_of_owner() as folder:
        closed = folder / "closed"
        (closed / "deep").mkdir(parents=True)
        closed.chmod(0o700)
        give(folder)
        with another_user():
            assert closed_part(closed / "deep" / "file") == closed
            with pytest.raises(PermissionError) as caught:
                (closed / "deep" / "file").read_text()
            line = told(caught.value)
    assert line.startswith(
        f"{closed}/deep/file: Permission denied. {closed} belongs to {OWNER_NAME}"
    )
    assert f" belongs to {OWNER_NAME}, and this process runs as root: run it as" in line
    assert f"run it as {OWNER_NAME}, or set ECHOSTREAM_HOME to a folder of your own" in line
