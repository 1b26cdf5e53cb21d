"""Count requests for Prometheus. Labels are route templates and codes, never clients' words."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "echostream_api_requests",
            "Requests by route template and status",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "echostream_api_request_seconds",
            "Time from a request's headers to the end of its answer",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "echostream_api_in_flight", "Requests that run now", registry=self.registry
        )
        self.texts = Counter(
            "echostream_api_texts", "Texts that were scored", registry=self.registry
        )
        self._by_labels: dict[tuple[str, str, int], Counter] = {}
        self._by_route: dict[str, Histogram] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        labels = (method, route, status)
        counter = self._by_labels.get(labels)
        if counter is None:
            counter = self._by_labels[labels] = self._requests.labels(method, route, str(status))
        counter.inc()
        histogram = self._by_route.get(route)
        if histogram is None:
            histogram = self._by_route[route] = self._seconds.labels(route)
        histogram.observe(seconds)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
