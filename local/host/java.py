"""The Java that the broker and Spark run on."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from foundation.errors import JavaError

OLDEST_JAVA = 17
_ANSWER_S = 30
_REMEDY = f"Install Java {OLDEST_JAVA} and put it on PATH, or set JAVA_HOME"


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that can be started."""

    program: str
    version: int


def find_java() -> Java:
    """Return JAVA_HOME's Java, else the one on PATH: the order that Spark's own scripts keep.

    Raises:
        JavaError: there is none, it does not start, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    program = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if program is None:
        raise JavaError("no Java on PATH", remedy=_REMEDY)
    try:
        answer = subprocess.run(
            [program, "-version"], capture_output=True, text=True, timeout=_ANSWER_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise JavaError(f"{program} does not start", remedy=_REMEDY) from None
    version = parse_version(answer.stderr + answer.stdout)
    if version is None:
        raise JavaError(f"{program} -version says no version", remedy=_REMEDY)
    if version < OLDEST_JAVA:
        raise JavaError(
            f"{program} is Java {version}, at least {OLDEST_JAVA} is needed", remedy=_REMEDY
        )
    return Java(program, version)


def parse_version(answer: str) -> int | None:
    """Return the major version that `java -version` prints; Java 8 calls itself 1.8."""
    match = re.search(r'version "(?:1\.)?(\d+)', answer)
    return int(match[1]) if match else None
