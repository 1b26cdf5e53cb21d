"""Loopback ports: is one free, who has it, one that is free."""

import socket
from itertools import islice
from pathlib import Path
from random import SystemRandom

from foundation.errors import PortInUseError

LOOPBACK = "127.0.0.1"
# below those that Linux, macOS and Windows give to outgoing connections
_SERVERS = range(20_000, 32_768)
_LISTENS = "0A"  # the state in /proc/net/tcp


def is_free(port: int) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def demand_free(port: int, *, setting: str) -> None:
    """Refuse an occupied port.

    Args:
        port: the port.
        setting: the environment variable that names another one.

    Raises:
        PortInUseError: somebody listens there.
    """
    if is_free(port):
        return
    who = holder(port)
    raise PortInUseError(
        f"port {port} is in use" + (f" by {who}" if who else ""),
        remedy=f"Stop that program, or set {setting} to a free port",
    )


def free_ports(count: int) -> list[int]:
    """Return different ports that are free now, and that no outgoing connection takes meanwhile.

    Raises:
        PortInUseError: there are not so many.
    """
    free = (port for port in SystemRandom().sample(_SERVERS, len(_SERVERS)) if is_free(port))
    ports = list(islice(free, count))
    if len(ports) < count:
        raise PortInUseError(
            f"fewer than {count} ports are free", remedy=f"Stop what listens at {_SERVERS}"
        )
    return ports


def holder(port: int) -> str | None:
    """Return `name (pid …)` of the listener, where the system tells (Linux, own processes)."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for process in Path("/proc").glob("[0-9]*") if inodes else ():
        try:
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:  # it ended, or it is another user's
            continue
    return None


def _listening_inodes(port: int) -> list[str]:
    inodes = []
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for row in table.read_text().splitlines()[1:]:
            columns = row.split()
            if columns[3] == _LISTENS and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.append(columns[9])
    return inodes
