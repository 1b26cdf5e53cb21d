"""The lock of the documentation's packages has hashes for each, and names no registry."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCK = (ROOT / "requirements-docs.lock").read_text(encoding="utf-8")
PINNED = re.compile(
    r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.M
)


def test_each_package_is_pinned_by_hashes():
    packages = [line for line in LOCK.splitlines() if line and line[0].isalnum()]
    assert len(PINNED.findall(LOCK)) == len(packages) > 1


def test_the_lock_names_no_host():
    assert re.findall(r"https?:|--index-url|--find-links", LOCK) == []


def test_the_lock_has_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = {f"{name}=={version}" for name, version, _ in PINNED.findall(LOCK)}
    assert set(project["dependency-groups"]["docs"]) <= pinned
