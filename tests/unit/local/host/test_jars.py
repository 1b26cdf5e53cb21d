import hashlib

import pytest

from foundation.errors import JarsError
from local.host.jars import check_jars, jars


@pytest.fixture
def checkout(tmp_path):
    lines = []
    for name in (
        "jars/spark/a-1.jar",
        "jars/broker/b-2.jar",
        "jars/s3/c-3.jar",
        "jars/s3proxy/d-4.jar",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_bytes(name.encode())
        lines.append(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n")
    (tmp_path / "jars.sha256").write_text("".join(lines))
    return tmp_path


def test_as_pinned(checkout):
    assert [jar.name for jar in jars("broker", root=checkout)] == ["b-2.jar"]
    assert check_jars(root=checkout) == 4


def test_missing(checkout):
    (checkout / "jars/spark/a-1.jar").unlink()
    with pytest.raises(JarsError, match="Run `make setup`"):
        jars("spark", root=checkout)


def test_another_one(checkout):
    (checkout / "jars/spark/a-1.jar").write_bytes(b"other")
    with pytest.raises(JarsError, match="is not the pinned jar"):
        check_jars(root=checkout)


def test_not_a_checkout(tmp_path):
    with pytest.raises(JarsError, match="not a checkout"):
        jars("spark", root=tmp_path)
