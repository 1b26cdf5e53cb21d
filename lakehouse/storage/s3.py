"""Configure every S3 client of the lake: boto3, deltalake, Arrow and Spark.

boto3 finds the credentials where AWS's own programs find them: environment, ~/.aws, the machine's
role. They are handed on in memory only; no setting, log or event log contains them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from foundation.errors import StoreUnreachableError
from foundation.sections import S3Settings

_ANY_REGION = "us-east-1"  # S3-compatible servers expect this one by default
_OTHERS_SAY = {
    "access_key": "access_key_id",
    "secret_key": "secret_access_key",
    "token": "session_token",
}
_ARROW_SAYS = _OTHERS_SAY | {"access_key": "access_key", "secret_key": "secret_key"}
_MS = 1000


@cache
def client(s3: S3Settings) -> Any:
    """Return boto3's client, typed as Any because boto3 has no types.

    Raises:
        StoreUnreachableError: AWS's settings are invalid, such as a profile that does not exist.
    """
    import boto3  # noqa: PLC0415  # slow to load, and a lake on disk does not need it
    from botocore.config import Config  # noqa: PLC0415  # likewise

    conf = Config(
        connect_timeout=s3.timeout_s,
        read_timeout=s3.timeout_s,
        retries={"total_max_attempts": s3.attempts, "mode": "standard"},
        # S3-compatible servers do not know the newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"} if s3.endpoint else {},
    )
    with answering("S3"):
        return boto3.client(
            "s3", endpoint_url=s3.endpoint or None, region_name=_region(s3), config=conf
        )


def is_s3(uri: str) -> bool:
    """Return whether a URI names an object store."""
    return uri.startswith(("s3a://", "s3://"))


def storage_options(uri: str, s3: S3Settings) -> dict[str, str] | None:
    """Return deltalake's options for tables at a URI; None for a folder on disk."""
    if not is_s3(uri):
        return None
    # The `object_store` crate, which deltalake uses, does not count the first attempt as a retry.
    options = {"timeout": f"{s3.timeout_s:g}s", "max_retries": str(s3.attempts - 1)}
    if region := _region(s3):
        options["AWS_REGION"] = region
    if s3.endpoint:
        options |= {"AWS_ENDPOINT_URL": s3.endpoint, "AWS_ALLOW_HTTP": "true"}
    names = {
        "access_key": "AWS_ACCESS_KEY_ID",
        "secret_key": "AWS_SECRET_ACCESS_KEY",
        "token": "AWS_SESSION_TOKEN",
    }
    return options | {names[name]: value for name, value in _credentials().items()}


def arrow_files(s3: S3Settings) -> Any:
    """Return Arrow's file system for paths `bucket/key`; Arrow declares no type for it."""
    from pyarrow import fs  # noqa: PLC0415  # half a second that not every command needs

    scheme, _, host = s3.endpoint.rpartition("://")
    return fs.S3FileSystem(
        region=_region(s3),
        scheme=scheme or "https",
        endpoint_override=host or None,
        connect_timeout=s3.timeout_s,
        request_timeout=s3.timeout_s,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=s3.attempts),
        **{_ARROW_SAYS[name]: value for name, value in _credentials().items()},
    )


def spark_conf(uri: str, s3: S3Settings) -> dict[str, str]:
    """Return the conf of a Spark session for a lake under s3a://; empty for other lakes.

    On a cluster with its own s3:// file system, the cluster's conf applies.
    """
    if not uri.startswith("s3a://"):
        return {}
    timeout = f"{int(s3.timeout_s * _MS)}ms"
    conf = {
        # The driver passes credentials of its environment to executors for the first two
        # providers; the third finds a profile or a role.
        "aws.credentials.provider": "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider,"
        "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider,"
        "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
        "attempts.maximum": str(s3.attempts),
        "connection.establish.timeout": timeout,
        "connection.timeout": timeout,
        "path.style.access": str(bool(s3.endpoint)).lower(),
        "connection.ssl.enabled": str(not s3.endpoint.startswith("http://")).lower(),
    }
    if s3.endpoint:
        conf["endpoint"] = s3.endpoint
    if region := _region(s3):
        conf["endpoint.region"] = region
    return {f"spark.hadoop.fs.s3a.{name}": value for name, value in conf.items()} | {
        # Write a checkpoint file with one PUT. The default writes, copies and deletes, which is
        # slow and not atomic.
        "spark.sql.streaming.checkpointFileManagerClass": "org.apache.spark.internal.io.cloud."
        "AbortableStreamBasedCheckpointFileManager",
    }


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Raise AWS's errors as StoreUnreachableError, without the texts that they quote."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # as above

    try:
        yield
    except ClientError as error:
        answer = (
            f"{error.response['ResponseMetadata']['HTTPStatusCode']}"
            f" {error.response['Error']['Code']}"
        )
        raise StoreUnreachableError(
            f"{what}: the object store says {answer}",
            remedy="Check the bucket, the region and the credentials",
        ) from None
    except BotoCoreError as error:
        raise StoreUnreachableError(
            f"{what}: the object store does not answer ({type(error).__name__})",
            remedy="Check s3.endpoint and AWS's credentials; then run again: nothing is lost",
        ) from None


def _region(s3: S3Settings) -> str | None:
    """Return the region of the settings, else AWS's own, else one for other servers."""
    return s3.region or _session().region_name or (_ANY_REGION if s3.endpoint else None)


def _session() -> Any:
    import boto3  # noqa: PLC0415  # as above

    return boto3.Session()


def _credentials() -> dict[str, str]:
    """Return the credentials by boto3's names; those of a role expire."""
    with answering("AWS's credentials"):
        credentials = _session().get_credentials()
        if credentials is None:
            raise StoreUnreachableError(
                "no credentials for S3",
                remedy="Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, as for"
                " any AWS program",
            )
        frozen = credentials.get_frozen_credentials()
    return {
        name: value
        for name in ("access_key", "secret_key", "token")
        if (value := getattr(frozen, name))
    }
