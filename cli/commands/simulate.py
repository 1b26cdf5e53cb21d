"""`echostream simulate`."""

import json
import shlex
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cli.context import Options, settings_of
from cli.input.signals import interrupt_on_sigterm
from foundation.errors import SettingsError, UsageError
from ingestion.config.credentials import variable_of

try:
    from ingestion.simulators import SIMULATORS
    from ingestion.simulators.server.base import Simulator
    from ingestion.simulators.server.scenario import Scenario, load_scenario
except ImportError as error:
    raise SettingsError(
        f"simulators need {error.name}", remedy="pip install 'echostream[live]'"
    ) from None

_DAY_S = 86_400.0


def simulate(
    context: typer.Context,
    platform: Annotated[str, typer.Argument(help=f"one of {', '.join(SIMULATORS)}")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port")] = 0,
    scenario: Annotated[
        Path | None, typer.Option(help="a TOML file: posts over time, and faults")
    ] = None,
    *,
    posts: Annotated[
        int | None, typer.Option(min=0, help="number of posts, instead of the scenario's")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="the same seed makes the same posts")] = None,
    host: Annotated[
        str, typer.Option(help="where it listens; in a container 0.0.0.0")
    ] = "127.0.0.1",
) -> None:
    """Serve a simulated platform until stopped.

    Its address is the first line. The last one is the command that reads from it.
    """
    if platform not in SIMULATORS:
        raise UsageError(
            f"no simulator of {platform}", remedy="Name one of: " + ", ".join(SIMULATORS)
        )
    plot = load_scenario(scenario) if scenario else Scenario()
    plot = replace(
        plot, posts=plot.posts if posts is None else posts, seed=plot.seed if seed is None else seed
    )
    home = settings_of(context).home
    interrupt_on_sigterm()
    simulator = SIMULATORS[platform]
    with simulator.running(plot, host=host, port=port) as (address, _):
        print(address, flush=True)
        for name, value in simulator.secrets.items():
            print(f"{variable_of(platform, name)}={value}", flush=True)
        command = reading_command(
            simulator,
            address,
            program=_program(context.obj, home),
            watchlists=write_watchlist(simulator, home),
            look_back_s=min(_DAY_S, plot.window_s / 2),
        )
        print("To read from it, paste this line where Kafka runs (echostream up):", flush=True)
        print(command, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def reading_command(
    simulator: Simulator,
    address: str,
    *,
    program: Sequence[str],
    watchlists: Path | None,
    look_back_s: float,
) -> str:
    """Return the line for a shell that reads once from a simulator, with all that it asks for.

    Args:
        simulator: which is running.
        address: where.
        program: the words that start this program with the same options.
        watchlists: the file that says what to read; None: that of the settings.
        look_back_s: how far back the first run reads, so that it finds the posts of before, too.
    """
    settings = {"ECHOSTREAM_INGEST__LOOK_BACK_S": f"{look_back_s:g}"}
    if watchlists:
        settings["ECHOSTREAM_INGEST__WATCHLISTS"] = str(watchlists)
    for name, text in simulator.secrets.items():
        settings[variable_of(simulator.name, name)] = text
    words = [*program, "ingest", simulator.name, "--once", "--base-url", address]
    return " ".join(
        [*(f"{name}={shlex.quote(text)}" for name, text in settings.items()), shlex.join(words)]
    )


def write_watchlist(simulator: Simulator, home: Path) -> Path | None:
    """Write a watchlist for the simulator alone, since a user's own may ask for other posts.

    Returns:
        The file; None where none can be written and the simulator needs none.

    Raises:
        UsageError: it needs one, and none can be written.
    """
    file = home / f"simulated-{simulator.name}.toml"
    # A list of texts is written alike in JSON and in TOML.
    lists = [f"{name} = {json.dumps(values)}" for name, values in simulator.watchlist.items()]
    try:
        home.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join([f"[{simulator.name}]", *lists, ""]), encoding="utf-8")
    except OSError as error:
        if not lists:
            return None
        raise UsageError(
            f"cannot write {file} ({error.strerror})", remedy="Set ECHOSTREAM_HOME to a folder"
        ) from None
    return file


def _program(options: Options, home: Path) -> list[str]:
    """Return the words that start this program from any folder with the same settings."""
    called = Path(sys.argv[0])
    is_script = called.name == "echostream"
    program = [str(called.absolute())] if is_script else [sys.executable, "-m", "cli.main"]
    conf_file = ["--conf-file", str(options.conf_file.absolute())] if options.conf_file else []
    return [*program, *conf_file, "--home", str(home)]
