"""`echostream simulate`."""

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cli.input.signals import interrupt_on_sigterm
from foundation.errors import SettingsError, UsageError

try:
    from ingestion.simulators import SIMULATORS
    from ingestion.simulators.server.scenario import Scenario, load_scenario
except ImportError as error:
    raise SettingsError(
        f"simulators need {error.name}", remedy="pip install 'echostream[live]'"
    ) from None


def simulate(
    platform: Annotated[str, typer.Argument(help="bluesky, hackernews, mastodon, …")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")] = 0,
    scenario: Annotated[Path | None, typer.Option(help="TOML: posts over time, and faults")] = None,
    posts: Annotated[
        int | None, typer.Option(min=0, help="how many, instead of the scenario's")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="the same seed makes the same posts")] = None,
    *,
    host: Annotated[
        str, typer.Option(help="where it listens; in a container 0.0.0.0")
    ] = "127.0.0.1",
) -> None:
    """Serve a simulated platform until stopped; its address is the first line."""
    if platform not in SIMULATORS:
        raise UsageError(
            f"no simulator of {platform}", remedy="Name one of: " + ", ".join(SIMULATORS)
        )
    plot = load_scenario(scenario) if scenario else Scenario()
    plot = replace(
        plot, posts=plot.posts if posts is None else posts, seed=plot.seed if seed is None else seed
    )
    interrupt_on_sigterm()
    simulator = SIMULATORS[platform]
    with simulator.running(plot, host=host, port=port) as (address, _):
        print(address, flush=True)
        for name, value in simulator.secrets.items():
            print(f"ECHOSTREAM_CREDENTIALS__{platform.upper()}_{name.upper()}={value}", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
