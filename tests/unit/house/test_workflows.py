"""GitHub's workflows run pinned actions with no right that a step does not need."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"^[a-z0-9_-]+/[a-z0-9_-]+@[0-9a-f]{40}$")
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def jobs(workflow):
    return yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()


def test_there_is_a_workflow_that_runs_ci():
    runs = [step.get("run") for path in WORKFLOWS for job in jobs(path) for step in job["steps"]]
    assert ".ci/run" in runs


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_each_action_is_pinned_by_the_hash_of_a_commit(workflow):
    used = [step["uses"] for job in jobs(workflow) for step in job["steps"] if "uses" in step]
    assert used
    assert [name for name in used if not PINNED.match(name)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_job_reads_the_repository_and_may_do_no_more(workflow):
    document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert job["timeout-minutes"] <= 90


@pytest.mark.parametrize("form", [f for f in FORMS if f.name != "config.yml"], ids=lambda f: f.name)
def test_an_issue_form_has_what_github_asks_for(form):
    document = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert document.keys() >= {"name", "description", "body"}
    fields = [field for field in document["body"] if field["type"] != "markdown"]
    ids = [field["id"] for field in fields]
    assert len(ids) == len(set(ids))
    assert all(field["attributes"].get("label") for field in fields)
