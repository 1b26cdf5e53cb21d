"""`make demo`: made posts and three simulated platforms, from Kafka to Gold and to the dashboard.

All of it is under build/demo.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from foundation.errors import ConservationError, EchoStreamError, JobFailedError
from foundation.settings import Settings, load_settings
from ingestion.generator import run_generator
from ingestion.kafka.producer import Producer
from local import stack
from local.demo import picture
from local.demo.platforms import SIMULATED, count, live_platforms
from local.demo.report import show_commands, show_live, show_results
from local.host.jars import ROOT
from local.host.ports import free_ports
from local.host.processes import INTERRUPTIONS, end, recall, remember, undisturbed
from local.progress import Ticker
from local.servers import services

HOME = ROOT / "build" / "demo"
POSTS = 20_000
SEED = 7
_KEEP = "--keep"
_STOP = "--stop"
_CONF_NAME = "demo.toml"
_CONF = HOME / _CONF_NAME
_PID_FILE = HOME / "run.pid"
_PATIENCE_S = 60.0
_UI_S = 60.0
_UI_LINE = "its UI at "
_INTRODUCTION = """\
[bold]EchoStream's demo[/]
Made posts go through Kafka into the Bronze, Silver and Gold tables, on this machine alone.
It needs no account and takes some minutes. Everything stays below build/demo.
"""
_NOISE = "Using incubator modules"  # Java's word for what Spark asks it for
# Batches small enough to watch, so that posts meet their edits in Silver.
_SETTINGS = """home = "{home}"

[broker]
port = {broker}
controller_port = {controller}

[api]
port = {api}

[dashboard]
port = {dashboard}

[spark]
java_options = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"

[stream]
trigger_s = 5
max_records_per_batch = 13000
max_files_per_batch = 16

[ingest]
poll_s = 1
"""


def main(words: list[str]) -> int:
    """Run the demo; its exit code."""
    console = Console(highlight=False)
    for name in [name for name in os.environ if name.startswith("ECHOSTREAM_")]:
        del os.environ[name]  # the demo stands alone: no lake or broker of the user's
    for number in INTERRUPTIONS:
        signal.signal(number, signal.default_int_handler)
    try:
        _stop_all()
        if _STOP not in words:
            _demo(console, keep=_KEEP in words)
    except EchoStreamError as error:
        Console(stderr=True).print(
            f"error: {error.with_entry()}", markup=False, highlight=False, soft_wrap=True
        )
        return error.exit_code
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    return 0


def _demo(console: Console, *, keep: bool) -> None:
    began = time.monotonic()
    console.print(_INTRODUCTION)
    shutil.rmtree(HOME, ignore_errors=True)
    settings = new_settings(HOME)
    kept = False
    try:
        with Ticker("Kafka broker", console=console):
            stack.up(settings)
        with live_platforms(settings) as live:
            generated = _generate(settings, console)
            with Ticker(f"Read live from simulated {', '.join(SIMULATED)}", console=console):
                read = live()
        _run_all(console)
        show_live(console, read)
        whole = show_results(settings, console, sent=generated + count(read))
        _show_dashboard(settings, console)
        console.print(f"\n[dim]{time.monotonic() - began:.0f} s from the broker's start to here[/]")
        if keep:
            _keep(settings, console)
            kept = True
        show_commands(settings, console)
        _show_what_stays(console, kept=kept)
        if not whole:
            raise ConservationError(
                "the demo's fates do not add up", remedy=f"Its state is in {HOME}: report it"
            )
    finally:
        if not kept:
            _stop_all()


def new_settings(home: Path) -> Settings:
    """Write settings to a file, so that every command can be pointed to this stack."""
    names = ("broker", "controller", "api", "dashboard")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    home.mkdir(parents=True)
    conf = home / _CONF_NAME
    conf.write_text(_SETTINGS.format(home=home, **ports), encoding="utf-8")
    return load_settings(conf)


def _generate(settings: Settings, console: Console) -> int:
    with (
        Producer(settings) as producer,
        Ticker("Posts into Kafka", unit="records", console=console) as ticker,
    ):
        return run_generator(
            settings, producer, n_posts=POSTS, seed=SEED, progress=ticker.to
        ).records


def _run_all(console: Console) -> None:
    """Run all hops, in a process of their own, which a Ctrl-C on the terminal reaches as well."""
    with Ticker("Kafka to Gold", console=console), _started("--available-now") as run:
        for line in run.stdout or ():
            if _NOISE not in line:
                console.print(f"  {line.rstrip()}", markup=False, soft_wrap=True)
        if run.wait():
            raise JobFailedError(
                "the streaming jobs failed",
                remedy=f"The error is above; logs are in {HOME / 'logs'}",
            )


def _started(*words: str) -> "subprocess.Popen[str]":
    run = subprocess.Popen(
        _command("run", *words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    remember(run.pid, _PID_FILE)
    return run


def _show_dashboard(settings: Settings, console: Console) -> None:
    """Start API and dashboard over the lake, and take a picture of the first page."""
    for service in services.SERVICES:
        with Ticker(service.title, console=console):
            services.start(service, settings, _command())
    program = picture.browser()
    console.print("\n[bold]Dashboard[/]")
    if program is None:
        console.print(
            f"  no picture, because none of {', '.join(picture.BROWSERS)} is installed;"
            " `make demo KEEP=1` leaves the dashboard open to any browser",
            soft_wrap=True,
        )
        return
    file = HOME / "dashboard.png"
    if picture.take_picture(program, services.address(services.DASHBOARD, settings), file):
        console.print(f"  picture   {file.relative_to(ROOT)}", soft_wrap=True)
    else:
        console.print(f"  no picture, because {program} does not start", soft_wrap=True)


def _keep(settings: Settings, console: Console) -> None:
    """Go on in the background: new posts are taken in as they come."""
    log = settings.home / "logs" / "run.out"
    with log.open("w", encoding="utf-8") as out:
        run = subprocess.Popen(
            _command("run"),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    remember(run.pid, _PID_FILE)
    ui = ""
    deadline = time.monotonic() + _UI_S
    while not ui and run.poll() is None and time.monotonic() < deadline:
        ui = log.read_text(encoding="utf-8").partition(_UI_LINE)[2].partition(";")[0]
        time.sleep(0.5)
    if run.poll() is not None:
        raise JobFailedError("the streaming jobs did not stay up", remedy=f"The error is in {log}")
    me = f".venv/bin/echostream --conf-file {_CONF.relative_to(ROOT)}"
    console.print("\n[bold]Still running[/]")
    dashboard = services.address(services.DASHBOARD, settings)
    api = services.address(services.API, settings)
    console.print(f"  dashboard   {dashboard}", soft_wrap=True)
    console.print(f"  API         {api}/v1/query", soft_wrap=True)
    console.print(f"  Kafka       {settings.bootstrap_servers}", soft_wrap=True)
    console.print(f"  Spark UI    {ui or 'see ' + str(log)}", soft_wrap=True)
    console.print(f"  more posts  {me} generate --posts 1000 --seed 8", soft_wrap=True)
    console.print(f"  progress    {me} status", soft_wrap=True)
    console.print("  stop all    make demo-stop")


def _show_what_stays(console: Console, *, kept: bool) -> None:
    console.print("\n[bold]Go on[/]")
    if not kept:
        console.print(
            "  The servers stop now; the tables stay until the next demo. `make demo KEEP=1` leaves"
            " all of it running.",
            soft_wrap=True,
        )
    console.print(
        "  docs/start/demo.md explains this output; docs/start/quickstart.md makes a lake of your"
        " own.",
        soft_wrap=True,
    )


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", "--conf-file", str(_CONF), *words]


def _stop_all() -> None:
    """End what this or an earlier demo started."""
    with undisturbed():
        run = recall(_PID_FILE)
        if run:
            end(run, patience_s=_PATIENCE_S)
        if _CONF.exists():
            with suppress(EchoStreamError):
                settings = load_settings(_CONF)
                for service in reversed(services.SERVICES):
                    services.stop(service, settings)
                stack.down(settings)


if __name__ == "__main__":
    os.chdir(Path(ROOT))
    sys.exit(main(sys.argv[1:]))
