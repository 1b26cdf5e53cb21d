"""Make the secrets that the profile `web` of docker-compose.yml needs, where they are missing.

The proxy gets a certificate and a sign-in, the dashboard a key of the API.
"""

import secrets
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from foundation import clock
from foundation.errors import SettingsError
from local.compose_files import write_whole
from tenancy.api_keys import Scope, create_key, find_key
from tenancy.database import Database
from tenancy.tenants import DEFAULT_TENANT

RUN = Path("/run/echostream")
_USER = "echostream"
_BYTES = 24
_VALID = timedelta(days=397)  # browsers take none that is valid for longer
_RENEWED = timedelta(days=30)  # before its end
_SLACK = timedelta(hours=1)  # of a browser's clock that is behind


def make_web_secrets(host: str, database: Database, run: Path = RUN) -> list[Path]:
    """Make what is missing, or no longer valid; return the files.

    Args:
        host: what a browser's address has, `name` or `name:port`.
        database: the control plane, which gets the dashboard's key.
        run: has a folder for each of the three.

    Raises:
        SettingsError: the host has no name that a certificate could be made for.
    """
    name = _name(host)
    files = []
    tls = run / "tls"
    if not _is_valid(tls / "tls.crt", name):
        files += _make_certificate(tls, name)
    users = run / "sign-in" / "users"
    if not users.exists():
        password = secrets.token_urlsafe(_BYTES)
        # {PLAIN}: it is random, and whoever may read the hash could read the word beside it.
        files.append(write_whole(users, f"{_USER}:{{PLAIN}}{password}\n"))
    key_file = run / "dashboard" / "api.key"
    if not key_file.exists() or find_key(database, key_file.read_text().strip()) is None:
        _, key = create_key(
            database, DEFAULT_TENANT, name="dashboard", scopes=[Scope.MENTIONS_READ]
        )
        files.append(write_whole(key_file, f"{key}\n"))
    return files


def _name(host: str) -> str:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if not name:
        raise SettingsError(
            f"WEB_HOST is {host!r}, which is no name", remedy="For example localhost:8443"
        )
    return name


def _is_valid(file: Path, name: str) -> bool:
    """Tell whether there is a certificate of that name that is valid for a while."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    is_lasting = certificate.not_valid_after_utc - _RENEWED > clock.now()
    return is_lasting and _alternative(name) in names.value


def _make_certificate(folder: Path, name: str) -> list[Path]:
    """Make a key, and a certificate that it signs itself: no other can be made with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    # The common name has at most 64 characters; browsers read the alternative name alone.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "EchoStream")])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now - _SLACK + _VALID)
        .add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
    public = certificate.public_bytes(Encoding.PEM).decode("ascii")
    # The certificate is the last: its presence says that the key is there.
    return [write_whole(folder / "tls.key", private), write_whole(folder / "tls.crt", public)]


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
