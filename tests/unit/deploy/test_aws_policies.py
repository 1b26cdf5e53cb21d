"""Each AWS role in deploy/aws may do only what its layer needs, as moto enforces with IAM on."""

import json
import re

import pytest

from foundation.errors import AccessError
from foundation.folder_modes import READERS
from foundation.sections import S3Settings
from schemas.tables import JOBS, TABLES
from serving.catalog import lake_tables
from tests.support.aws import REGION
from tests.support.aws_account import AWS, BUCKET, KEYS, LAKE, ROLES, account

# A resource may be open only at these ends: below a folder of the lake, our topics and groups, and
# the six characters that Secrets Manager adds to a name.
OPEN_ENDS = (
    r"arn:aws:s3:::\$\{bucket\}/\$\{lake\}/[a-z_]+(/[a-z_]+)*/\*",
    r"arn:aws:kafka:\$\{region\}:\$\{account\}:topic/\$\{cluster\}/social\.\*",
    r"arn:aws:kafka:\$\{region\}:\$\{account\}:group/\$\{cluster\}/echostream-\*",
    r"arn:aws:secretsmanager:\$\{region\}:\$\{account\}:secret:echostream/\$\{owner\}/[a-z]+-\?{6}",
)
READS = {
    "producer": {"landing"},
    "topic_to_bronze": {"bronze"},
    "bronze_to_silver": {"bronze", "silver", "quarantine"},
    "silver_to_gold": {"silver", "gold"},
    "upkeep": set(READERS),
    "engineer": set(READERS),
    "analyst": {"silver", "gold", "ops"},
    "reader": {"gold"},
}
WRITES = {
    "producer": {"landing"},
    "topic_to_bronze": {"bronze"},
    "bronze_to_silver": {"silver", "quarantine"},
    "silver_to_gold": {"gold"},
    "upkeep": set(READERS),
}
# Of the folders beside the layers, Bronze's job reads only Silver's tombstones.
MORE_KEYS = {
    "producer": {"erasures"},
    "topic_to_bronze": {"silver"},
    "bronze_to_silver": {"erasures"},
    "upkeep": {"erasures"},
    "engineer": {"erasures"},
}
SECRETS = {
    "producer": {"pseudonym"},
    "topic_to_bronze": {"payload", "receipt"},
    "bronze_to_silver": {"payload", "pseudonym", "receipt"},
    "silver_to_gold": {"receipt"},
    "upkeep": {"payload", "pseudonym", "receipt"},
    "engineer": {"payload", "pseudonym"},
}


def statements(role):
    return json.loads((AWS / "roles" / f"{role}.json").read_text())["Statement"]


def test_there_is_a_role_for_each_job_and_each_kind_of_reader():
    assert (
        set(ROLES) == {*JOBS, "producer", "upkeep", "engineer", "analyst", "reader"} == set(READS)
    )
    assert {table.name.partition(".")[0] for table in TABLES} <= set(READERS)


@pytest.mark.parametrize("role", ROLES)
def test_no_action_is_open_and_resources_only_where_they_must(role):
    for one in statements(role):
        assert one["Effect"] == "Allow"
        assert not {"NotAction", "NotResource", "Principal"} & set(one)
        assert [action for action in one["Action"] if re.search(r"[*?]", action)] == []
        for resource in one["Resource"]:
            is_open = re.search(r"[*?]", resource)
            assert not is_open or any(re.fullmatch(end, resource) for end in OPEN_ENDS), resource


@pytest.mark.parametrize("role", ROLES)
def test_a_list_is_of_the_roles_own_folders(role):
    readable = {
        resource.split("${lake}/")[1].removesuffix("/*")
        for one in statements(role)
        for resource in one["Resource"]
        if "s3:GetObject" in one["Action"]
    } - {"_writer.lock"}
    (listed,) = [one for one in statements(role) if "s3:ListBucket" in one["Action"]]
    prefixes = listed["Condition"]["StringLike"]["s3:prefix"]
    assert set(prefixes) == {
        f"${{lake}}/{folder}{end}" for folder in readable for end in ("", "/*")
    }
    assert sum("s3:ListBucket" in one["Action"] for one in statements(role)) == 1


def test_only_upkeep_jobs_and_landings_own_producer_delete_and_nobody_changes_keys_or_policies():
    actions = {
        role: {action for one in statements(role) for action in one["Action"]} for role in ROLES
    }
    assert {role for role in ROLES if "s3:DeleteObject" in actions[role]} == {
        *JOBS,
        "upkeep",
        "producer",
    }
    (deletes,) = [one for one in statements("producer") if "s3:DeleteObject" in one["Action"]]
    assert deletes["Resource"] == ["arn:aws:s3:::${bucket}/${lake}/landing/*"]
    assert {action.partition(":")[0] for some in actions.values() for action in some} == {
        "s3",
        "kms",
        "secretsmanager",
        "kafka-cluster",
    }
    keys = {
        action
        for some in actions.values()
        for action in some
        if action.startswith(("kms", "secrets"))
    }
    assert keys == {"kms:Decrypt", "kms:GenerateDataKey", "secretsmanager:GetSecretValue"}


def test_the_bucket_only_ever_denies():
    document = json.loads((AWS / "bucket.json").read_text())
    assert {one["Effect"] for one in document["Statement"]} == {"Deny"}
    assert all(one["Condition"] for one in document["Statement"])
    (named,) = [
        one["Condition"]["StringNotEquals"]
        for one in document["Statement"]
        if one["Sid"] == "UnderOurKeysAlone"
    ]
    assert {key for some in named.values() for key in some} == {
        f"arn:aws:kms:${{region}}:${{account}}:key/${{key_{name}}}" for name in KEYS
    }


@pytest.fixture(scope="module")
def cloud():
    with account() as made:
        yield made


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_its_layers_and_no_other(cloud, role):
    read = {
        layer
        for layer in READERS
        if cloud.may(role, "s3", "get_object", Bucket=BUCKET, Key=f"{LAKE}/{layer}/a")
    }
    assert read == READS[role]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_writes_what_is_its_own(cloud, role):
    put = {"Bucket": BUCKET, "Body": b"made"}
    written = {
        layer
        for layer in READERS
        if cloud.may(role, "s3", "put_object", Key=f"{LAKE}/{layer}/a", **put)
    }
    assert written == WRITES.get(role, set())
    own = f"{LAKE}/_checkpoints/{role}/v1/metadata"
    assert cloud.may(role, "s3", "put_object", Key=own, **put) == (role in (*JOBS, "upkeep"))
    others = f"{LAKE}/_checkpoints/{next(job for job in JOBS if job != role)}/v1/metadata"
    assert cloud.may(role, "s3", "put_object", Key=others, **put) == (role == "upkeep")
    assert cloud.may(role, "s3", "put_object", Key=f"{LAKE}/_writer.lock", **put) == (
        role in (*JOBS, "upkeep")
    )


@pytest.mark.parametrize(
    ("reader", "allowed"),
    [
        ("bronze_to_silver", {"topic_to_bronze", "bronze_to_silver"}),
        ("silver_to_gold", {"bronze_to_silver", "silver_to_gold"}),
    ],
)
def test_a_tables_job_sees_how_far_its_reader_is(cloud, reader, allowed):
    """Otherwise the job could not tell which rows and files may be deleted."""
    assert jobs_that_read(cloud, f"{LAKE}/_checkpoints/{reader}/v1/offsets/0") == allowed


def test_the_jobs_know_what_is_erased_and_each_writes_its_own_steps(cloud):
    assert jobs_that_read(cloud, f"{LAKE}/silver/tombstones/a") == set(JOBS)
    for owner in JOBS:
        ledger = f"{LAKE}/ops/erasures/{owner}/a"
        assert jobs_that_read(cloud, ledger) == (
            set(JOBS) if owner == "bronze_to_silver" else {owner}
        )
        put = {"Bucket": BUCKET, "Key": ledger, "Body": b"made"}
        assert {role for role in ROLES if cloud.may(role, "s3", "put_object", **put)} == {
            owner,
            "upkeep",
        }


@pytest.mark.parametrize(
    ("folder", "readers", "writers"),
    [
        ("requests", {"bronze_to_silver", "upkeep", "engineer"}, {"bronze_to_silver", "upkeep"}),
        (
            "graves",
            {"bronze_to_silver", "upkeep", "engineer", "producer"},
            {"bronze_to_silver", "upkeep"},
        ),
        (
            "done",
            {"bronze_to_silver", "upkeep", "engineer"},
            {"bronze_to_silver", "upkeep", "producer"},
        ),
    ],
)
def test_producers_are_told_of_erasures_and_ask_for_none(cloud, folder, readers, writers):
    file = {"Bucket": BUCKET, "Key": f"{LAKE}/_erasures/{folder}/a"}
    assert {
        role for role in ROLES if cloud.may(role, "s3", "put_object", Body=b"made", **file)
    } == writers
    assert {role for role in ROLES if cloud.may(role, "s3", "get_object", **file)} == readers


def jobs_that_read(cloud, key):
    assert cloud.may("upkeep", "s3", "put_object", Bucket=BUCKET, Key=key, Body=b"made")
    return {job for job in JOBS if cloud.may(job, "s3", "get_object", Bucket=BUCKET, Key=key)}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_uses_the_keys_of_its_layers(cloud, role):
    def usable(call, asked):
        return {
            layer
            for layer, key in cloud.keys.items()
            if cloud.may(role, "kms", call, KeyId=key, **asked(layer))
        }

    own = {"ops"} if role in JOBS else set()
    more = MORE_KEYS.get(role, set())
    written = WRITES.get(role, set()) | own | (more & {"erasures"} if role in WRITES else set())
    assert usable("generate_data_key", lambda _: {"KeySpec": "AES_256"}) == written
    assert (
        usable("decrypt", lambda layer: {"CiphertextBlob": cloud.sealed[layer]})
        == READS[role] | own | more
    )


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_the_secrets_that_it_needs(cloud, role):
    read = {
        name
        for name, arn in cloud.secrets.items()
        if cloud.may(role, "secretsmanager", "get_secret_value", SecretId=arn)
    }
    assert read == SECRETS.get(role, set())


def test_nothing_outside_the_lake_is_anybodys(cloud):
    for role in ROLES:
        assert not cloud.may(role, "s3", "get_object", Bucket=BUCKET, Key="other/gold/a")
        assert not cloud.may(role, "s3", "get_object", Bucket=BUCKET, Key=f"{LAKE}2/gold/a")


def test_a_lake_of_which_nothing_may_be_listed_says_so(cloud, monkeypatch):
    """Lists depend on a condition, which moto treats as not met, so no role may list here."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloud.users["reader"]["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", cloud.users["reader"]["SecretAccessKey"])
    with pytest.raises(AccessError, match="bronze, silver, gold, quarantine, ops"):
        lake_tables(f"s3://{BUCKET}/{LAKE}", S3Settings(endpoint=cloud.endpoint, region=REGION))
