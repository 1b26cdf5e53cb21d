"""Folders' modes and groups decide who reads a layer on this machine; the doctor reports them."""

import grp
import os
import stat

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from foundation.errors import AccessError, QueryError
from foundation.folder_modes import FOLDERS, PRIVATE, READERS, broken, protect, rules
from foundation.settings import Settings
from ingestion.producer.build import store_location
from local import doctor
from schemas.tables import TABLES
from serving import catalog
from serving.sql import query

GROUP = grp.getgrgid(os.getgid()).gr_name


def lake(tmp_path, **access):
    """Return a lake of empty layers, created as the tables' are."""
    settings = Settings(home=tmp_path, access=access)
    before = os.umask(0o077)
    try:
        for layer in (*FOLDERS, *PRIVATE):
            protect(settings, layer)
    finally:
        os.umask(before)
    return settings


def modes(settings):
    return {rule.folder.name: stat.S_IMODE(rule.folder.stat().st_mode) for rule in rules(settings)}


def test_every_layer_that_has_a_table_has_a_rule():
    assert {table.name.partition(".")[0] for table in TABLES} <= set(READERS)


def test_without_groups_only_gold_and_ops_are_open(tmp_path):
    found = modes(lake(tmp_path))
    assert {layer for layer, mode in found.items() if mode & 0o077} == {"gold", "ops"}
    assert found["gold"] == 0o755, "whatever the umask is"


def test_a_group_may_read_its_layers_and_nobody_else(tmp_path):
    settings = lake(tmp_path, engineers=GROUP, analysts=GROUP)
    found = modes(settings)
    assert {found[layer] for layer, readers in FOLDERS.items() if readers != "all"} == {0o750}
    assert broken(settings) == []


def test_a_folder_that_is_there_is_left_to_the_doctor(tmp_path):
    settings = lake(tmp_path)
    (tmp_path / "lake" / "bronze").chmod(0o777)
    protect(settings, "bronze")
    assert modes(settings)["bronze"] == 0o777
    finding = {each.name: each for each in doctor.examine(settings)}["access"]
    assert not finding.ok
    assert f"chmod 700 {tmp_path}/lake/bronze" in finding.text
    (tmp_path / "lake" / "bronze").chmod(0o700)
    assert {each.name: each for each in doctor.examine(settings)}["access"].ok


def test_the_doctor_sees_another_group(tmp_path):
    settings = lake(tmp_path)
    other = settings.model_copy(
        update={"access": settings.access.model_copy(update={"engineers": "echostream-none"})}
    )
    assert f"chgrp -R echostream-none {tmp_path}/lake/bronze" in broken(other)


def test_a_group_that_is_not_there_opens_nothing(tmp_path):
    with pytest.raises(AccessError, match=r"access\.engineers"):
        lake(tmp_path, engineers="echostream-none")
    assert modes_of_made(tmp_path) <= {0o700}


def modes_of_made(tmp_path):
    return {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "lake").iterdir()}


def test_the_producers_memory_is_its_owners_alone_whoever_opens_it_first(tmp_path):
    settings = Settings(home=tmp_path)
    store_location(settings)
    assert stat.S_IMODE((tmp_path / "cursors").stat().st_mode) == 0o700


def test_a_lake_on_s3_has_no_folders_of_ours_but_the_home_has(tmp_path):
    found = list(rules(Settings(home=tmp_path, lake="s3://bucket/lake")))
    assert {(rule.folder.name, rule.mode) for rule in found} == {(name, 0o700) for name in PRIVATE}


def test_who_may_read_gold_alone_asks_gold(tmp_path, monkeypatch):
    for table in ("bronze/posts", "gold/sentiment_hourly"):
        write_deltalake(str(tmp_path / table), pa.table({"posts": [7], "authors": [5]}))
    folders = catalog.local_folders

    def as_a_reader(uri):  # the tests' user may be root, from whom nothing is hidden
        if "/bronze" in uri:
            raise PermissionError(uri)
        return folders(uri)

    monkeypatch.setattr(catalog, "local_folders", as_a_reader)
    assert query(str(tmp_path), "FROM gold.sentiment_hourly_public SELECT posts").rows == [(7,)]
    assert query(str(tmp_path), "SHOW TABLES").rows == [
        ("gold.sentiment_hourly",),
        ("gold.sentiment_hourly_public",),
    ]
    with pytest.raises(QueryError, match="does not exist"):
        query(str(tmp_path), "FROM bronze.posts")
    with pytest.raises(AccessError, match="bronze"):
        catalog.lake_tables(str(tmp_path), whole=True)
