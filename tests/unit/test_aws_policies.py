"""What each role may do on AWS, as deploy/aws has it: no more than its layer needs, tried on moto with IAM enforced.

Moto looks at resources for S3 alone, so that the key or secret that is asked for is told to it here; it takes every
condition as not met, so that what hangs on one is read, not tried.
"""

import json
import re
from pathlib import Path
from string import Template

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.authorization import enable_iam_authentication
from moto.kms.responses import KmsResponse
from moto.secretsmanager.responses import SecretsManagerResponse

from foundation.access import READERS
from foundation.errors import AccessError
from foundation.settings import S3Settings
from schemas.tables import JOBS, TABLES
from serving.catalog import lake_tables
from tests.aws import REGION, running

AWS = Path(__file__).parents[2] / "deploy" / "aws"
ROLES = sorted(file.stem for file in (AWS / "roles").iterdir())
ACCOUNT, BUCKET, LAKE = "123456789012", "bucket", "lake"
FORBIDDEN = 403
# The only ends of a resource that may be open: below a folder of the lake, our topics and groups, and the six
# characters that Secrets Manager puts behind a name.
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
SECRETS = {
    "producer": {"pseudonym"},
    "topic_to_bronze": {"payload"},
    "bronze_to_silver": {"payload", "pseudonym"},
    "upkeep": {"payload", "pseudonym"},
    "engineer": {"payload", "pseudonym"},
}


def statements(role):
    return json.loads((AWS / "roles" / f"{role}.json").read_text())["Statement"]


def as_list(value):
    return [value] if isinstance(value, str) else value


def test_there_is_a_role_for_each_job_and_each_kind_of_reader():
    assert set(ROLES) == {*JOBS, "producer", "upkeep", "engineer", "analyst", "reader"} == set(READS)
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
    assert set(prefixes) == {f"${{lake}}/{folder}{end}" for folder in readable for end in ("", "/*")}
    assert sum("s3:ListBucket" in one["Action"] for one in statements(role)) == 1


def test_only_upkeep_and_the_jobs_delete_and_nobody_changes_keys_or_policies():
    actions = {role: {action for one in statements(role) for action in one["Action"]} for role in ROLES}
    assert {role for role in ROLES if "s3:DeleteObject" in actions[role]} == {*JOBS, "upkeep"}
    assert {action.partition(":")[0] for some in actions.values() for action in some} == {
        "s3", "kms", "secretsmanager", "kafka-cluster",
    }  # fmt: skip
    keys = {action for some in actions.values() for action in some if action.startswith(("kms", "secrets"))}
    assert keys == {"kms:Decrypt", "kms:GenerateDataKey", "secretsmanager:GetSecretValue"}


def test_the_bucket_only_ever_denies():
    document = json.loads((AWS / "bucket.json").read_text())
    assert {one["Effect"] for one in document["Statement"]} == {"Deny"}
    assert all(one["Condition"] for one in document["Statement"])
    (named,) = [
        one["Condition"]["StringNotEquals"] for one in document["Statement"] if one["Sid"] == "UnderOurKeysAlone"
    ]
    assert {key for some in named.values() for key in some} == {
        f"arn:aws:kms:${{region}}:${{account}}:key/${{key_{layer}}}" for layer in READERS
    }


class Cloud:
    """The account: a bucket, a key per layer, two secrets, and a user for each role's policy."""

    def __init__(self, aws):
        self._aws = aws
        self.endpoint = aws.endpoint
        self.clients = {}
        kms, secrets, s3 = (aws.client(name) for name in ("kms", "secretsmanager", "s3"))
        self.keys = {layer: kms.create_key()["KeyMetadata"]["KeyId"] for layer in READERS}
        self.secrets = {
            name: secrets.create_secret(Name=f"echostream/public/{name}", SecretString="made")["ARN"]
            for name in ("pseudonym", "payload")
        }
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for layer in READERS:
            s3.put_object(Bucket=BUCKET, Key=f"{LAKE}/{layer}/a", Body=b"made")
        self.users = {role: self._user(role) for role in ROLES}

    def _user(self, role):
        iam = self._aws.client("iam")
        iam.create_user(UserName=role)
        named = {f"key_{layer}": key for layer, key in self.keys.items()}
        text = Template((AWS / "roles" / f"{role}.json").read_text()).substitute(
            named, account=ACCOUNT, region=REGION, bucket=BUCKET, lake=LAKE, owner="public", cluster="c/1"
        )
        # Of the marks in a pattern moto knows the star alone.
        document = json.loads(text.replace("-??????", "-*"))
        document["Statement"] = [one for one in document["Statement"] if "Condition" not in one]
        iam.put_user_policy(UserName=role, PolicyName=role, PolicyDocument=json.dumps(document))
        return iam.create_access_key(UserName=role)["AccessKey"]

    def client(self, role, service):
        return boto3.client(
            service, region_name=REGION, endpoint_url=self._aws.endpoint,
            config=Config(retries={"total_max_attempts": 1}),
            aws_access_key_id=self.users[role]["AccessKeyId"],
            aws_secret_access_key=self.users[role]["SecretAccessKey"],
        )  # fmt: skip

    def may(self, role, service, call, **arguments):
        """Whether the role may; any other error is one of the test's."""
        if (role, service) not in self.clients:
            self.clients[role, service] = self.client(role, service)
        client = self.clients[role, service]
        try:
            getattr(client, call)(**arguments)
        except ClientError as error:
            # KMS and Secrets Manager speak JSON, and moto's refusal is XML, of which the status alone is left.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != FORBIDDEN:
                raise
            return False
        return True


@pytest.fixture(scope="module")
def cloud():
    def key_asked_for(self):
        return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{self._get_param('KeyId')}"

    def secret_asked_for(self):
        return self._get_param("SecretId")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "made")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "made")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setattr(KmsResponse, "_determine_resource", key_asked_for, raising=False)
        patch.setattr(SecretsManagerResponse, "_determine_resource", secret_asked_for, raising=False)
        with running() as aws:
            made = Cloud(aws)
            with enable_iam_authentication():
                yield made


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_its_layers_and_no_other(cloud, role):
    read = {layer for layer in READERS if cloud.may(role, "s3", "get_object", Bucket=BUCKET, Key=f"{LAKE}/{layer}/a")}
    assert read == READS[role]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_writes_what_is_its_own(cloud, role):
    put = {"Bucket": BUCKET, "Body": b"made"}
    written = {layer for layer in READERS if cloud.may(role, "s3", "put_object", Key=f"{LAKE}/{layer}/a", **put)}
    assert written == WRITES.get(role, set())
    own = f"{LAKE}/_checkpoints/{role}/v1/metadata"
    assert cloud.may(role, "s3", "put_object", Key=own, **put) == (role in (*JOBS, "upkeep"))
    others = f"{LAKE}/_checkpoints/{next(job for job in JOBS if job != role)}/v1/metadata"
    assert cloud.may(role, "s3", "put_object", Key=others, **put) == (role == "upkeep")
    assert cloud.may(role, "s3", "put_object", Key=f"{LAKE}/_writer.lock", **put) == (role in (*JOBS, "upkeep"))


def test_bronzes_job_sees_how_far_its_reader_is(cloud):
    """Or it could not tell which rows retention may take."""
    reader_at = f"{LAKE}/_checkpoints/bronze_to_silver/v1/offsets/0"
    assert cloud.may("upkeep", "s3", "put_object", Bucket=BUCKET, Key=reader_at, Body=b"made")
    reads = {job for job in JOBS if cloud.may(job, "s3", "get_object", Bucket=BUCKET, Key=reader_at)}
    assert reads == {"topic_to_bronze", "bronze_to_silver"}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_uses_the_keys_of_its_layers(cloud, role):
    def usable(call, **arguments):
        return {layer for layer, key in cloud.keys.items() if cloud.may(role, "kms", call, KeyId=key, **arguments)}

    made = usable("generate_data_key", KeySpec="AES_256")
    assert made == WRITES.get(role, set()) | ({"ops"} if role in JOBS else set())


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
    """Lists hang on a condition, so that here no role has any."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloud.users["reader"]["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", cloud.users["reader"]["SecretAccessKey"])
    with pytest.raises(AccessError, match="bronze, silver, gold, quarantine, ops"):
        lake_tables(f"s3://{BUCKET}/{LAKE}", S3Settings(endpoint=cloud.endpoint, region=REGION))
