"""The settings by section, with their defaults; `foundation.settings` puts them together.

The string below a field is its meaning. `make reference` writes it into docs/reference/settings.md.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

PersonFinderName = Literal["model", "presidio", "off"]


class Section(BaseModel):
    """A group of settings; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(Section):
    """How to reach Kafka."""

    bootstrap_servers: str = ""
    """Addresses of the brokers, `host:port,host:port`. Empty: the local broker of `echostream up`.
    """
    timeout_s: float = Field(default=10.0, gt=0)
    """Seconds to wait for an answer of a broker."""
    delivery_timeout_s: float = Field(default=60.0, gt=0)
    """Seconds for which a producer retries a record. Then it starts again from its last cursor."""
    client: dict[str, str] = {}
    """Further client settings, such as SASL and TLS. Producers pass them to librdkafka, and Spark
    passes them on with the prefix `kafka.`."""


class BrokerSettings(Section):
    """The local broker that `echostream up` starts; a broker of your own never sees them."""

    port: int = Field(default=9092, ge=1, le=65535)
    """Port on which the broker serves clients."""
    controller_port: int = Field(default=9093, ge=1, le=65535)
    """Port of Kafka's controller, which only the broker itself uses."""
    heap_mb: int = Field(default=512, ge=128)
    """Heap of the broker's JVM in MB."""
    start_timeout_s: float = Field(default=60.0, gt=0)
    """Seconds within which the broker must start."""


class SparkSettings(Section):
    """The Spark session of `echostream run`; `spark-submit` brings its own master and memory."""

    master: str = "local[2]"
    """Spark's master URL. The number is how many cores it uses."""
    driver_memory: str = "2g"
    """Heap of the driver's JVM, which does all the work where the master is local."""
    shuffle_partitions: int = Field(default=2, ge=1)
    """Partitions after a shuffle. About as many as there are cores is right for small batches."""
    ui: bool = True
    """Serve Spark's own pages while the jobs run."""
    ui_port: int = Field(default=4040, ge=0, le=65535)
    """Port of Spark's pages. 0: a free one."""
    event_logs_mb: int = Field(default=500, ge=20)
    """MB of event logs that are kept, of all runs together. `echostream history` shows them."""
    history_port: int = Field(default=18080, ge=1, le=65535)
    """Port of `echostream history`."""
    java_options: str = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseParallelGC"
    """Options of the driver's JVM. The default uses one compiler, leaves room for compiled code and
    takes the collector that needs the least CPU: [measured](../evidence/benchmarks.md). Empty:
    Java's own choices, which suit long backlogs."""
    jars_dir: Path | None = None
    """Folder with `spark/` and, for a lake on S3, `s3/`. Empty: `jars` beside the program."""
    extra: dict[str, str] = {}
    """Further Spark settings, by their full names."""


class S3Settings(Section):
    """How to reach a lake on S3. Credentials come from where AWS's own programs look for them."""

    endpoint: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    """Address of another S3 server, such as `http://127.0.0.1:9000`. Empty: AWS."""
    region: str = ""
    """Region of the bucket. Empty: the one of AWS's own configuration."""
    timeout_s: float = Field(default=30.0, gt=0)
    """Seconds to wait for one answer."""
    attempts: int = Field(default=10, ge=1)
    """How often one request is tried before it fails."""


class StreamSettings(Section):
    """How often the three streaming jobs read, and how much at a time."""

    trigger_s: float = Field(default=5.0, ge=0)
    """Seconds from the start of one batch to the next in the job that reads Kafka."""
    follow_s: float = Field(default=1.0, ge=0)
    """Seconds after which the jobs behind it look for new commits again."""
    max_records_per_batch: int = Field(default=100_000, ge=1)
    """Most records that one batch takes from Kafka, all topics together."""
    max_files_per_batch: int = Field(default=200, ge=1)
    """Most files that one batch takes from Bronze, or from Silver's change feed."""
    max_bytes_per_batch: str = "256m"
    """Most bytes that one batch takes from Bronze, or from Silver's change feed."""
    author_removal_interval_s: float = Field(default=3600.0, ge=0)
    """Seconds between two removals of the rows of authors whom a platform deleted."""


class BreakerSettings(Section):
    """The limits at which `bronze_to_silver` stops because most records are bad."""

    share: float = Field(default=0.5, gt=0, le=1)
    """Share of a batch in quarantine above which the batch counts as bad."""
    batches: int = Field(default=3, ge=1)
    """Number of bad batches in a row that stops the job."""
    min_records: int = Field(default=300, ge=1)
    """Least number of records that those batches must hold together."""
    accept: bool = False
    """Continue all the same, and quarantine the records. For one run: `echostream run
    --accept-poison`."""


class UpkeepSettings(Section):
    """How `echostream compact` and the jobs between batches maintain the tables."""

    interval_s: float = Field(default=3600.0, ge=0)
    """Seconds between two compactions of a job's own tables."""
    min_files: int = Field(default=8, ge=2)
    """A partition with fewer small files is not compacted."""
    target_file_mb: int = Field(default=128, ge=1)
    """Size in MB that compaction aims at."""
    keep_h: float = Field(default=168.0, ge=0)
    """Hours for which replaced files stay, for readers that started before. An erasure is complete
    only after that time."""
    retain_interval_s: float = Field(default=21_600.0, ge=0)
    """Seconds between two deletions of data past its retention period."""


class SanitizerSettings(Section):
    """Removal of personal data from titles and texts."""

    max_text_chars: int = Field(default=100_000, ge=1)
    """A longer text is quarantined."""
    max_seconds: float = Field(default=10.0, gt=0)
    """CPU seconds for one text. A text that needs more is quarantined."""
    persons: PersonFinderName = "model"
    """How names of persons in free text are found. `presidio` needs the extra of that name."""
    phone_regions: tuple[str, ...] = ()
    """ISO 3166 codes of the countries whose national telephone numbers are looked for. Empty: all
    that are known."""


class ComprehendSettings(Section):
    """Amazon Comprehend as a scorer. Credentials come from where AWS's own programs look."""

    region: str = ""
    """Region of the service. Empty: the one of AWS's own configuration."""
    endpoint: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    """Address of another server with the same API. Empty: AWS."""
    max_usd_per_month: float = Field(default=10.0, ge=0)
    """Budget per calendar month and machine. Scoring stops with an error when it is used up."""
    usd_per_unit: float = Field(default=0.0001, ge=0)
    """Price of one unit of 100 characters in your region."""
    attempts: int = Field(default=8, ge=1)
    """How often one call is tried before it fails."""


class TransformerSettings(Section):
    """A sequence-classification model as a scorer."""

    model: str = ""
    """Folder with `model.onnx`, `tokenizer.json` and `config.json`, or a hub name."""
    revision: str = ""
    """Revision of a hub name. Empty: the newest."""
    device: Literal["cpu", "cuda"] = "cpu"
    """`cpu` uses ONNX Runtime, `cuda` uses torch."""
    languages: tuple[Annotated[str, Field(pattern="^[a-z]{2}$")], ...] = ("en",)
    """ISO 639-1 codes of the languages that the model knows. Empty: any."""
    labels: tuple[Literal["positive", "neutral", "negative", "mixed"], ...] = ()
    """Labels of the model's classes in their order. Empty: taken from the classes' names."""
    max_tokens: int = Field(default=256, ge=8)
    """Tokens of a text that the model reads. It ignores the rest."""


class ScorerSettings(Section):
    """Which sentiment scorer is used, and how."""

    name: str = "vader"
    """`vader`, `vader-plus`, `textblob`, `linear`, `comprehend` or `transformer`."""
    model: str = ""
    """Folder of a model that `echostream train` made, for `linear`. Empty: the model that ships."""
    calibrations: Path | None = None
    """Folder of fits that `echostream calibrate` made. Empty: the fits that ship."""
    abstain_below: float = Field(default=0.0, ge=0, le=1)
    """A post gets no label where the calibrated confidence is lower than this."""
    mixed: bool = False
    """Let `vader` and `vader-plus` use the label `mixed` where both sides are strong. They are
    seldom right: [measured](../evidence/sentiment.md)."""
    by_language: dict[Annotated[str, Field(pattern="^[a-z]{2}$")], str] = {}
    """Other scorers for some languages, by ISO 639-1 code: `{de = "textblob"}`."""
    comprehend: ComprehendSettings = ComprehendSettings()
    transformer: TransformerSettings = TransformerSettings()


class EntitySettings(Section):
    """Whether Silver names the organisations, products and places of a text."""

    finder: str = ""
    """`comprehend`, which shares the budget of `scorer.comprehend`. Empty: none are named."""


class KeySettings(Section):
    """The place of a key. It is never inside the lake, and a setting never holds the key itself."""

    source: Literal["file", "secretsmanager", "kms"] = "file"
    """Place of the key: a file, AWS Secrets Manager, or a file that AWS KMS has encrypted."""
    file: Path | None = None
    """File of the key, or of what KMS encrypted. `{owner}` stands for the setting `owner`. Empty: a
    file in `<home>/keys`."""
    secret: str = ""
    """Name or ARN of the secret in AWS Secrets Manager. `{owner}` stands for the setting `owner`.
    """
    id: str = Field(default="", pattern=r"^(v[1-9]\d*-[0-9a-f]{12})?$")
    """Fingerprint of a key at AWS, by which a replaced key is noticed. A key file has its
    fingerprint beside it."""
    region: str = ""
    """Region of the service. Empty: the one of AWS's own configuration."""
    endpoint: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    """Address of another server with the same API. Empty: AWS."""


class PayloadSettings(Section):
    """How payloads are stored in Bronze and quarantine."""

    encrypt: bool = False
    """Encrypt payloads with AES-256-GCM. `conf/aws.toml` turns it on."""
    key: KeySettings = KeySettings()


class ErasureSettings(Section):
    """How soon the jobs carry out erasures, and delete what platforms have deleted."""

    interval_s: float = Field(default=60.0, ge=0)
    """Seconds after which the jobs look for new requests of persons."""
    batch_interval_s: float = Field(default=21_600.0, ge=0)
    """Seconds between two passes that delete from Bronze and quarantine what platforms deleted, and
    what a replay brought back."""
    vacuum_interval_s: float = Field(default=43_200.0, ge=0)
    """Seconds after which the jobs look for replaced files whose `upkeep.keep_h` has passed."""
    key: KeySettings = KeySettings()


class IngestSettings(Section):
    """How live producers read."""

    poll_s: float = Field(default=15.0, ge=0)
    """Seconds between two requests to a platform that is polled."""
    timeout_s: float = Field(default=20.0, gt=0)
    """Seconds to wait for one answer, and of silence on a stream."""
    attempts: int = Field(default=5, ge=1)
    """How often one request is tried. `--once` also starts again that often."""
    look_back_s: float = Field(default=300.0, ge=0)
    """Seconds that the first run looks back, where the platform lets it."""
    remember_days: float = Field(default=400.0, gt=0)
    """Days for which producers know the posts that they sent. Sweeps and deletes that are bare ids
    need it."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port of a producer's metrics for Prometheus. 0: none."""
    metrics_host: str = "127.0.0.1"
    """Address on which that port listens. In a container: `0.0.0.0`."""
    watchlists: Path | None = None
    """File that says what to read. Empty: `conf/watchlists.toml`."""
    budgets: Path | None = None
    """File that says what may be spent. Empty: `conf/budgets.toml`."""
    store: SecretStr | None = None
    """`postgresql://user:password@host/database` for the producers' memory, where several machines
    share it. Empty: `<home>/cursors/ingest.sqlite3`."""
    credentials_file: Path | None = None
    """TOML file with a table of credentials per platform. Only its owner may be able to read it."""


class ServingSettings(Section):
    """Limits on what readers may see."""

    min_authors: int = Field(default=5, ge=1)
    """Public views and the API hide a cell of Gold that has fewer distinct authors."""
    controller: str = ""
    """Name and contact of the controller, for the record of processing (`echostream ropa`)."""


class ApiSettings(Section):
    """The address and the limits of `echostream serve`."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address on which the API listens. Any other than loopback needs API keys."""
    port: int = Field(default=8600, ge=1, le=65535)
    """Port of the API."""
    database: SecretStr | None = None
    """`postgresql://user:password@host/database` for the control plane: API keys, jobs, usage.
    Empty: `<home>/control/control.db`."""
    keyless_loopback: bool = True
    """Treat a caller on loopback without a key as the lake's owner."""
    allowed_hosts: tuple[str, ...] = ()
    """Names, or `name:port`, that a proxy in front passes on in `Host`."""
    rate_limit: int = Field(default=600, ge=1)
    """Requests of one API key in one window."""
    keyless_rate_limit: int = Field(default=120_000, ge=1)
    """Requests of the owner on loopback in one window."""
    rate_window_s: int = Field(default=60, ge=1)
    """Length of that window in seconds."""
    sync_timeout_s: float = Field(default=1.0, gt=0)
    """Seconds for one text that is scored at once. A text that needs more must go to a job."""
    max_in_flight: int = Field(default=200, ge=1)
    """Requests at a time. The API answers further ones with 503."""
    max_body_bytes: int = Field(default=1_048_576, ge=1_024)
    """Largest body of a request in bytes, unless a route has its own limit."""
    body_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds for the headers, and of silence in a body."""
    stop_timeout_s: float = Field(default=10.0, gt=0)
    """Seconds that running requests have to end when the API stops."""
    max_upload_bytes: int = Field(default=1_073_741_824, ge=1)
    """Largest file of a job in bytes."""
    max_job_rows: int = Field(default=1_000_000, ge=1)
    """Largest number of rows of a job."""
    workers: int = Field(default=1, ge=0, le=64)
    """Processes that score jobs beside the API. `echostream worker` adds further ones."""
    result_keep_h: float = Field(default=24.0, gt=0)
    """Hours for which a job and its results stay after its end."""


class DashboardSettings(Section):
    """The address of `echostream dashboard`, and the API that it asks."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address on which the dashboard listens. In a container, behind a proxy: `0.0.0.0`."""
    port: int = Field(default=8501, ge=1, le=65535)
    """Port of the dashboard."""
    allowed_hosts: tuple[str, ...] = ()
    """Names of this machine that a proxy in front passes on in `Host`. Loopback's are allowed."""
    api_url: str = Field(default="", pattern=r"^(https?://[^/\s@]+)?$")
    """Address of the API. Empty: the API of this machine."""
    api_key_file: Path | None = None
    """File with an API key that has the scope `mentions:read`. On loopback none is needed."""


class AccessSettings(Section):
    """Groups of this machine that may read layers of a lake on disk.

    Where a group is empty, only the user that runs the jobs may read the layer. Everybody may read
    Gold.
    """

    engineers: str = ""
    """Group that may read all layers."""
    analysts: str = ""
    """Group that may read Silver. Engineers have to be members of it too."""


class FaultSettings(Section):
    """Only for fault tests: kill the whole application when it reaches this point."""

    crash_at: str = ""
    """`<job>:<step>:<n-th time>`."""
