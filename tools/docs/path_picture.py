"""Draw docs/pictures/path.svg, the path of a post, for light and dark backgrounds.

Words are on filled boxes, and the grey of lines is visible on white and on black.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_WIDTH = 760
_HEIGHT = 380
_BOX = (132, 62)  # width, height
_STEP = _BOX[0] + 25  # from a box to the next one
_PATH_Y = 108
_BELOW_Y = 212
_LAST_Y = 312
_LINE = "#7d8590"
_ERASURE = "#c2413b"
_STYLE = f"""\
text {{ font-family: -apple-system, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }}
.name {{ font-size: 15px; font-weight: 600; fill: #ffffff; text-anchor: middle; }}
.what {{ font-size: 12px; fill: #ffffff; text-anchor: middle; }}
.hop {{ font-size: 12px; fill: {_LINE}; text-anchor: middle; }}
.line {{ stroke: {_LINE}; stroke-width: 2; fill: none; marker-end: url(#head); }}
.erasure {{ stroke: {_ERASURE}; stroke-width: 2; stroke-dasharray: 5 4; fill: none; \
marker-end: url(#cut); }}"""


@dataclass(frozen=True, slots=True)
class Box:
    """A store or a service: its position, name and content."""

    column: float
    y: int
    name: str
    what: str
    colour: str

    @property
    def x(self) -> float:
        """The left edge."""
        return self.column * _STEP

    @property
    def middle(self) -> float:
        """The horizontal centre."""
        return self.x + _BOX[0] / 2


PRODUCERS = Box(0, _PATH_Y, "Producers", "of nine platforms", "#57606a")
KAFKA = Box(1, _PATH_Y, "Kafka", "topic per platform", "#3d4451")
BRONZE = Box(2, _PATH_Y, "Bronze", "as received", "#9a5b23")
SILVER = Box(3, _PATH_Y, "Silver", "clean and scored", "#5b6b8c")
GOLD = Box(4, _PATH_Y, "Gold", "hourly sums", "#8a6d12")
QUARANTINE = Box(3, _BELOW_Y, "Quarantine", "bad, with a reason", "#6e4a7e")
READER = Box(4, _BELOW_Y, "Reader", "one pinned version", "#1f6f5c")
SQL = Box(4, _LAST_Y, "SQL, exports", "echostream sql", "#1f6f5c")
API = Box(3, _LAST_Y, "HTTP API", "echostream serve", "#1f6f5c")
DASHBOARD = Box(2, _LAST_Y, "Dashboard", "asks the API alone", "#1f6f5c")
BOXES = (PRODUCERS, KAFKA, BRONZE, SILVER, GOLD, QUARANTINE, READER, SQL, API, DASHBOARD)
HOPS = (
    (PRODUCERS, KAFKA, "ingest"),
    (KAFKA, BRONZE, "topic_to_bronze"),
    (BRONZE, SILVER, "bronze_to_silver"),
    (SILVER, GOLD, "silver_to_gold"),
)
ERASED = (PRODUCERS, BRONZE, SILVER, GOLD)


def path_picture() -> str:
    """Return the picture as SVG, always with the same bytes."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        ' aria-labelledby="title">',
        '<title id="title">The path of a post: producers, Kafka, Bronze, Silver, Gold, reader,'
        " SQL and API; bad records go to quarantine; an erasure reaches each layer</title>",
        f"<style>{_STYLE}</style>",
        f"<defs>{_head('head', _LINE)}{_head('cut', _ERASURE)}</defs>",
        *_erasure(),
        *(line for hop in HOPS for line in _hop(*hop)),
        *_side_ways(),
        *(line for box in BOXES for line in _box(box)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _head(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        f' orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="{colour}"/></marker>'
    )


def _box(box: Box) -> Iterator[str]:
    yield (
        f'<rect x="{box.x:g}" y="{box.y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="8"'
        f' fill="{box.colour}"/>'
    )
    yield f'<text class="name" x="{box.middle:g}" y="{box.y + 27}">{box.name}</text>'
    yield f'<text class="what" x="{box.middle:g}" y="{box.y + 46}">{box.what}</text>'


def _hop(source: Box, target: Box, job: str) -> Iterator[str]:
    y = source.y + _BOX[1] // 2
    middle = (source.x + _BOX[0] + target.x) / 2
    yield _line("line", (source.x + _BOX[0], y), (target.x - 2, y))
    yield f'<text class="hop" x="{middle:g}" y="{source.y - 8}">{job}</text>'


def _erasure() -> Iterator[str]:
    """Yield the box of an erasure, and an arrow to each layer that deletes."""
    width = GOLD.x + _BOX[0]
    yield f'<rect x="0" y="8" width="{width:g}" height="34" rx="8" fill="{_ERASURE}"/>'
    words = "Erasure: tombstones reach every layer, each job signs what it deleted"
    yield f'<text class="name" x="{width / 2:g}" y="30">{words}</text>'
    for box in ERASED:
        yield _line("erasure", (box.middle, 42), (box.middle, _PATH_Y - 3))
    yield f'<text class="hop" x="{KAFKA.middle:g}" y="66">ends by retention</text>'


def _side_ways() -> Iterator[str]:
    bottom = _PATH_Y + _BOX[1]
    yield _line("line", (SILVER.middle, bottom), (QUARANTINE.middle, _BELOW_Y - 2))
    yield _line("line", (SILVER.middle + 50, bottom), (READER.x + 16, _BELOW_Y - 2))
    yield _line("line", (GOLD.middle, bottom), (READER.middle, _BELOW_Y - 2))
    below = _BELOW_Y + _BOX[1]
    yield _line("line", (READER.middle, below), (SQL.middle, _LAST_Y - 2))
    yield _line("line", (READER.x + 16, below), (API.middle + 50, _LAST_Y - 2))
    level = _LAST_Y + _BOX[1] // 2
    yield _line("line", (API.x, level), (DASHBOARD.x + _BOX[0] + 2, level))


def _line(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    return f'<path class="{kind}" d="M{start[0]:g},{start[1]:g} L{end[0]:g},{end[1]:g}"/>'
