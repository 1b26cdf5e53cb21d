"""The API and the dashboard start once beside the broker, are awaited, and stop in order."""

import http.server
import sys
import threading

import httpx2
import pytest

from foundation.errors import PortInUseError, ServiceFailedError
from foundation.settings import Settings
from local.host.ports import free_ports
from local.host.processes import is_alive
from local.servers import services
from local.servers.services import API, DASHBOARD, SERVICES


@pytest.fixture
def settings(tmp_path, monkeypatch):
    api, dashboard = free_ports(2)
    monkeypatch.setenv("ECHOSTREAM_API__PORT", str(api))
    monkeypatch.setenv("ECHOSTREAM_DASHBOARD__PORT", str(dashboard))
    made = Settings(home=tmp_path, api={"port": api}, dashboard={"port": dashboard})
    yield made
    for service in reversed(SERVICES):
        services.stop(service, made)


def echostream(settings):
    return [sys.executable, "-m", "cli.main", "--home", str(settings.home)]


def test_both_answer_when_they_are_started_and_are_gone_when_they_are_stopped(settings):
    for service in SERVICES:
        assert services.start(service, settings, echostream(settings)) is True
        url = services.address(service, settings) + service.ready
        assert httpx2.get(url, timeout=60).status_code == 200
        assert services.start(service, settings, echostream(settings)) is False
    processes = [services.running(service, settings) for service in SERVICES]
    assert None not in processes
    for service in reversed(SERVICES):
        assert services.stop(service, settings) is True
        assert services.running(service, settings) is None
        assert services.stop(service, settings) is False


def test_ctrl_c_while_one_starts_ends_it(settings, monkeypatch):
    started = []

    def interrupted(_pid_file, process, *_, **__):
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(services, "answers_in_time", interrupted)
    with pytest.raises(KeyboardInterrupt):
        services.start(API, settings, [sys.executable, "-c", "import time; time.sleep(600)"])
    assert not is_alive(started[0])
    assert services.running(API, settings) is None


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(settings, monkeypatch):
    (nobody,) = free_ports(1)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{nobody}")
    monkeypatch.delenv("no_proxy", raising=False)
    address = ("127.0.0.1", settings.api.port)
    with http.server.HTTPServer(address, http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            assert services._answers(services.address(API, settings))
        finally:
            server.shutdown()


def test_a_port_that_is_taken_is_named_with_its_setting(settings):
    services.start(API, settings, echostream(settings))
    other = settings.model_copy(update={"home": settings.home / "other"})
    with pytest.raises(PortInUseError, match="ECHOSTREAM_API__PORT"):
        services.start(API, other, echostream(other))


def test_a_service_that_ends_while_it_starts_says_where_its_log_is(settings):
    """The dashboard refuses to start where no API answers."""
    with pytest.raises(ServiceFailedError, match=r"dashboard\.out"):
        services.start(DASHBOARD, settings, echostream(settings))
    assert "error: " in services.log_file(DASHBOARD, settings).read_text()
    assert services.running(DASHBOARD, settings) is None
