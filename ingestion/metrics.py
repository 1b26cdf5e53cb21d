"""Count what a producer does, for the terminal and for Prometheus."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from foundation.errors import PortInUseError, SettingsError

Labels = tuple[str, ...]


class Telemetry:
    """Counters and gauges of one producer; threads may count troubles at the same time."""

    def __init__(self, platform: str) -> None:
        self.platform = platform
        # payloads by fate; those `skipped`, `ignored` or `erased` were not sent
        self.records: Counter[str] = Counter()
        # failures by kind: http_429, timeout, half, not_json, closed, …
        self.troubles: Counter[str] = Counter()
        self.gaps: Counter[str] = Counter()  # by reason
        self.lag_s: float | None = None
        self.budget_left: dict[str, float] = {}
        self._lock = threading.Lock()

    def trouble(self, kind: str) -> None:
        """Count a failed or malformed answer of the platform."""
        with self._lock:
            self.troubles[kind] += 1

    def collect(self) -> "Iterator[object]":
        """Yield the metrics, as prometheus_client asks a collector for them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415  # an extra

        with self._lock:
            counted = (
                ("records", "Payloads by fate", "fate", Counter(self.records)),
                (
                    "troubles",
                    "Failed or malformed answers of the platform",
                    "kind",
                    Counter(self.troubles),
                ),
                ("gaps", "Gaps found in the sources", "reason", Counter(self.gaps)),
            )
        for name, help_text, label, counts in counted:
            family = CounterMetricFamily(
                f"echostream_ingest_{name}", help_text, labels=["platform", label]
            )
            for value, count in counts.items():
                family.add_metric([self.platform, value], count)
            yield family
        lag = GaugeMetricFamily(
            "echostream_ingest_lag_seconds", "Age of the newest post read", labels=["platform"]
        )
        if self.lag_s is not None:
            lag.add_metric([self.platform], self.lag_s)
        yield lag
        budget = GaugeMetricFamily(
            "echostream_ingest_budget_left", "Budget left", labels=["platform", "unit"]
        )
        for unit, left in self.budget_left.items():
            budget.add_metric([self.platform, unit], left)
        yield budget


@contextmanager
def metrics_server(telemetry: Telemetry, port: int, *, host: str = "127.0.0.1") -> "Iterator[None]":
    """Serve the metrics over HTTP inside the `with` block; port 0 serves nothing.

    Raises:
        SettingsError: prometheus-client is not installed.
        PortInUseError: another program has the port.
    """
    if not port:
        yield
        return
    try:
        from prometheus_client import start_http_server  # noqa: PLC0415  # an extra
        from prometheus_client.registry import CollectorRegistry  # noqa: PLC0415  # an extra
    except ImportError:
        raise SettingsError(
            "ingest.metrics_port needs prometheus-client", remedy="pip install echostream[live]"
        ) from None
    registry = CollectorRegistry()
    registry.register(telemetry)  # type: ignore[arg-type]  # a collector by its shape
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError:
        raise PortInUseError(
            f"port {port} is in use",
            remedy="Set ingest.metrics_port to another port, or to 0 for no metrics",
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
