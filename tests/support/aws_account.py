"""Run an AWS account on moto with the policies of deploy/aws and with IAM enforced.

Moto checks resources for S3 only, so a test names the key or secret here. Moto treats every
condition as not met, so rights under a condition are left out: tests read them instead.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.authorization import enable_iam_authentication
from moto.kms.responses import KmsResponse
from moto.secretsmanager.responses import SecretsManagerResponse

from foundation.folder_modes import READERS
from tests.support.aws import REGION, Aws, running

AWS = Path(__file__).parents[2] / "deploy" / "aws"
ROLES = sorted(file.stem for file in (AWS / "roles").iterdir())
ACCOUNT = "123456789012"
BUCKET = "bucket"
LAKE = "lake"
KEYS = (*READERS, "erasures")
FORBIDDEN = 403


class Cloud:
    """The account: a bucket, its keys, the secrets, and a user for each role's policy."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.endpoint = aws.endpoint
        self.clients: dict[tuple[str, str], Any] = {}
        kms, secrets, s3 = (aws.client(name) for name in ("kms", "secretsmanager", "s3"))
        self.keys = {layer: kms.create_key()["KeyMetadata"]["KeyId"] for layer in KEYS}
        self.secrets = {
            name: secrets.create_secret(Name=f"echostream/public/{name}", SecretString="made")[
                "ARN"
            ]
            for name in ("pseudonym", "payload", "receipt")
        }
        self.sealed = {
            layer: kms.encrypt(KeyId=key, Plaintext=b"made")["CiphertextBlob"]
            for layer, key in self.keys.items()
        }
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        for layer in READERS:
            s3.put_object(Bucket=BUCKET, Key=f"{LAKE}/{layer}/a", Body=b"made")
        self.users = {role: self._user(role) for role in ROLES}

    def _user(self, role: str) -> Any:
        iam = self._aws.client("iam")
        iam.create_user(UserName=role)
        named = {f"key_{layer}": key for layer, key in self.keys.items()}
        text = Template((AWS / "roles" / f"{role}.json").read_text()).substitute(
            named,
            account=ACCOUNT,
            region=REGION,
            bucket=BUCKET,
            lake=LAKE,
            owner="public",
            cluster="c/1",
        )
        # Of the wildcards in a pattern, moto knows only the star.
        document = json.loads(text.replace("-??????", "-*"))
        document["Statement"] = [one for one in document["Statement"] if "Condition" not in one]
        iam.put_user_policy(UserName=role, PolicyName=role, PolicyDocument=json.dumps(document))
        return iam.create_access_key(UserName=role)["AccessKey"]

    def client(self, role: str, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self._aws.endpoint,
            config=Config(retries={"total_max_attempts": 1}),
            aws_access_key_id=self.users[role]["AccessKeyId"],
            aws_secret_access_key=self.users[role]["SecretAccessKey"],
        )

    def may(self, role: str, service: str, call: str, **arguments: Any) -> bool:
        """Tell whether the role may do it. Any other error fails the test."""
        if (role, service) not in self.clients:
            self.clients[role, service] = self.client(role, service)
        client = self.clients[role, service]
        try:
            getattr(client, call)(**arguments)
        except ClientError as error:
            # KMS and Secrets Manager speak JSON, but moto refuses in XML, so read the status.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != FORBIDDEN:
                raise
            return False
        return True


@contextmanager
def account() -> Iterator[Cloud]:
    """Run the account within the block."""

    def key_asked_for(self: Any) -> str:
        return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{self._get_param('KeyId')}"

    def secret_asked_for(self: Any) -> Any:
        return self._get_param("SecretId")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "made")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "made")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setattr(KmsResponse, "_determine_resource", key_asked_for, raising=False)
        patch.setattr(
            SecretsManagerResponse, "_determine_resource", secret_asked_for, raising=False
        )
        with running() as aws:
            made = Cloud(aws)
            with enable_iam_authentication():
                yield made
