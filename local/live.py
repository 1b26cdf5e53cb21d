"""`make live WATCH=…`: follow words on platforms that need no account, up to a page in a browser.

It starts broker, producers, streams, API and dashboard on this machine's own lake; with --simulated
on a lake of its own, so that no made post is taken for a real one. Ctrl-C ends what it has started;
the data stays.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import orjson
from rich.console import Console
from rich.markup import escape

from foundation import clock
from foundation.conf_files import conf_dir, read_toml
from foundation.errors import EchoStreamError, JobFailedError, QueryError, UsageError
from foundation.settings import Settings, load_settings
from ingestion.config.keywords import parse_keywords
from ingestion.simulators import SIMULATORS
from ingestion.simulators.server.scenario import Scenario
from local import stack
from local.host.jars import ROOT
from local.host.processes import INTERRUPTIONS, undisturbed
from local.progress import Ticker
from local.servers import broker, services
from local.servers.background import log_of
from serving.sql import query

KEYLESS = ("bluesky", "hackernews", "mastodon")
_WATCHLIST = "live-watchlist.toml"
_NONE_YET = "no posts yet; the first ones take a minute or two"
_LOOK_EVERY_S = 5.0
_STOP_S = 60.0
_SCENARIO = Scenario(posts=6_000, seconds=1_800.0, edits=0.05, deletes=0.05)
_WHAT_STAYS = {
    False: "the posts stay, and the next `make live` goes on with them",
    True: "the made posts stay until the next `make live SIMULATED=1`",
}
_PER_PLATFORM = """
    SELECT platform, sum(posts)::BIGINT FROM gold.sentiment_hourly GROUP BY ALL ORDER BY platform"""


def main(words: Sequence[str]) -> int:
    """Follow the words until interrupted; return the exit code."""
    console = Console(highlight=False)
    for number in INTERRUPTIONS:
        signal.signal(number, signal.default_int_handler)
    options = _options(words)
    try:
        keywords = parse_keywords(options.watch)
        settings = load_settings(home=options.home)
        if options.simulated:
            settings = _apart(settings)
        started = ExitStack()
        try:
            _follow(settings, keywords, console, started, simulated=options.simulated)
        except KeyboardInterrupt:
            console.print("\nstopping; a batch that runs is waited for")
            raise
        finally:
            with undisturbed():
                started.close()
    except EchoStreamError as error:
        Console(stderr=True).print(
            f"error: {error.with_entry()}", markup=False, highlight=False, soft_wrap=True
        )
        return error.exit_code
    except KeyboardInterrupt:
        console.print(f"stopped; {_WHAT_STAYS[options.simulated]}")
    return 0


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make live", description=__doc__)
    parser.add_argument("--watch", required=True, help='such as: coffee OR "cold brew"')
    parser.add_argument("--home", help="the folder of all local state")
    parser.add_argument(
        "--simulated", action="store_true", help="made posts of simulated platforms, offline"
    )
    return parser.parse_args(words)


def _apart(settings: Settings) -> Settings:
    """Return settings of an empty home for made posts alone.

    A simulated platform begins anew each time, and its cursors of before would lie ahead of it.

    Raises:
        UsageError: a setting leads them to a place of the user's.
    """
    places = {
        "ECHOSTREAM_LAKE": settings.lake,
        "ECHOSTREAM_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "ECHOSTREAM_INGEST__STORE": settings.ingest.store,
        "ECHOSTREAM_API__DATABASE": settings.api.database,
    }
    for name, place in places.items():
        if place:
            raise UsageError(
                f"made posts do not go where {name} points", remedy="Leave that setting out"
            )
    apart = load_settings(home=settings.home / "simulated")
    in_use = broker.running(apart) or any(services.running(s, apart) for s in services.SERVICES)
    if not in_use:
        shutil.rmtree(apart.home, ignore_errors=True)
    return apart


def _follow(
    settings: Settings,
    keywords: tuple[str, ...],
    console: Console,
    started: ExitStack,
    *,
    simulated: bool,
) -> None:
    watchlist = write_watchlist(settings, keywords)
    if not broker.running(settings):
        started.callback(stack.down, settings)
    with Ticker("Kafka broker", console=console):
        stack.up(settings)
    for service in services.SERVICES:
        with Ticker(service.title, console=console):
            is_new = services.start(service, settings, _echostream(settings))
        if is_new:
            started.callback(services.stop, service, settings)
    streams = started.enter_context(_started(settings, "run"))
    producers = {}
    for platform in KEYLESS:
        url = started.enter_context(_simulator(platform, keywords)) if simulated else []
        producers[platform] = started.enter_context(
            _started(settings, "ingest", platform, *url, watchlist=watchlist)
        )
    where = "simulated " if simulated else ""
    console.print(f"\n[bold]{escape(' or '.join(keywords))}[/] on {where}{', '.join(KEYLESS)}")
    for what, place in (
        ("Dashboard", services.address(services.DASHBOARD, settings)),
        ("API", f"{services.address(services.API, settings)}/v1/query"),
        ("data", str(settings.home)),
        ("stop", "Ctrl-C"),
    ):
        console.print(f"  {what:<10} {place}", markup=False, soft_wrap=True)
    console.print()
    _watch(settings, streams, producers, console)


def write_watchlist(settings: Settings, keywords: tuple[str, ...]) -> Path:
    """Write the user's watchlists once more, with these words for the producers started here."""
    tables = read_toml(settings.ingest.watchlists or conf_dir() / "watchlists.toml")
    file = settings.home / _WATCHLIST
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for platform in KEYLESS:
        lines.append(f"[{platform}]")
        lists = tables.get(platform, {}) | {"keywords": keywords}
        # A list of texts is written alike in JSON and in TOML.
        lines += [f"{name} = {orjson.dumps(values).decode()}" for name, values in lists.items()]
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return file


def _echostream(settings: Settings) -> list[str]:
    return [sys.executable, "-m", "cli.main", "--home", str(settings.home)]


@contextmanager
def _started(
    settings: Settings, *words: str, watchlist: Path | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command beside this one, with its words in a log, and end it in the end."""
    env = dict(os.environ)
    if watchlist:
        env["ECHOSTREAM_INGEST__WATCHLISTS"] = str(watchlist)
    with log_of(settings.home / "logs" / f"live-{'-'.join(words[:2])}.out") as log:
        process = subprocess.Popen(
            [*_echostream(settings), *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=env,
            start_new_session=True,  # Ctrl-C is for this command, which ends them in order
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _simulator(platform: str, keywords: tuple[str, ...]) -> Iterator[list[str]]:
    scenario = replace(_SCENARIO, subjects=keywords)
    with SIMULATORS[platform].running(scenario) as (address, _):
        yield ["--base-url", address]


def _watch(
    settings: Settings,
    streams: "subprocess.Popen[bytes]",
    producers: dict[str, "subprocess.Popen[bytes]"],
    console: Console,
) -> None:
    """Show how many posts are in Gold whenever that has changed, until the streams end.

    Raises:
        JobFailedError: the streams ended, or every producer has.
    """
    shown = ""
    while streams.poll() is None:
        for platform in [name for name, process in producers.items() if process.poll() is not None]:
            del producers[platform]
            log = settings.home / "logs" / f"live-ingest-{platform}.out"
            console.print(f"{platform} has stopped; its log says why: {log}", soft_wrap=True)
        if not producers:
            raise JobFailedError("no platform answers", remedy="Is this machine on the internet?")
        line = _in_gold(settings)
        if line != shown:
            console.print(f"{clock.now().astimezone():%H:%M:%S}  in Gold: {line}", soft_wrap=True)
            shown = line
        with suppress(subprocess.TimeoutExpired):
            streams.wait(_LOOK_EVERY_S)
    log = settings.home / "logs" / "live-run.out"
    raise JobFailedError("the streaming jobs have ended", remedy=f"The error is in {log}")


def _in_gold(settings: Settings) -> str:
    try:
        rows = query(settings.lake_uri, _PER_PLATFORM).rows
    except QueryError:  # the lake has no Gold yet
        rows = []
    return ", ".join(f"{platform} {posts:,}" for platform, posts in rows) or _NONE_YET


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:]))
