"""docker-compose.yml and deploy/ limit each service and name existing things, without an engine."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from dashboard.server import is_ours
from foundation.settings import load_settings
from ingestion.platforms import PLATFORMS
from ingestion.simulators import SIMULATORS
from ingestion.simulators.server.scenario import load_scenario
from serving.api.auth import Gatekeeper
from serving.api.problems import ProblemError

ROOT = Path(__file__).resolve().parents[3]
KEYLESS = ("bluesky", "hackernews", "mastodon")
DEFAULT = re.compile(r"\$\{([A-Z0-9_]+):-([^}]*)\}")
PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+\.\d+$")


def read(name):
    """Return a compose file with the defaults of its variables."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return yaml.safe_load(DEFAULT.sub(lambda found: found[2], text))


COMPOSE = read("docker-compose.yml")
SIMULATED = read("deploy/simulators.yml")
SIMULATORS_OF = {
    name: one for name, one in SIMULATED["services"].items() if name.endswith("-simulator")
}
SERVICES = COMPOSE["services"] | SIMULATORS_OF
OURS = {name: one for name, one in SERVICES.items() if one["image"].startswith("echostream:")}
LASTING = {name: one for name, one in SERVICES.items() if one["restart"] != "no"}
EACH = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


@EACH
def test_a_service_may_do_no_more_than_it_must(service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].partition(":")[0] not in ("0", "root")
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & set(service)
    assert service.get("network_mode", "none") == "none"
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])


@EACH
def test_images_are_pinned_and_nothing_is_mounted_from_elsewhere(service):
    assert PINNED.match(service["image"])
    for volume in service.get("volumes", ()):
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        assert source in COMPOSE["volumes"] or (source.startswith("./deploy/") and mode == ["ro"])
        assert source in COMPOSE["volumes"] or (ROOT / source).exists()


@EACH
def test_ports_are_of_loopback_alone(service):
    for port in service.get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


def test_ports_do_not_clash_and_have_a_name_in_the_example():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    loopback = r"(?:127\.0\.0\.1|\$\{WEB_BIND:-127\.0\.0\.1\})"
    ports = dict(re.findall(rf'ports: \["{loopback}:\$\{{([A-Z0-9_]+):-(\d+)\}}', text))
    assert len(set(ports.values())) == len(ports) == text.count("ports: [")
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=") for line in lines if line and not line.startswith("#"))
    assert dict(DEFAULT.findall(text)) == example
    page = (ROOT / "docs/run/compose.md").read_text(encoding="utf-8")
    assert [name for name, port in ports.items() if f"| `{name}` | {port} |" not in page] == []


@pytest.mark.parametrize("service", LASTING.values(), ids=LASTING)
def test_what_lasts_has_a_health_check_and_comes_back(service):
    assert service["restart"] == "unless-stopped"
    assert service["stop_grace_period"] == "30s"
    assert service["init"] is True
    assert service["healthcheck"]["test"][0] == "CMD"


@EACH
def test_a_service_waits_for_what_it_needs(service):
    for name, needed in service.get("depends_on", {}).items():
        lasts = name in LASTING
        assert needed["condition"] == (
            "service_healthy" if lasts else "service_completed_successfully"
        )


@pytest.mark.parametrize("service", OURS.values(), ids=OURS)
def test_every_setting_that_is_passed_exists(service, monkeypatch):
    settings = {
        name: value
        for name, value in service.get("environment", {}).items()
        if name.startswith("ECHOSTREAM_")
    }
    for name, value in settings.items():
        assert isinstance(value, str), f"{name}: YAML reads another type"
        monkeypatch.setenv(name, value)
    loaded = load_settings()
    assert loaded.lake in ("", "s3a://lake/echostream")


def test_no_setting_of_an_override_is_unknown(monkeypatch):
    for service in SIMULATED["services"].values():
        for name, value in service.get("environment", {}).items():
            monkeypatch.setenv(name, value)
    assert load_settings().ingest.poll_s == 5


def test_no_secret_is_in_the_environment():
    for name, service in SERVICES.items():
        shown = [
            key
            for key in service.get("environment", {})
            if re.search(r"(?i)secret|passw|token|key(_id)?$", key)
        ]
        assert [key for key in shown if not key.endswith("__FILE")] == [], name


def test_the_streaming_jobs_do_not_see_the_pseudonym_key():
    assert not [volume for volume in SERVICES["streaming"]["volumes"] if volume.startswith("keys:")]


def test_of_the_web_profile_the_proxy_alone_publishes_a_port():
    web = {name: one for name, one in SERVICES.items() if one.get("profiles") == ["web"]}
    assert set(web) == {"web-secrets", "api", "worker", "dashboard", "proxy"}
    assert [name for name, one in web.items() if "ports" in one] == ["proxy"]


@pytest.mark.parametrize("host", ["localhost:8443", "posts.example.org"])
def test_api_and_dashboard_answer_under_the_address_that_browsers_have(host, monkeypatch):
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    services = yaml.safe_load(text.replace("${WEB_HOST:-localhost:8443}", host))["services"]
    for service in ("api", "dashboard"):
        for name, value in services[service]["environment"].items():
            if name.startswith(("ECHOSTREAM_API__", "ECHOSTREAM_DASHBOARD__")):
                monkeypatch.setenv(name, value)
    settings = load_settings()
    given = {b"host": host.encode(), b"origin": f"https://{host}".encode()}
    keeper = Gatekeeper(settings.api)
    keeper.check(given)
    keeper.check({b"host": settings.dashboard.api_url.removeprefix("http://").encode()})
    assert not keeper.lets_in_without_key({})
    with pytest.raises(ProblemError):
        keeper.check({b"host": b"localhost:9999"})
    names = frozenset(settings.dashboard.allowed_hosts)
    assert is_ours(given.items(), names)
    assert not is_ours([(b"host", b"elsewhere.example")], names)
    assert services["web-secrets"]["command"][-1] == host


def test_secrets_of_the_web_profile_are_where_they_are_needed_alone():
    def mounting(volume):
        return {
            name
            for name, one in SERVICES.items()
            if any(mount.startswith(f"{volume}:") for mount in one.get("volumes", ()))
        }

    assert mounting("tls") == mounting("sign-in") == {"web-secrets", "proxy"}
    assert mounting("dashboard-key") == {"web-secrets", "dashboard"}
    assert "keys" not in SERVICES["dashboard"]["volumes"]


def test_the_proxy_names_services_ports_and_files_that_there_are():
    text = (ROOT / "deploy/proxy.conf").read_text(encoding="utf-8")
    settings = load_settings()
    addresses = {"api": settings.api.port, "dashboard": settings.dashboard.port}
    assert dict(re.findall(r"http://(\w+):(\d+);", text)) == {
        name: str(port) for name, port in addresses.items()
    }
    listens = re.findall(r"listen (\d+) ssl", text)
    assert [port.rpartition(":")[2] for port in SERVICES["proxy"]["ports"]] == listens
    files = set(re.findall(r"/run/echostream/([\w.-]+)/", text))
    mounted = {volume.split(":")[1] for volume in SERVICES["proxy"]["volumes"]}
    assert {f"/run/echostream/{name}" for name in files} <= mounted
    image = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    for volume in SERVICES["web-secrets"]["volumes"]:
        assert f" {volume.split(':')[1]} " in image


def test_platforms_without_a_key_have_a_producer_and_a_simulator():
    assert set(KEYLESS) <= set(PLATFORMS) & set(SIMULATORS)
    for platform in KEYLESS:
        assert SERVICES[platform]["command"] == ["ingest", platform]
        command = SERVICES[f"{platform}-simulator"]["command"]
        assert command[:2] == ["simulate", platform]
        instead = SIMULATED["services"][platform]["command"]
        assert instead[:2] == ["ingest", platform]
        assert instead[-1] == f"http://{platform}-simulator:{command[command.index('--port') + 1]}"
    assert load_scenario(ROOT / "deploy/simulators.toml").posts > 0


def test_prometheus_asks_services_that_there_are():
    jobs = read("deploy/prometheus.yml")["scrape_configs"]
    targets = [
        target for job in jobs for static in job["static_configs"] for target in static["targets"]
    ]
    metrics = SERVICES["bluesky"]["environment"]["ECHOSTREAM_INGEST__METRICS_PORT"]
    ports = {"streaming": "4040"} | dict.fromkeys(KEYLESS, metrics)
    assert dict(target.split(":") for target in targets) == ports
    board = json.loads((ROOT / "deploy/grafana/boards/echostream.json").read_text(encoding="utf-8"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_image_has_the_versions_that_are_tested():
    pins = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.M))
        for name in (
            "requirements.lock",
            "deploy/requirements.lock",
            "deploy/requirements-build.lock",
        )
    ]
    everywhere, image, build = pins
    assert image.items() | build.items() <= everywhere.items()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = list(project["dependencies"])
    for extra in ("http", "reddit", "websocket", "api", "dashboard"):
        asked += extras[extra]
    assert {re.split(r"[=<>\[]", one)[0].lower() for one in asked} <= set(image)
    assert {one["image"] for one in OURS.values()} == {f"echostream:{project['version']}"}


def test_the_dockerfile_takes_what_exists_and_ends_as_nobody_special():
    text = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^FROM (\S+)", text, re.M)) == {"debian:bookworm-slim"}
    users = re.findall(r"^USER (\S+)", text, re.M)
    assert users == [SERVICES["streaming"]["user"]]
    sent = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    assert [name for name in sent if not (ROOT / name).exists()] == []
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"][
        "build"
    ]
    packages = build["targets"]["wheel"]["packages"]
    assert set(packages) <= set(sent)
