"""The figures as JSON; a part that is measured again replaces its own figures alone.

A machine's figures stay on it, in `LATEST`. The docs show those in `RECORD`, which is
committed: it outlives the machine, and a part of it may be measured again without the others.
"""

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from foundation import clock

LATEST = Path(__file__).parents[1] / "results" / "latest.json"
RECORD = Path(__file__).parents[1] / "pipeline_figures.json"
Figures = dict[str, Any]

# The names of a part's figures in the JSON; throughput's stand at the top, as the first to be read.
PARTS = ("throughput", "steps", "growth", "latency", "backlog", "start", "latency_s3", "knobs")


def load(file: Path = LATEST) -> Figures:
    """Load the figures so far."""
    figures: Figures = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return figures


def store(part: str, figures: Figures, about: Figures, file: Path = LATEST) -> Figures:
    """Put a part's figures in place of its former ones; all that is known then."""
    of_part = figures if part == "throughput" else {part: figures}
    return write(merged(load(file), of_part | {"runs": {part: about}}), file)


def with_newer(record: Figures, latest: Figures) -> Figures:
    """Return the record with those parts that were measured later."""
    runs = record.get("runs", {})
    later = {
        part
        for part, run in latest.get("runs", {}).items()
        if run["at"] > runs.get(part, {}).get("at", "")
    }
    figures = {name: figure for name, figure in latest.items() if _part_of(name) in later}
    return merged(record, figures | {"runs": {part: latest["runs"][part] for part in later}})


def _part_of(name: str) -> str:
    return name if name in PARTS else "throughput"


def merged(older: Figures, newer: Figures) -> Figures:
    """Return the figures with newly measured parts in place of their former ones."""
    return older | newer | {"runs": older.get("runs", {}) | newer.get("runs", {})}


def write(figures: Figures, file: Path = RECORD) -> Figures:
    """Keep them; the same figures."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    draft.replace(file)
    return figures


def machine() -> Figures:
    """Return when and where, and what else the machine was doing."""
    code = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "at": clock.now().isoformat(timespec="seconds"),
        "code": code.stdout.strip(),
        "cores": os.cpu_count(),
        "load_1m": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }
