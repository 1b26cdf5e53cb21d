"""Set up structured logs: JSON lines in a file, and short lines on the terminal.

Only named fields are logged. Logs never hold post text, personal data, or exception texts that
could quote them.
"""

import logging
import sys
from pathlib import Path

import structlog


def setup_logs(file: Path, level: str) -> None:
    """Log this process's events to `file` as JSON lines, and warnings also to standard error."""
    file.parent.mkdir(parents=True, exist_ok=True)
    to_file = logging.FileHandler(file, encoding="utf-8")
    to_file.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(), foreign_pre_chain=_CHAIN
        )
    )
    to_terminal = logging.StreamHandler(sys.stderr)
    to_terminal.setLevel(logging.WARNING)
    to_terminal.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.dev.ConsoleRenderer(colors=False), foreign_pre_chain=_CHAIN
        )
    )
    ours = logging.getLogger("echostream")
    for former in ours.handlers:
        former.close()
    ours.handlers = [to_file, to_terminal]
    ours.setLevel(level.upper())
    ours.propagate = False
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_CHAIN,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get_log(name: str) -> structlog.stdlib.BoundLogger:
    """Return a logger.

    >>> get_log("jobs").info("batch_done", job="bronze_to_silver", batch_id=7)
    """
    log: structlog.stdlib.BoundLogger = structlog.get_logger(f"echostream.{name}")
    return log


_CHAIN: list[structlog.types.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
