"""Load all settings into one frozen, typed object, which the entry point makes and passes down.

Precedence, lowest first: the defaults here, conf/local.toml or `--conf-file`, the environment
(`ECHOSTREAM_SECTION__NAME`), the command line. Nothing else reads the environment.

The string below a field is its meaning. `make reference` writes it into docs/reference/settings.md.
"""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableVariableError

from foundation.conf_files import conf_dir, read_toml
from foundation.errors import SettingsError
from foundation.local_folders import local_folder, local_home
from foundation.sections import (
    AccessSettings,
    ApiSettings,
    BreakerSettings,
    BrokerSettings,
    DashboardSettings,
    EntitySettings,
    ErasureSettings,
    FaultSettings,
    IngestSettings,
    KafkaSettings,
    KeySettings,
    PayloadSettings,
    S3Settings,
    SanitizerSettings,
    ScorerSettings,
    ServingSettings,
    SparkSettings,
    StreamSettings,
    UpkeepSettings,
)

NOT_OURS = "ECHOSTREAM_X_"  # a deployment's own variables begin with it
_PAGE = "See docs/reference/settings.md"
_S3 = ("s3a://", "s3://")


class Settings(BaseSettings):
    """All settings of EchoStream."""

    model_config = SettingsConfigDict(
        env_prefix="ECHOSTREAM_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    home: Path = Path("var")
    """Folder of all local state: broker, lake, checkpoints, keys, cursors, logs. A relative path
    begins at the working directory, `~` at your own folder. It may have spaces, signs and letters
    of any script, but none of `,` `[` `]` `^` `|` `${`, no backslash, and no `%` before two
    hexadecimal digits."""
    lake: str = ""
    """Location of the tables: a folder, or `s3a://bucket/prefix`. Empty: `<home>/lake`."""
    owner: str = Field(default="public", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    """Owner of the credentials that fetch the posts. It is part of every key and pseudonym."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level of the messages in the logs."""
    kafka: KafkaSettings = KafkaSettings()
    broker: BrokerSettings = BrokerSettings()
    spark: SparkSettings = SparkSettings()
    s3: S3Settings = S3Settings()
    stream: StreamSettings = StreamSettings()
    breaker: BreakerSettings = BreakerSettings()
    upkeep: UpkeepSettings = UpkeepSettings()
    sanitizer: SanitizerSettings = SanitizerSettings()
    scorer: ScorerSettings = ScorerSettings()
    entities: EntitySettings = EntitySettings()
    keys: KeySettings = KeySettings()
    payloads: PayloadSettings = PayloadSettings()
    erasure: ErasureSettings = ErasureSettings()
    ingest: IngestSettings = IngestSettings()
    serving: ServingSettings = ServingSettings()
    api: ApiSettings = ApiSettings()
    dashboard: DashboardSettings = DashboardSettings()
    access: AccessSettings = AccessSettings()
    credentials: dict[str, SecretStr] = {}
    """Credentials by `<platform>_<name>`, such as `x_bearer_token`. No output ever shows them."""
    faults: FaultSettings = FaultSettings()

    @field_validator("home", mode="before")
    @classmethod
    def _home(cls, home: Any) -> Any:
        return local_home(home) if isinstance(home, str | Path) else home

    @field_validator("lake")
    @classmethod
    def _lake(cls, lake: str) -> str:
        return lake if not lake or lake.startswith(_S3) else str(local_folder(lake))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return only the arguments as source, because `load_settings` reads the environment."""
        return (init_settings,)

    @property
    def lake_uri(self) -> str:
        """The address of the tables."""
        return self.lake.rstrip("/") or str(self.home / "lake")

    @property
    def is_on_s3(self) -> bool:
        """Whether the lake is on S3. Its checkpoints and its lease are there too."""
        return self.lake_uri.startswith(_S3)

    @property
    def bootstrap_servers(self) -> str:
        """Kafka's address: `kafka.bootstrap_servers`, or else the local broker's."""
        return self.kafka.bootstrap_servers or f"127.0.0.1:{self.broker.port}"

    @property
    def key_file(self) -> Path:
        """The pseudonym key's file."""
        return self._file(self.keys, "pseudonym.key")

    @property
    def payload_key_file(self) -> Path:
        """The file of the key that encrypts payloads."""
        return self._file(self.payloads.key, "payload.key")

    @property
    def receipt_key_file(self) -> Path:
        """The file of the key that signs receipts."""
        return self._file(self.erasure.key, "receipt.key")

    @property
    def key_id_file(self) -> Path:
        """The file of the pseudonym key's fingerprint. Spark jobs read only this one."""
        return self.key_file.with_suffix(".id")

    @property
    def control_database(self) -> str:
        """The address of the control plane's database, which may contain a password."""
        if self.api.database:
            return self.api.database.get_secret_value()
        return f"sqlite:///{self.home / 'control' / 'control.db'}"

    def _file(self, keys: KeySettings, name: str) -> Path:
        return Path(str(keys.file or self.home / "keys" / name).replace("{owner}", self.owner))


def load_settings(conf_file: Path | None = None, **overrides: Any) -> Settings:
    """Return the settings of this process.

    >>> load_settings(log_level="debug").kafka.timeout_s

    Args:
        conf_file: a TOML file to read instead of conf/local.toml.
        overrides: values from the command line by name, or None if not given.

    Raises:
        SettingsError: a setting is unknown or has a wrong value. The error names it.
    """
    # pydantic-settings' own TOML source ignores a missing file silently.
    from_file = read_toml(conf_file or conf_dir() / "local.toml")
    _refuse_unknown_variables()
    given = {name: value for name, value in overrides.items() if value is not None}
    sources = (
        InitSettingsSource(Settings, init_kwargs=given),
        EnvSettingsSource(Settings),
        InitSettingsSource(Settings, init_kwargs=from_file),
    )
    try:
        return Settings(_build_sources=(sources, given))
    except ValidationError as error:
        raise SettingsError(_first_problem(error), remedy=_PAGE) from None
    except UnreadableVariableError as error:
        # The message names the section only, since the value may be a secret.
        raise SettingsError(
            f"environment: {error}", remedy="Write lists and tables as JSON"
        ) from None


def _refuse_unknown_variables() -> None:
    """Refuse a misspelt variable, which would otherwise be ignored silently."""
    for name in os.environ:
        if not name.startswith("ECHOSTREAM_") or name.startswith(NOT_OURS):
            continue
        section, _, key = name.removeprefix("ECHOSTREAM_").lower().partition("__")
        field = Settings.model_fields.get(section)
        sub = getattr(field.annotation, "model_fields", None) if field else None
        if field is None or (sub is not None and key and key.split("__")[0] not in sub):
            raise SettingsError(
                f"environment variable {name} names no setting",
                remedy=f"{_PAGE}; a variable of your own begins with {NOT_OURS}",
            )


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    return f"setting {where or '(root)'}: {problem['msg'].removeprefix('Value error, ')}"
