"""Run docker-compose.yml on a real engine (`make test-compose`).

The run sends 20,000 posts and kills every container in turn.
"""

import argparse
import configparser
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from foundation.settings import Settings
from tests.compose import checks
from tests.compose.engine import BASE, base_image, call, engine, say
from tests.compose.flow import flowing
from tests.compose.images import LEFT_OUT, ROOT, build_ours, build_standins
from tests.compose.project import Project, project
from tests.support import oracle
from tests.support.lake import assert_exact

CORE = ("kafka", "s3", "streaming", "history", "prometheus")
FLOW_FIRST = 0.7  # of the posts are sent at once; the rest flows slowly while containers are killed
SECOND = 1000
_GOLD_S = 1500
_SIMULATED_S = 900
_REMOVALS_S = 300
_ERASED_S = 900


def main() -> None:
    """Run the whole check and remove all it made, except the engine's cache in build/compose."""
    parser = argparse.ArgumentParser(prog="tests.compose")
    parser.add_argument("--posts", type=int, default=20_000)
    posts = parser.parse_args().posts
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("test-compose: ended"))
    began = time.monotonic()
    with (
        engine(ROOT / "build/compose") as is_ours,
        _images_removed(unless=is_ours) as made,
        project() as ours,
    ):
        if base_image(ROOT / "build/compose"):
            made.append(BASE)
        services = ours.config()
        built = services["streaming"]["image"]
        build_ours(built)
        made.append(built)
        taken = {one["image"] for name, one in services.items() if name not in LEFT_OUT} - {built}
        made.extend(build_standins(taken))
        for name, why in LEFT_OUT.items():
            say(f"left out: {name}, {why}")
        ready = time.monotonic()
        say(f"images are ready after {ready - began:.0f} s")
        run(ours, posts)
    say(
        f"test-compose: passed; images {ready - began:.0f} s,"
        f" scenario {time.monotonic() - ready:.0f} s"
    )


@contextmanager
def _images_removed(*, unless: bool) -> Iterator[list[str]]:
    """Remove these images in the end from an engine that is not ours.

    Our own engine keeps them for the next run.
    """
    made: list[str] = []
    try:
        yield made
    finally:
        if made and not unless:
            call("docker", "image", "rm", *reversed(made))


def run(ours: Project, posts: int) -> None:
    """Start the project, send posts, kill containers, stop, start again, and run the simulators."""
    ours.up(*CORE)
    say(f"up: {', '.join(CORE)} are healthy")
    with tempfile.TemporaryDirectory() as folder:
        settings, secrets = _from_outside(ours, Path(folder))
        ledgers = [_killed_while_posts_flow(ours, settings, posts)]
        _await_gold(settings, ledgers)
        say(
            f"Gold is exact after {len(CORE)} kills:"
            f" {len(oracle.read_rows(*ledgers))} records, each once"
        )
        answer = ours.cli(
            "sql", "SELECT sum(posts) AS posts FROM gold.sentiment_hourly", "--format", "csv"
        )
        say(f"docker compose run --rm cli sql: {answer.split()[-1]} posts in Gold")
        _down_and_up(ours)
        with flowing(settings, SECOND, seed=2, fast=SECOND) as (tap, sending):
            tap.is_open.set()  # no container is killed until then
            ledgers.append(sending.result())
        _await_gold(settings, ledgers)
        say("after down and up it went on where it had stopped: Gold is exact")
        _simulate(ours, settings, ledgers)
        _erase(ours, settings)
        looked_at = checks.assert_closed(ours, secrets)
        checks.assert_unreachable_from_outside(ours)
        checks.assert_store_asks_for_credentials(ours, settings)
        say(
            f"{looked_at} containers: none is root, all are read-only,"
            " all ports are loopback's, no secret shows"
        )
        _await(
            lambda: not checks.missing_from_prometheus(ours),
            120,
            "Prometheus' answers to the board",
        )
        say("Prometheus answers what the board asks")
    say(call("docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}").strip())


def _from_outside(ours: Project, home: Path) -> tuple[Settings, list[str]]:
    """Return settings that reach Kafka and the lake by published ports, and copies of secrets."""
    said = _secret(ours, "/run/echostream/s3/credentials")
    parsed = configparser.ConfigParser()
    parsed.read_string(said)
    credentials = {name.upper(): value for name, value in parsed["default"].items()}
    os.environ.update(credentials)
    (home / "keys").mkdir(mode=0o700)
    for name in ("pseudonym.key", "pseudonym.id"):
        (home / "keys" / name).touch(mode=0o600)
        (home / "keys" / name).write_text(
            _secret(ours, f"/run/echostream/keys/{name}"), encoding="ascii"
        )
    key = (home / "keys/pseudonym.key").read_text(encoding="ascii").strip().rpartition(":")[2]
    settings = Settings(
        home=home,
        lake="s3a://lake/echostream",
        # Bronze's job is killed meanwhile, so that a record may have to wait.
        kafka={
            "bootstrap_servers": f"localhost:{ours.ports['KAFKA_PORT']}",
            "delivery_timeout_s": 900,
        },
        s3={
            "endpoint": f"http://127.0.0.1:{ours.ports['S3_PORT']}",
            "timeout_s": 10,
            "attempts": 3,
        },
    )
    return settings, [credentials["AWS_SECRET_ACCESS_KEY"], key]


def _secret(ours: Project, file: str) -> str:
    return ours.compose("run", "--rm", "-T", "--entrypoint", "cat", "cli", file)


def _killed_while_posts_flow(ours: Project, settings: Settings, posts: int) -> Path:
    with flowing(settings, posts, seed=1, fast=int(posts * FLOW_FIRST)) as (tap, sending):
        _await(lambda: checks.has_gold(settings), _GOLD_S, "the first posts in Gold")
        for service in CORE:
            before = tap.sent
            ours.kill(service)
            time.sleep(5)
            ours.up(service)
            for each in CORE:
                ours.await_health(each)
            say(f"docker kill {service}: up again, {tap.sent - before} records were sent meanwhile")
            assert not sending.done(), "the posts ended before the kills"
        crashed = ours.inspect("streaming")
        os.kill(crashed["State"]["Pid"], signal.SIGKILL)
        _await(
            lambda: ours.inspect("streaming")["RestartCount"] > crashed["RestartCount"],
            60,
            "a restart",
        )
        ours.await_health("streaming")
        say("the streaming process killed from outside: Docker started it again")
        tap.is_open.set()
        return sending.result()


def _down_and_up(ours: Project) -> None:
    began = time.monotonic()
    ours.compose("stop", "streaming")
    state = ours.inspect("streaming")["State"]
    say(f"streaming stopped in {time.monotonic() - began:.0f} s with exit code {state['ExitCode']}")
    ours.compose("down")
    ours.up(*CORE)
    say("down and up: all are healthy")


def _simulate(ours: Project, settings: Settings, ledgers: list[Path]) -> None:
    """Run producers on simulated platforms, kill each in turn, find each post in Silver once."""
    known = {row["post_key"] for row in oracle.read_rows(*ledgers) if row["post_key"]}
    ours.with_simulators()
    before = {platform: checks.sent(settings, platform) for platform in checks.SIMULATED}
    ours.up(*(f"{platform}-simulator" for platform in checks.SIMULATED), *checks.SIMULATED)
    for platform in checks.SIMULATED:
        _await(
            lambda name=platform: checks.sent(settings, name) > before[name] + 10,
            240,
            f"posts of {platform}",
        )
        ours.kill(platform)
        ours.up(platform)
        say(f"docker kill {platform}: up again")
    found: dict = {}

    def all_there() -> bool:
        found.update(checks.simulated(settings, known))
        return not any(checks.lost_of_simulated(found).values())

    _await(all_there, _SIMULATED_S, "every simulated post in Silver")
    say(
        "simulated posts in Silver, each once: "
        f"{', '.join(f'{name} {len(found[name])}' for name in found)}"
    )


def _erase(ours: Project, settings: Settings) -> None:
    """Erase a person while the jobs run, by the command that a user would give."""
    platform, author_key, author = checks.busiest_author(settings)
    began = time.monotonic()
    ours.cli("erase", "--platform", platform, "--author", author)
    _await(lambda: not checks.held_of(settings, author_key), _ERASED_S, "an erasure")
    _await(
        lambda: 'unqueryable_at": "20' in ours.cli("receipts", "--json"), _ERASED_S, "its receipt"
    )
    say(
        "echostream erase: in no table any more, with a receipt,"
        f" after {time.monotonic() - began:.0f} s"
    )


def _await_gold(settings: Settings, ledgers: list[Path]) -> None:
    records = len(oracle.read_rows(*ledgers))
    _await(lambda: checks.is_in_gold(settings, records), _GOLD_S, f"{records} records in Gold")
    deadline = time.monotonic() + _REMOVALS_S
    while True:  # the job deletes rows of deleted authors after the batch
        try:
            assert_exact(settings, *ledgers)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(5)
        else:
            return


def _await(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"test-compose: {what} did not come")
        time.sleep(2)


if __name__ == "__main__":
    main()
