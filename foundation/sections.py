"""The settings by section, with their defaults; `foundation.settings` puts them together."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

JobName = Literal["topic_to_bronze", "bronze_to_silver", "silver_to_gold"]
PersonFinderName = Literal["model", "presidio", "off"]


class Section(BaseModel):
    """A group of settings; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(Section):
    """How to reach Kafka."""

    bootstrap_servers: str = ""  # empty: the local broker
    timeout_s: float = Field(default=10.0, gt=0)
    # how long a record is tried; then a producer begins anew
    delivery_timeout_s: float = Field(default=60.0, gt=0)
    client: dict[str, str] = {}  # passed to librdkafka and, as kafka.*, to Spark (SASL, TLS)


class BrokerSettings(Section):
    """The embedded broker of `echostream up`; never used with another one."""

    port: int = Field(default=9092, ge=1, le=65535)
    controller_port: int = Field(default=9093, ge=1, le=65535)
    heap_mb: int = Field(default=512, ge=128)
    start_timeout_s: float = Field(default=60.0, gt=0)


class SparkSettings(Section):
    """The Spark session of `echostream run`; `spark-submit` brings its own master and memory."""

    master: str = "local[2]"
    driver_memory: str = "2g"
    shuffle_partitions: int = Field(default=2, ge=1)
    ui: bool = True
    ui_port: int = Field(default=4040, ge=0, le=65535)
    event_logs_mb: int = Field(default=500, ge=20)  # of all runs together, for `echostream history`
    history_port: int = Field(default=18080, ge=1, le=65535)
    # Of the JVM. One compiler, room for what it compiles, and the collector that takes the least:
    # docs/benchmarks.md.
    java_options: str = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseParallelGC"
    jars_dir: Path | None = (
        None  # with spark/ and, for a lake on S3, s3/; default: jars beside the program
    )
    extra: dict[str, str] = {}


class S3Settings(Section):
    """How to reach a lake on S3; AWS's own programs say where credentials are found, never here."""

    endpoint: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")  # empty: AWS
    region: str = ""  # empty: AWS's own setting of it
    timeout_s: float = Field(default=30.0, gt=0)  # of one answer
    attempts: int = Field(default=10, ge=1)  # of one request, before it fails


class StreamSettings(Section):
    """How the three jobs read."""

    trigger_s: float = Field(default=5.0, ge=0)  # from batch to batch of the job that reads Kafka
    follow_s: float = Field(default=1.0, ge=0)  # from look to look of the jobs behind it
    max_records_per_batch: int = Field(default=100_000, ge=1)  # from Kafka, all topics together
    # from Bronze, and from Silver's change feed
    max_files_per_batch: int = Field(default=200, ge=1)
    max_bytes_per_batch: str = "256m"  # likewise
    author_removal_interval_s: float = Field(default=3600.0, ge=0)


class BreakerSettings(Section):
    """When bronze_to_silver stops, because most of what comes is poison."""

    # of a batch in quarantine, beyond which it is mostly poison
    share: float = Field(default=0.5, gt=0, le=1)
    batches: int = Field(default=3, ge=1)  # such ones in a row
    min_records: int = Field(default=300, ge=1)  # in all of them together
    accept: bool = False  # go on, into quarantine; for one run: `echostream run --accept-poison`


class UpkeepSettings(Section):
    """What `echostream compact` does, and the jobs between batches."""

    # and how often the jobs compact between batches, without removal
    interval_s: float = Field(default=3600.0, ge=0)
    min_files: int = Field(default=8, ge=2)  # a partition with fewer is left alone
    target_file_mb: int = Field(default=128, ge=1)
    keep_h: float = Field(default=168.0, ge=0)  # files that were replaced; a reader may be that old
    # how often the jobs remove what policies keep no longer
    retain_interval_s: float = Field(default=21_600.0, ge=0)


class SanitizerSettings(Section):
    """Removal of personal data."""

    max_text_chars: int = Field(default=100_000, ge=1)
    # of CPU time, per text; beyond it the record is quarantined
    max_seconds: float = Field(default=10.0, gt=0)
    persons: PersonFinderName = "model"  # how names in free text are found
    phone_regions: tuple[str, ...] = ()  # ISO 3166 codes; empty: all that are known


class ComprehendSettings(Section):
    """Amazon Comprehend as a scorer; credentials are found as AWS's own programs find them."""

    region: str = ""  # empty: AWS's own setting of it
    endpoint: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")  # empty: AWS
    max_usd_per_month: float = Field(default=10.0, ge=0)
    usd_per_unit: float = Field(default=0.0001, ge=0)  # of 100 characters; the region's price
    attempts: int = Field(default=8, ge=1)  # of one call, before it fails


class TransformerSettings(Section):
    """A sequence-classification model as a scorer."""

    model: str = ""  # a folder, or a hub name
    revision: str = ""  # of a hub name; empty: the newest
    device: Literal["cpu", "cuda"] = "cpu"  # ONNX Runtime, or torch
    # ISO 639-1; empty: any
    languages: tuple[Annotated[str, Field(pattern="^[a-z]{2}$")], ...] = ("en",)
    labels: tuple[
        Literal["positive", "neutral", "negative", "mixed"], ...
    ] = ()  # of its classes, if their names fail
    max_tokens: int = Field(default=256, ge=8)  # of a text; the rest is not seen


class ScorerSettings(Section):
    """Which sentiment scorer is used, and how."""

    name: str = "vader"
    model: str = ""  # a model's folder, for the scorers that have one; empty: the one that ships
    calibrations: Path | None = None  # a folder of `echostream calibrate`; empty: what ships
    abstain_below: float = Field(default=0.0, ge=0, le=1)  # no label where the confidence is lower
    # vader and vader-plus say `mixed` where both sides are strong; right once in 13 times
    mixed: bool = False
    by_language: dict[
        Annotated[str, Field(pattern="^[a-z]{2}$")], str
    ] = {}  # another scorer for some ISO 639-1 codes
    comprehend: ComprehendSettings = ComprehendSettings()
    transformer: TransformerSettings = TransformerSettings()


class EntitySettings(Section):
    """Whether Silver names the organisations, products and places of a text."""

    finder: str = ""  # or `comprehend`; empty: it does not


class KeySettings(Section):
    """Where a key is; never inside the lake, never the key itself. `{owner}` is the owner."""

    source: Literal["file", "secretsmanager", "kms"] = "file"
    file: Path | None = None  # the key, or what KMS wrapped; default: in ECHOSTREAM_HOME/keys
    secret: str = ""  # of AWS Secrets Manager: name or ARN
    # fingerprint; files have it beside
    id: str = Field(default="", pattern=r"^(v[1-9]\d*-[0-9a-f]{12})?$")
    region: str = ""  # empty: AWS's own setting of it
    endpoint: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")  # empty: AWS


class PayloadSettings(Section):
    """How payloads rest in Bronze and quarantine."""

    encrypt: bool = False
    key: KeySettings = KeySettings()


class ErasureSettings(Section):
    """How soon what is to go has gone."""

    interval_s: float = Field(default=60.0, ge=0)  # how often the jobs look for requests of persons
    # a batch of what platforms deleted, out of Bronze too
    batch_interval_s: float = Field(default=21_600.0, ge=0)
    # how often files that waited for their clock are removed
    vacuum_interval_s: float = Field(default=43_200.0, ge=0)
    key: KeySettings = KeySettings()  # under which receipts and requests are signed


class IngestSettings(Section):
    """How live producers read."""

    poll_s: float = Field(default=15.0, ge=0)  # between two questions to a platform that is polled
    timeout_s: float = Field(default=20.0, gt=0)  # of one answer, and of silence on a stream
    attempts: int = Field(default=5, ge=1)  # of one request; `--once` begins anew that often too
    look_back_s: float = Field(default=300.0, ge=0)  # of a first run, where the platform has a past
    # how long posts are known, for sweeps and bare deletes
    remember_days: float = Field(default=400.0, gt=0)
    metrics_port: int = Field(default=0, ge=0, le=65535)  # Prometheus; 0: none
    metrics_host: str = "127.0.0.1"  # where that port listens; in a container 0.0.0.0
    watchlists: Path | None = None  # default: conf/watchlists.toml
    budgets: Path | None = None  # default: conf/budgets.toml
    store: SecretStr | None = (
        None  # postgresql://… for cursors and the rest of the memory; default: a file of the home
    )
    credentials_file: Path | None = None  # TOML, a table per platform, readable by its owner alone


class ServingSettings(Section):
    """What people get to see."""

    min_authors: int = Field(default=5, ge=1)  # views hide a cell of Gold that has fewer
    controller: str = ""  # name and contact, for the record of processing


class ApiSettings(Section):
    """What `echostream serve` listens to, and how much it answers."""

    host: str = Field(default="127.0.0.1", min_length=1)  # no loopback address: keys are needed
    port: int = Field(default=8600, ge=1, le=65535)
    # postgresql://… for keys, jobs and usage; default: a file of the home
    database: SecretStr | None = None
    keyless_loopback: bool = True  # on loopback, who asks without a key is the lake's owner
    # names, or name:port, that a proxy in front passes on in Host
    allowed_hosts: tuple[str, ...] = ()
    rate_limit: int = Field(default=600, ge=1)  # requests of one key in one window
    keyless_rate_limit: int = Field(default=120_000, ge=1)  # of the owner on loopback
    rate_window_s: int = Field(default=60, ge=1)
    sync_timeout_s: float = Field(default=1.0, gt=0)  # of one text that is scored at once
    max_in_flight: int = Field(default=200, ge=1)  # requests at a time; more answer 503
    max_body_bytes: int = Field(default=1_048_576, ge=1_024)  # where a route says no other
    body_timeout_s: float = Field(default=10.0, gt=0)  # of headers, and of silence in a body
    stop_timeout_s: float = Field(default=10.0, gt=0)  # for requests that run when it is stopped
    max_upload_bytes: int = Field(default=1_073_741_824, ge=1)  # of a job's file
    max_job_rows: int = Field(default=1_000_000, ge=1)
    workers: int = Field(default=1, ge=0, le=64)  # processes that score jobs, beside the API
    result_keep_h: float = Field(default=24.0, gt=0)  # of a job, from its end


class DashboardSettings(Section):
    """Where `echostream dashboard` listens, and what it asks."""

    host: str = Field(default="127.0.0.1", min_length=1)  # in a container 0.0.0.0, behind a proxy
    port: int = Field(default=8501, ge=1, le=65535)
    # names of this machine that a proxy in front passes on in Host; loopback's are allowed
    allowed_hosts: tuple[str, ...] = ()
    # empty: the API of this machine
    api_url: str = Field(default="", pattern=r"^(https?://[^/\s@]+)?$")
    api_key_file: Path | None = None  # a key with the scope mentions:read; none on loopback


class AccessSettings(Section):
    """Groups of this machine that may read layers of a local lake.

    Empty: its owner alone, and Gold all.
    """

    engineers: str = ""  # all layers
    analysts: str = ""  # Silver, which has no personal data; engineers are to be members of it too


class FaultSettings(Section):
    """For fault tests alone: end the whole application when it reaches this point."""

    crash_at: str = ""  # "<job>:<step>:<n-th time>"
