"""Every link between Markdown pages, and every file that a page names, exists.

`make docs` checks the site alone; this also checks README.md and the other pages beside it.
"""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
# A path that begins with a folder of the repository and has no placeholder.
PATH = re.compile(r"[a-z_.]+(/[\w.-]+)+/?")


def tracked():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


FILES = tracked()
GITHUBS = "../../actions/"  # of the repository, whose address is not known here
MADE = {"benchmarks/results/latest.json"}  # by `make bench`; git ignores it
FOLDERS = {name.partition("/")[0] for name in FILES if "/" in name}
PAGES = [name for name in FILES if name.endswith(".md") and not name.startswith(".github/")]


@cache
def prose(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return COMMENT.sub("", FENCE.sub("", text))


@cache
def anchors(name):
    """Return the ids of a page's headings, as GitHub and the site make them."""
    found = set()
    for heading in HEADING.findall(prose(name)):
        words = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
        for slug in (re.sub(r"\s", "-", words), re.sub(r"[-\s]+", "-", words)):
            number = 1
            unique = slug
            while unique in found:
                unique = f"{slug}_{number}"
                number += 1
            found.add(unique)
    return found


@pytest.mark.parametrize("page", PAGES)
def test_each_link_leads_somewhere(page):
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link) or link.startswith(GITHUBS):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        leads = target.exists() and (
            not anchor or anchor in anchors(str(target.resolve().relative_to(ROOT)))
        )
        if not leads:
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_each_file_that_a_page_names_exists(page):
    named = [
        name
        for name in CODE.findall(prose(page))
        if PATH.fullmatch(name) and name.partition("/")[0] in FOLDERS
    ]
    missing = [
        name
        for name in named
        if name not in MADE and not any(file.startswith(name) for file in FILES)
    ]
    assert missing == []
