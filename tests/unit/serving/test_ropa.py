"""The record of processing follows from tables, policies and settings only."""

import json

from pyspark.sql.types import StringType
from typer.testing import CliRunner

from cli.main import app
from foundation.policies import FIELDS, policies
from foundation.settings import Settings
from schemas.tables import TABLES
from serving.ropa import as_markdown, record

# Columns that the program writes itself, or that concern nobody.
_NOT_PERSONAL = {
    "owner",
    "platform",
    "topic",
    "op",
    "lang",
    "reason",
    "stage",
    "query",
    "checkpoint_id",
    "sanitizer_version",
    "erasure_id",
    "cause",
    "step",
    "table",
    "key_id",
    "signature",
}


def test_every_table_and_platform_with_each_period_and_its_ground(tmp_path):
    found = record(Settings(home=tmp_path))
    assert [table["table"] for table in found["tables"]] == [table.name for table in TABLES]
    assert {each["platform"] for each in found["platforms"]} == set(policies())
    for each in found["platforms"]:
        assert set(each["kept"]) == set(FIELDS)
        assert all(keep["ground"] for keep in each["kept"].values())
        assert each["used_for"]


def test_no_column_of_text_is_left_without_a_category(tmp_path):
    for table, said in zip(TABLES, record(Settings(home=tmp_path))["tables"], strict=True):
        texts = {field.name for field in table.schema if isinstance(field.dataType, StringType)}
        assert texts - _NOT_PERSONAL - set(said["categories"]) == set(), table.name


def test_tables_with_personal_data_have_a_period_and_few_readers(tmp_path):
    for table in record(Settings(home=tmp_path))["tables"]:
        if any("as received" in category for category in table["categories"].values()):
            assert table["read_by"] == "engineers", table["table"]
        if table["table"].partition(".")[0] in ("bronze", "silver", "quarantine"):
            assert table["kept_by"], table["table"]


def test_recipients_and_safeguards_follow_the_settings(tmp_path):
    plain = record(Settings(home=tmp_path))
    assert set(plain["recipients"]) == {"readers of Gold"}
    assert plain["safeguards"]["payloads in Bronze and quarantine"] == "not encrypted"
    cloud = record(
        Settings(
            home=tmp_path,
            lake="s3://b/l",
            scorer={"by_language": {"de": "comprehend"}},
            payloads={"encrypt": True},
            serving={"controller": "Acme, privacy@example.org", "min_authors": 7},
        )
    )
    assert {"the object store", "Amazon Comprehend"} <= set(cloud["recipients"])
    assert "fewer than 7" in cloud["recipients"]["readers of Gold"]
    assert cloud["controller"].startswith("Acme")
    assert cloud["safeguards"]["payloads in Bronze and quarantine"].startswith("encrypted")


def test_the_command_in_both_forms(tmp_path):
    def run(*args):
        done = CliRunner().invoke(app, ["--home", str(tmp_path), "ropa", *args])
        assert done.exit_code == 0
        return done.stdout

    as_json = json.loads(run("--format", "json"))
    assert as_json == json.loads(json.dumps(record(Settings(home=tmp_path))))
    assert run() == as_markdown(as_json) + "\n"
    assert "missing: set serving.controller" in run()
