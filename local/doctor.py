"""Check this machine: one line per check, each with its remedy."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata

from foundation.errors import AccessError, EchoStreamError, StackError
from foundation.folder_modes import broken, closed
from foundation.key_sources import KeyFile, payload_source, pseudonym_source
from foundation.os_errors import ask_owner, told
from foundation.settings import Settings
from ingestion.config.credentials import secrets_of, variable_of
from ingestion.config.needs import NEEDS, missing_needs
from ingestion.config.watchlists import watchlist_of
from ingestion.kafka.topics import require_broker
from ingestion.state.budget import limits_of
from local.host import ports
from local.host.jars import check_jars
from local.host.java import find_java
from local.servers import broker
from local.stack import check_disk
from serving.catalog import lake_tables

_PYTHONS = ((3, 11), (3, 13))
_LACKS = "ingest lacks "


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor; what is not set up is no fault of the machine."""

    name: str
    ok: bool
    text: str
    is_set_up: bool = True


def examine(settings: Settings) -> list[Finding]:
    """Look at everything, also after something was found bad."""
    machine = [_finding(name, check, settings) for name, check in _CHECKS.items()]
    return [*machine, *_readers(settings)]


def _finding(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, ok=True, text=check(settings))
    except EchoStreamError as error:
        return Finding(name, ok=False, text=str(error))
    except Exception as error:
        return Finding(name, ok=False, text=told(error))


def _java(_: Settings) -> str:
    java = find_java()
    return f"{java.version} at {java.program}"


def _python(_: Settings) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if not _PYTHONS[0] <= sys.version_info[:2] <= _PYTHONS[1]:
        raise StackError(
            f"Python {version} is not supported",
            remedy="Install Python 3.11, then `make clean setup`",
        )
    return f"{version} at {sys.executable}"


def _packages(_: Settings) -> str:
    # Behind a semicolon stands the extra that asks for it: what nobody asked for is not missing.
    needs = [
        line.partition("==") for line in metadata.requires("echostream") or [] if ";" not in line
    ]
    pinned = {name.strip(): version.strip() for name, equal, version in needs if equal}
    wrong = [name for name, version in pinned.items() if _installed(name) != version]
    if wrong:
        raise StackError(
            f"not as pinned: {', '.join(wrong)}", remedy="Run `make clean setup` in the checkout"
        )
    return f"{len(pinned)} pinned packages, all as pinned"


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _jars(_: Settings) -> str:
    return f"{check_jars()} jars, all with the pinned hash"


def _home(settings: Settings) -> str:
    for access, verb in ((os.R_OK | os.X_OK, "read"), (os.W_OK, "written")):
        if folders := closed(settings, access):
            raise AccessError(
                f"may not be {verb}: {', '.join(map(str, folders))}", remedy=ask_owner(folders[0])
            )
    return f"{settings.home} may be read and written"


def _disk(settings: Settings) -> str:
    return f"{check_disk(settings.home) / 10**9:.0f} GB free at {settings.home}"


def _ports(settings: Settings) -> str:
    wanted = {
        "ECHOSTREAM_BROKER__PORT": settings.broker.port,
        "ECHOSTREAM_BROKER__CONTROLLER_PORT": settings.broker.controller_port,
    }
    text = ", ".join(map(str, wanted.values()))
    if settings.kafka.bootstrap_servers:
        return "the local broker's are not needed"
    if broker.running(settings):
        return f"{text} are our broker's"
    for setting, port in wanted.items():
        ports.demand_free(port, setting=setting)
    return f"{text} are free"


def _keys(settings: Settings) -> str:
    sources = [
        pseudonym_source(settings),
        *([payload_source(settings)] if settings.payloads.encrypt else []),
    ]
    files = [source.file for source in sources if isinstance(source, KeyFile)]
    if (
        files
        and not any(file.exists() for file in files)
        and not lake_tables(settings.lake_uri, settings.s3)
    ):
        return "none yet; `echostream up` makes them"
    return ", ".join(f"{source.load().key_id} at {source.where}" for source in sources)


def _access(settings: Settings) -> str:
    if differences := broken(settings):
        raise AccessError(
            "the lake is not open to whom it should be", remedy="; ".join(differences)
        )
    if settings.is_on_s3:
        return "the lake is on S3: deploy/aws has the policies"
    engineers, analysts = settings.access.engineers, settings.access.analysts
    return f"raw records are read by {_group(engineers)}, Silver by {_group(analysts)}, Gold by all"


def _group(name: str) -> str:
    return f"group {name}" if name else "their owner only"


def _broker(settings: Settings) -> str:
    if not settings.kafka.bootstrap_servers and not broker.running(settings):
        return "not running; `echostream up` starts it"
    require_broker(settings)
    return f"answers at {settings.bootstrap_servers}"


def _readers(settings: Settings) -> Iterator[Finding]:
    """Yield what `echostream ingest` of each platform still lacks."""
    for platform in NEEDS:
        finding = _finding(platform, partial(_reader, platform), settings)
        yield replace(finding, is_set_up=not finding.text.startswith(_LACKS))


def _reader(platform: str, settings: Settings) -> str:
    ingest = settings.ingest
    secrets = secrets_of(platform, settings)
    limits = limits_of(platform, ingest.budgets)
    missing = [
        *(
            f"the library {package} (pip install 'echostream[live]')"
            for package in NEEDS[platform].packages
            if _installed(package) is None
        ),
        *missing_needs(
            platform,
            secrets,
            watchlist_of(platform, ingest.watchlists),
            limits,
            watchlists=str(ingest.watchlists or "conf/watchlists.toml"),
            budgets_file=str(ingest.budgets or "conf/budgets.toml"),
        ),
    ]
    if missing:
        return _LACKS + "; ".join(missing)
    notes = [f"at most {limit.most:g} {unit} a {limit.per}" for unit, limit in limits.items()]
    notes += [
        f"{variable_of(platform, item.name)} adds {item.adds}"
        for item in NEEDS[platform].credentials
        if item.adds and not secrets.get(item.name)
    ]
    return "; ".join(["ready to ingest", *notes])


_CHECKS: dict[str, Callable[[Settings], str]] = {
    "Java": _java,
    "Python": _python,
    "packages": _packages,
    "jars": _jars,
    "home": _home,
    "disk": _disk,
    "ports": _ports,
    "keys": _keys,
    "access": _access,
    "broker": _broker,
}
