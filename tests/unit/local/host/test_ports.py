import os
import socket
import sys

import psutil
import pytest

from foundation.errors import PortInUseError
from local.host import ports
from local.host.ports import demand_free, free_ports, holder, is_free, url_of


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_free(free_port):
    assert is_free(free_port)
    demand_free(free_port, setting="ECHOSTREAM_X")


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8600"),
        ("0.0.0.0", "http://127.0.0.1:8600"),  # noqa: S104  # it is what a container says
        ("::", "http://127.0.0.1:8600"),
        ("::1", "http://[::1]:8600"),
        ("192.0.2.7", "http://192.0.2.7:8600"),
        ("localhost", "http://localhost:8600"),
    ],
)
def test_where_programs_of_this_machine_reach_a_server(host, url):
    assert url_of(host, 8600) == url


def test_taken_names_port_holder_and_setting(taken):
    assert not is_free(taken)
    with pytest.raises(
        PortInUseError, match=rf"port {taken} is in use.*set ECHOSTREAM_BROKER__PORT"
    ):
        demand_free(taken, setting="ECHOSTREAM_BROKER__PORT")


@pytest.mark.skipif(sys.platform != "linux", reason="others show connections to root alone")
def test_the_holder_has_its_name_and_pid(taken):
    assert holder(taken) == f"{psutil.Process().name()} (pid {os.getpid()})"


def test_a_connection_from_that_port_holds_nothing(taken):
    with socket.create_connection(("127.0.0.1", taken)) as client:
        assert holder(client.getsockname()[1]) is None


def test_where_the_system_does_not_tell_the_port_is_refused_all_the_same(taken, monkeypatch):
    def refused(kind):
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", refused)
    with pytest.raises(PortInUseError, match=rf"port {taken} is in use(?! by)"):
        demand_free(taken, setting="ECHOSTREAM_X")


def test_taken_on_all_addresses():
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))  # noqa: S104  # that is the case to see
        server.listen()
        assert not is_free(server.getsockname()[1])


def test_a_port_that_just_closed_is_free_again():
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java's sockets do
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        accepted, _ = server.accept()
        accepted.close()  # it leaves the server's side in TIME_WAIT
        client.close()
    assert is_free(port)


def test_free_ports_differ():
    assert len(set(free_ports(5))) == 5


def test_more_ports_than_are_free_are_refused(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda port: port == 20_001)
    assert free_ports(1) == [20_001]
    with pytest.raises(PortInUseError, match="fewer than 2 ports"):
        free_ports(2)
