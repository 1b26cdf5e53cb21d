"""Loopback ports: is one free, who has it, one that is free."""

import socket
from ipaddress import ip_address
from itertools import islice
from random import SystemRandom

import psutil

from foundation.errors import PortInUseError

LOOPBACK = "127.0.0.1"
# below those that Linux, macOS and Windows give to outgoing connections
_SERVERS = range(20_000, 32_768)


def is_free(port: int) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def url_of(host: str, port: int) -> str:
    """Return where programs of this machine reach a server that listens at that host."""
    try:
        listens_everywhere = ip_address(host).is_unspecified
    except ValueError:  # a name
        listens_everywhere = False
    reached = LOOPBACK if listens_everywhere else host
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


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
    try:
        for connection in psutil.net_connections("tcp"):
            is_at_port = connection.laddr[1:] == (port,)
            is_listener = is_at_port and connection.status == psutil.CONN_LISTEN
            if is_listener and connection.pid is not None:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:  # it ended, or the system shows connections to root alone
        pass
    return None
