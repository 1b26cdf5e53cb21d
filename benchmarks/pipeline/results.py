"""Store the figures as JSON. A part that is measured again replaces only its own figures.

`LATEST` has the figures of this machine and is not committed. The docs show `RECORD`, which is
committed, so that single parts can be measured again later.
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

# The parts, which are keys in the JSON. Only throughput's figures are at the top level.
PARTS = ("throughput", "steps", "growth", "latency", "backlog", "start", "latency_s3", "knobs")


def load(file: Path = LATEST) -> Figures:
    """Return the stored figures; none if there is no file."""
    figures: Figures = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return figures


def store(part: str, figures: Figures, about: Figures, file: Path = LATEST) -> Figures:
    """Replace a part's figures in the file, and return all figures."""
    of_part = figures if part == "throughput" else {part: figures}
    return write(merged(load(file), of_part | {"runs": {part: about}}), file)


def with_newer(record: Figures, latest: Figures) -> Figures:
    """Return the record, updated with parts that were measured later."""
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
    """Return the older figures, updated with the newer ones."""
    return older | newer | {"runs": older.get("runs", {}) | newer.get("runs", {})}


def write(figures: Figures, file: Path = RECORD) -> Figures:
    """Write the figures to a file and return them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    draft.replace(file)
    return figures


def machine() -> Figures:
    """Return the time, the code's version, and the machine's cores, load and Python."""
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
