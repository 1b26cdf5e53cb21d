"""Define the look of pages and charts, light and dark: colours, theme and style sheet."""

from dataclasses import dataclass
from typing import Any

# Each label has a sign beside its colour, for readers who cannot tell the colours apart.
SIGNS = {"positive": "+", "neutral": "=", "negative": "\N{MINUS SIGN}", "mixed": "±"}


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme. Each has a contrast of at least 3 with the background."""

    accent: str
    text: str
    muted: str
    grid: str
    link: str
    labels: dict[str, str]


LIGHT = Palette(
    accent="#0F766E",
    text="#1C2430",
    muted="#5B6472",
    grid="#E4E8ED",
    link="#0B5E8E",
    labels={
        "positive": "#0072B2",
        "neutral": "#767676",
        "negative": "#D55E00",
        "mixed": "#8A4FA3",
    },
)
DARK = Palette(
    accent="#4DB6AC",
    text="#E7ECF1",
    muted="#A3AFBC",
    grid="#2B343F",
    link="#7FC4EE",
    labels={
        "positive": "#56A8DC",
        "neutral": "#9AA3AD",
        "negative": "#F0883E",
        "mixed": "#BE8AD4",
    },
)


def palette(theme: str | None) -> Palette:
    """Return the colours of a theme of Streamlit, `light` or `dark`."""
    return DARK if theme == "dark" else LIGHT


_BOTH = {
    "theme.font": "sans-serif",
    "theme.baseRadius": "0.5rem",
    "theme.baseFontSize": 15,
    "theme.showWidgetBorder": True,
    "theme.headingFontWeights": [650, 600, 600],
}
_THEMES = {
    "light": {
        "primaryColor": LIGHT.accent,
        "backgroundColor": "#FFFFFF",
        "secondaryBackgroundColor": "#F5F7F9",
        "textColor": LIGHT.text,
        "linkColor": LIGHT.link,
        "borderColor": LIGHT.grid,
        "sidebar.backgroundColor": "#F5F7F9",
        "sidebar.secondaryBackgroundColor": "#FFFFFF",
    },
    "dark": {
        "primaryColor": DARK.accent,
        "backgroundColor": "#10161D",
        "secondaryBackgroundColor": "#19212A",
        "textColor": DARK.text,
        "linkColor": DARK.link,
        "borderColor": DARK.grid,
        "sidebar.backgroundColor": "#151C24",
        "sidebar.secondaryBackgroundColor": "#1E2731",
    },
}


def theme_options() -> dict[str, Any]:
    """Return Streamlit's options for both themes. The browser's setting selects one."""
    return _BOTH | {
        f"theme.{theme}.{name}": value
        for theme, options in _THEMES.items()
        for name, value in options.items()
    }


def chart_config(colours: Palette) -> dict[str, Any]:
    """Return Vega-Lite's configuration of every chart."""
    quiet = {
        "domain": False,
        "gridColor": colours.grid,
        "labelColor": colours.muted,
        "labelFontSize": 12,
        "ticks": False,
        "titleColor": colours.muted,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelPadding": 8,
    }
    return {
        "axis": quiet,
        "axisX": {"grid": False, "labelFlush": False},
        "background": None,
        "font": "Source Sans, sans-serif",
        "legend": {
            "labelColor": colours.text,
            "labelFontSize": 12,
            "orient": "top",
            "symbolType": "square",
            "title": None,
        },
        "view": {"stroke": None},
    }


def style_sheet(colours: Palette) -> str:
    """Return the pages' CSS rules. Elements without a rule have the theme's colours."""
    own = {f"--es-{label}": colour for label, colour in colours.labels.items()}
    own |= {
        "--es-accent": colours.accent,
        "--es-muted": colours.muted,
        "--es-link": colours.link,
    }
    values = "".join(f"{name}:{value};" for name, value in own.items())
    return f"<style>:root{{{values}}}{_RULES}</style>"


_RULES = """
:root { --es-line: color-mix(in srgb, currentColor 14%, transparent); }
.stMainBlockContainer { max-width: 1240px; padding-top: 2.5rem; padding-bottom: 4rem; }
.stSidebar[aria-expanded="false"] { visibility: hidden; }
.es-wordmark { font-size: 1.3rem; font-weight: 700; letter-spacing: -0.02em; line-height: 1.2; }
.es-wordmark span { color: var(--es-accent); }
.st-key-pages { gap: 0.15rem; margin: 0.4rem 0 0.8rem; }
.st-key-pages a { padding: 0.4rem 0.6rem; }
.es-title { font-size: 1.7rem; font-weight: 650; letter-spacing: -0.02em; line-height: 1.2;
  margin: 0; padding: 0; }
.es-muted { color: var(--es-muted); font-size: 0.87rem; line-height: 1.45; margin: 0; }
.es-panel { font-size: 1.05rem; font-weight: 620; margin: 0.6rem 0 0; padding: 0; }
.es-tiles { display: grid; gap: 0.8rem; margin: 0.2rem 0 !important; padding: 0 !important;
  grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.es-tile { border: 1px solid color-mix(in srgb, currentColor 14%, transparent);
  border-radius: 0.6rem; padding: 0.85rem 1rem 0.8rem; }
.es-tile dt { color: var(--es-muted); font-size: 0.85rem; font-weight: 500; }
.es-tile dd { margin: 0; }
.es-tile .es-value { font-size: 1.65rem; font-weight: 640; letter-spacing: -0.02em;
  line-height: 1.25; font-variant-numeric: tabular-nums; }
.es-tile .es-change { color: var(--es-muted); font-size: 0.82rem; }
.es-table-box { max-height: 24rem; overflow: auto; }
.es-table { border-collapse: collapse; font-size: 0.87rem; width: 100%;
  font-variant-numeric: tabular-nums; }
.es-table th, .es-table td { border: 0;
  border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent);
  padding: 0.45rem 0.8rem 0.45rem 0; text-align: left; overflow-wrap: anywhere; }
.es-table th { color: var(--es-muted); font-weight: 560; overflow-wrap: normal; }
.es-table .es-number { padding-left: 0.8rem; padding-right: 0; text-align: right;
  white-space: nowrap; }
.es-post { border-bottom: 1px solid color-mix(in srgb, currentColor 12%, transparent);
  max-width: 54rem; padding: 0.95rem 0; }
.es-post:last-child { border-bottom: 0; }
.es-post header { align-items: baseline; color: var(--es-muted); display: flex; flex-wrap: wrap;
  font-size: 0.85rem; gap: 0.2rem 0.7rem; }
.es-post .es-post-title { font-weight: 620; }
.es-post p { line-height: 1.5; margin: 0.3rem 0 0; overflow-wrap: anywhere;
  white-space: pre-line; }
.es-post a, .es-state a { color: var(--es-link); }
.es-post .es-withheld { color: var(--es-muted); font-style: italic; }
.es-name { font-weight: 600; color: color-mix(in srgb, currentColor 100%, transparent); }
.es-chip { border: 1px solid var(--es-chip, var(--es-muted)); border-radius: 1rem;
  padding: 0 0.55rem; white-space: nowrap; }
.es-chip b { color: var(--es-chip, inherit); font-weight: 700; }
.es-positive { --es-chip: var(--es-positive); }
.es-neutral { --es-chip: var(--es-neutral); }
.es-negative { --es-chip: var(--es-negative); }
.es-mixed { --es-chip: var(--es-mixed); }
.es-state { border: 1px solid color-mix(in srgb, currentColor 14%, transparent);
  border-radius: 0.6rem; margin: 1rem 0; max-width: 42rem; padding: 1.4rem 1.6rem; }
.es-state h2 { font-size: 1.15rem; font-weight: 640; margin: 0 0 0.4rem; padding: 0; }
.es-state p { line-height: 1.55; margin: 0.4rem 0 0; }
.es-state code { background: color-mix(in srgb, currentColor 8%, transparent); color: inherit;
  border-radius: 0.3rem; overflow-wrap: anywhere; padding: 0.12rem 0.35rem; }
.es-bar { background: color-mix(in srgb, currentColor 12%, transparent); border-radius: 0.3rem;
  height: 0.5rem; overflow: hidden; width: 100%; min-width: 5rem; }
.es-bar i { background: var(--es-accent); display: block; height: 100%; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding: 4rem 1rem 3rem; }
  .es-table th, .es-table td { min-width: 6.5rem; }
  .es-table th:first-child, .es-table td:first-child { min-width: 8.5rem; }
  .es-tiles { grid-template-columns: 1fr 1fr; gap: 0.6rem; }
  .es-tile { padding: 0.7rem 0.8rem; }
  .es-tile:last-child:nth-child(odd) { grid-column: 1 / -1; }
  .es-tile .es-value { font-size: 1.35rem; }
}
"""
