"""Draws a service map as an SVG that is readable on light and on dark screens."""

from collections.abc import Iterator, Mapping
from html import escape
from math import log10, pi
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ops.commands.map import Node, ServiceMap, Traffic

_WIDTH, _HEIGHT = 200, 88
_CALLERS_WIDTH = 112
_GAP, _SPACE = 156, 24
_MARGIN, _HEAD, _FOOT = 24, 72, 44
_RING = 21
_LABEL, _PORTS = 92, 21
_SWEEPS = 8

_STYLE = """
  svg { --page: #ffffff; --card: #f6f8fa; --line: #d0d7de; --text: #1f2328; --soft: #59636e;
        --edge: #8c959f; --ok: #2da44e; --error: #d4a72c; --fault: #cf222e; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --card: #161b22; --line: #30363d; --text: #e6edf3; --soft: #9198a1;
          --edge: #6e7681; --ok: #3fb950; --error: #d29922; --fault: #f85149; }
  }
  text { font-family: -apple-system, BlinkMacSystemFont, "Segoe UI", Helvetica, Arial, sans-serif;
         font-size: 13px; fill: var(--soft); font-variant-numeric: tabular-nums; }
  .page { fill: var(--page); stroke: var(--line); }
  .card { fill: var(--card); stroke: var(--line); }
  .head { font-size: 20px; font-weight: 600; fill: var(--text); }
  .title { font-size: 16px; font-weight: 600; fill: var(--text); }
  .count { font-size: 13.5px; font-weight: 600; fill: var(--text); text-anchor: middle; }
  .ring { fill: none; stroke-width: 5; }
  .edge { fill: none; stroke: var(--edge); stroke-opacity: .75; }
  .label { text-anchor: middle; }
  .right { text-anchor: end; }
  .ok { stroke: var(--ok); } .error { stroke: var(--error); } .fault { stroke: var(--fault); }
  .dot.ok { fill: var(--ok); } .dot.error { fill: var(--error); } .dot.fault { fill: var(--fault); }
  .tip { fill: var(--edge); }
"""


class _Place(NamedTuple):
    """Where a node is: its sides, and its middle from above."""

    left: float
    right: float
    y: float


class _At(NamedTuple):
    """A point."""

    x: float
    y: float


def milliseconds(value: float) -> str:
    """A time for people: ``8.4 ms``, ``120 ms``, ``2.3 s``."""
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def draw(shown: "ServiceMap") -> str:
    """The map as an SVG: callers on the left, and from there in the direction of the calls."""
    columns = _columns(shown)
    tallest = max(map(len, columns))
    height = _HEAD + tallest * (_HEIGHT + _SPACE) - _SPACE + _FOOT
    middle = _HEAD + (height - _HEAD - _FOOT) / 2
    places: dict[Node, _Place] = {}
    right = _MARGIN - _GAP
    for column in columns:
        wide = max(_WIDTH if shown.nodes[node].requests else _CALLERS_WIDTH for node in column)
        left, right = right + _GAP, right + _GAP + wide
        for row, node in enumerate(column):
            y = middle + (row - (len(column) - 1) / 2) * (_HEIGHT + _SPACE)
            places[node] = _Place(left, right, y)
    width = right + _MARGIN
    title = f"Service map of Job Ledger, stage {shown.stage}"
    time = f"{shown.since:%Y-%m-%d %H:%M} to {shown.until:%H:%M} UTC"
    drawn = [
        f'<rect class="page" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="10"/>',
        f'<text class="head" x="{_MARGIN}" y="40">Job Ledger · {escape(shown.stage)}</text>',
        f'<text class="right" x="{width - _MARGIN}" y="40">{time}</text>',
        *_edges(shown, places),
        *(line for node, place in places.items() for line in _card(node, shown.nodes[node], place)),
        *_legend(height - 20),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            *drawn,
            "</svg>\n",
        ]
    )


def _columns(shown: "ServiceMap") -> list[list["Node"]]:
    """The nodes by their distance from the callers, ordered so that few calls cross."""
    depth = dict.fromkeys(shown.nodes, 0)
    # Calls go one way, so after as many rounds as there are nodes nothing moves any more.
    for _ in shown.nodes:
        for caller, called in shown.edges:
            depth[called] = max(depth[called], depth[caller] + 1)
    columns: list[list[Node]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in sorted(depth):
        columns[depth[node]].append(node)
    for sweep in range(_SWEEPS):
        rows = {
            node: row - (len(column) - 1) / 2
            for column in columns
            for row, node in enumerate(column)
        }
        forward = sweep % 2 == 0
        for column in columns:
            column.sort(key=lambda node: _mean(_neighbours(node, shown, forward), rows))
    return columns


def _neighbours(node: "Node", shown: "ServiceMap", forward: bool) -> list["Node"]:
    if forward:
        return [caller for caller, called in shown.edges if called == node]
    return [called for caller, called in shown.edges if caller == node]


def _mean(nodes: list["Node"], rows: Mapping["Node", float]) -> float:
    return sum(rows[node] for node in nodes) / len(nodes) if nodes else 0.0


def _edges(shown: "ServiceMap", places: Mapping["Node", _Place]) -> Iterator[str]:
    for (caller, called), traffic in shown.edges.items():
        leaving = sorted((to for by, to in shown.edges if by == caller), key=places.__getitem__)
        arriving = sorted((by for by, to in shown.edges if to == called), key=places.__getitem__)
        start = _At(places[caller].right, places[caller].y + _port(leaving, called))
        end = _At(places[called].left, places[called].y + _port(arriving, caller))
        turn, stop = start.x + _LABEL, end.x - 8
        bend = (stop - turn) / 2
        kind = "fault" if traffic.faults else "error" if traffic.errors else ""
        yield (
            f'<path class="edge {kind}" stroke-width="{1.2 + log10(traffic.requests or 1):.1f}"'
            f' d="M{start.x:.0f},{start.y:.1f} H{turn:.0f}'
            f" C{turn + bend:.0f},{start.y:.1f} {stop - bend:.0f},{end.y:.1f}"
            f' {stop:.0f},{end.y:.1f}"/>'
        )
        yield f'<path class="tip" d="M{end.x:.0f},{end.y:.1f} l-9,-4.5 v9 z"/>'
        yield from _label(traffic, start)


def _port(others: list["Node"], other: "Node") -> float:
    """How far below the middle of a node the way to or from another begins or ends."""
    return (others.index(other) - (len(others) - 1) / 2) * _PORTS


def _label(traffic: "Traffic", start: _At) -> Iterator[str]:
    half = traffic.quantile(50)
    text = f"{traffic.requests:,}" + ("" if half is None else f" · {milliseconds(half)}")
    at = f'x="{start.x + _LABEL / 2:.1f}" y="{start.y - 4.5:.1f}"'
    yield f'<text class="label" {at}>{text}</text>'


def _card(node: "Node", traffic: "Traffic", place: _Place) -> Iterator[str]:
    left, top, wide = place.left, place.y - _HEIGHT / 2, place.right - place.left
    yield f"<g><title>{escape(node.type)} {escape(node.name)}</title>"
    yield (
        f'<rect class="card" x="{left:.1f}" y="{top:.1f}" width="{wide}" height="{_HEIGHT}"'
        ' rx="10"/>'
    )
    if traffic.requests:
        text = left + 64
        yield from _ring(traffic, _At(left + 33, place.y))
        yield f'<text class="title" x="{text:.1f}" y="{top + 27:.1f}">{escape(node.title)}</text>'
        yield f'<text x="{text:.1f}" y="{top + 47:.1f}">{escape(node.role)}</text>'
        yield f'<text x="{text:.1f}" y="{top + 69:.1f}">{_times(traffic)}</text>'
    else:
        middle = f'x="{left + wide / 2:.1f}" y="{place.y + 5:.1f}"'
        yield f'<text class="title label" {middle}>{escape(node.title)}</text>'
    yield "</g>"


def _times(traffic: "Traffic") -> str:
    values = [value for percent in (50, 95, 99) if (value := traffic.quantile(percent)) is not None]
    times = [milliseconds(value) for value in values]
    if all(time.endswith(" ms") for time in times):
        times[:-1] = [time.removesuffix(" ms") for time in times[:-1]]
    return " / ".join(times)


def _ring(traffic: "Traffic", at: _At) -> Iterator[str]:
    """The number of requests, inside a ring that shows what became of them."""
    around = 2 * pi * _RING
    parts = {"fault": traffic.fault_rate, "error": traffic.error_rate}
    parts["ok"] = 1 - sum(parts.values())
    begun = 0.0
    for kind, share in parts.items():
        if share > 0:
            yield (
                f'<circle class="ring {kind}" cx="{at.x:.1f}" cy="{at.y:.1f}" r="{_RING}"'
                f' stroke-dasharray="{share * around:.1f} {around:.1f}"'
                f' transform="rotate({begun * 360 - 90:.1f} {at.x:.1f} {at.y:.1f})"/>'
            )
        begun += share
    count = _rounded(traffic.requests)
    yield f'<text class="count" x="{at.x:.1f}" y="{at.y + 4.5:.1f}">{count}</text>'


def _rounded(count: int) -> str:
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= unit:
            return f"{count / unit:.{0 if count >= 10 * unit else 1}f}{letter}"
    return str(count)


def _legend(y: float) -> Iterator[str]:
    x: float = _MARGIN
    for kind, text in (("ok", "success"), ("error", "4xx"), ("fault", "5xx")):
        yield f'<circle class="dot {kind}" cx="{x + 4:.0f}" cy="{y - 4:.0f}" r="4"/>'
        yield f'<text x="{x + 14:.0f}" y="{y:.0f}">{text}</text>'
        x += 30 + len(text) * 6.5
    key = "in a ring: requests · above a line: requests and p50 · in a box: p50 / p95 / p99"
    yield f'<text x="{x + 6:.0f}" y="{y:.0f}">{key}</text>'
