"""Read platforms' credentials from the environment, or from a file that only its owner can read.

No log line or error shows one.
"""

import stat
from collections.abc import Mapping
from pathlib import Path

from foundation.conf_files import read_toml
from foundation.errors import CredentialsError
from foundation.settings import Settings


def secrets_of(platform: str, settings: Settings) -> dict[str, str]:
    """Return a platform's credentials by name; the environment wins over the file.

    Raises:
        CredentialsError: the file can be read by others, or is malformed.
    """
    prefix = f"{platform}_"
    file = settings.ingest.credentials_file
    return (_from_file(file, platform) if file else {}) | {
        name.removeprefix(prefix): secret.get_secret_value()
        for name, secret in settings.credentials.items()
        if name.startswith(prefix)
    }


def variable_of(platform: str, name: str) -> str:
    """Return the environment variable that holds a credential."""
    return f"ECHOSTREAM_CREDENTIALS__{platform.upper()}_{name.upper()}"


def required_secret(secrets: Mapping[str, str], platform: str, name: str, *, how: str) -> str:
    """Return a credential that the reader needs.

    Raises:
        CredentialsError: it is not set; `how` tells the user where to get it.
    """
    if value := secrets.get(name):
        return value
    raise CredentialsError(
        f"{platform} needs {name}",
        remedy=f"{how} Set {variable_of(platform, name)}",
    )


def _from_file(file: Path, platform: str) -> dict[str, str]:
    if file.exists() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CredentialsError(f"{file} can be read by others", remedy=f"chmod 600 {file}")
    values = read_toml(file).get(platform, {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise CredentialsError(
            f"{file}: {platform} is not a table of texts",
            remedy='Write access_token = "…" below its name',
        )
    return dict(values)
