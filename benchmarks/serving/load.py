"""Send requests over several connections without a pause.

The client is in Python and runs on another core than the server if there are two. It costs the
same for every server, so ratios within a run are valid.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass
class Load:
    """The result of a load."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    cpu_s: float = 0.0  # of the server

    @property
    def per_s(self) -> float:
        """Answered requests per second."""
        return len(self.latencies) / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's CPU time per request."""
        return self.cpu_s / len(self.latencies) * 1e6

    def percentile(self, share: float) -> float:
        """Return a quantile of the latencies in seconds, such as 0.99."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run(port: int, bodies: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Send requests for `seconds` over `connections`, and return the result."""
    return asyncio.run(_run(port, [_request(port, body) for body in bodies], connections, seconds))


def _request(port: int, body: bytes) -> bytes:
    head = (
        f"POST /v1/sentiment HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _run(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    load = Load()
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(
        *(_ask(port, requests[number::connections], until, load) for number in range(connections))
    )
    load.seconds = time.perf_counter() - began
    return load


async def _ask(port: int, requests: Sequence[bytes], until: float, load: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    number = 0
    while (began := time.perf_counter()) < until:
        writer.write(requests[number % len(requests)])
        number += 1
        head = await reader.readuntil(_END)
        at = head.lower().index(_LENGTH) + len(_LENGTH)
        await reader.readexactly(int(head[at : head.index(b"\r", at)]))
        load.latencies.append(time.perf_counter() - began)
        load.statuses[int(head[9:12])] += 1
    writer.close()
    await writer.wait_closed()
