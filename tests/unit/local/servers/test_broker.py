"""The broker's properties name its own folder, whatever characters the home has."""

import pytest

from foundation.settings import Settings
from local.servers import broker
from tests.support.odd_folders import ODD
from tests.unit.foundation.test_java_paths import as_java_reads


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_the_data_lie_in_the_home(tmp_path, name):
    settings = Settings(home=tmp_path / name)
    (settings.home / "broker").mkdir(parents=True)
    written = broker._write_properties(settings).read_bytes().decode("latin-1")
    values = dict(line.split("=", 1) for line in written.splitlines())
    assert as_java_reads(values["log.dirs"]) == f"{settings.home}/broker/data"
    assert values["listeners"].startswith("PLAINTEXT://127.0.0.1:9092,")
