"""Platforms have names for people."""

from dashboard.names import platform_name
from ingestion.platforms import PLATFORMS


def test_every_platform_has_a_name_of_its_own():
    names = {platform_name(key) for key in PLATFORMS}
    assert len(names) == len(PLATFORMS)
    assert not names & set(PLATFORMS)


def test_a_newer_platform_has_its_key():
    assert platform_name("newest") == "newest"
