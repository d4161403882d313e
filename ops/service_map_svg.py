"""Draws a service graph as an SVG for light and dark screens."""

from collections.abc import Iterator, Mapping
from html import escape
from math import log10, pi
from typing import NamedTuple

from infra.spec.service import SERVICE_TITLE
from ops.durations import format_milliseconds
from ops.service_graph import PERCENTILES, Node, ServiceGraph, Traffic

# Lengths in the picture's units.
_CARD_WIDTH, _CALLERS_WIDTH, _CARD_HEIGHT = 216, 112, 88
_COLUMN_GAP, _ROW_GAP = 156, 24
_MARGIN, _HEADER, _FOOTER = 24, 72, 44
_RING_RADIUS = 21
_LABEL_WIDTH, _PORT_DISTANCE = 92, 21

_SWEEPS = 8
"""The passes that reorder the columns to untangle the edges."""

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


class _Position(NamedTuple):
    """The position of a node's card: its left and right edges, and its vertical centre."""

    left: float
    right: float
    y: float


class _Point(NamedTuple):
    x: float
    y: float


def draw_service_map(graph: ServiceGraph) -> str:
    """Draw the graph as an SVG: callers on the left, calls going right."""
    columns = _columns(graph)
    tallest = max(map(len, columns))
    height = _HEADER + tallest * (_CARD_HEIGHT + _ROW_GAP) - _ROW_GAP + _FOOTER
    middle = _HEADER + (height - _HEADER - _FOOTER) / 2
    positions: dict[Node, _Position] = {}
    right = _MARGIN - _COLUMN_GAP
    for column in columns:
        column_width = max(
            _CARD_WIDTH if graph.nodes[node].requests else _CALLERS_WIDTH for node in column
        )
        left, right = right + _COLUMN_GAP, right + _COLUMN_GAP + column_width
        for row, node in enumerate(column):
            y = middle + (row - (len(column) - 1) / 2) * (_CARD_HEIGHT + _ROW_GAP)
            positions[node] = _Position(left, right, y)
    width = right + _MARGIN
    title = f"Service map of {SERVICE_TITLE}, stage {graph.stage}"
    time = f"{graph.since:%Y-%m-%d %H:%M} to {graph.until:%H:%M} UTC"
    elements = [
        f'<rect class="page" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="10"/>',
        f'<text class="head" x="{_MARGIN}" y="40">{SERVICE_TITLE} · {escape(graph.stage)}</text>',
        f'<text class="right" x="{width - _MARGIN}" y="40">{time}</text>',
        *_edges(graph, positions),
        *(
            line
            for node, position in positions.items()
            for line in _card(node, graph.nodes[node], position)
        ),
        *_legend(height - 20),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            *elements,
            "</svg>\n",
        ]
    )


def _columns(graph: ServiceGraph) -> list[list[Node]]:
    """Return the nodes by distance from the callers, ordered so that few edges cross."""
    depth = dict.fromkeys(graph.nodes, 0)
    # The graph has no cycles, so the depths settle within as many rounds as there are nodes.
    for _ in graph.nodes:
        for caller, callee in graph.edges:
            depth[callee] = max(depth[callee], depth[caller] + 1)
    columns: list[list[Node]] = [[] for _ in range(max(depth.values()) + 1)]
    for node in sorted(depth):
        columns[depth[node]].append(node)
    for sweep in range(_SWEEPS):
        rows = {
            node: row - (len(column) - 1) / 2
            for column in columns
            for row, node in enumerate(column)
        }
        neighbours = _callers if sweep % 2 == 0 else _callees
        for column in columns:
            column.sort(key=lambda node: _mean_row(neighbours(node, graph), rows))
    return columns


def _callers(node: Node, graph: ServiceGraph) -> list[Node]:
    return [caller for caller, callee in graph.edges if callee == node]


def _callees(node: Node, graph: ServiceGraph) -> list[Node]:
    return [callee for caller, callee in graph.edges if caller == node]


def _mean_row(nodes: list[Node], rows: Mapping[Node, float]) -> float:
    return sum(rows[node] for node in nodes) / len(nodes) if nodes else 0.0


def _edges(graph: ServiceGraph, positions: Mapping[Node, _Position]) -> Iterator[str]:
    for (caller, callee), traffic in graph.edges.items():
        callees = sorted(_callees(caller, graph), key=positions.__getitem__)
        callers = sorted(_callers(callee, graph), key=positions.__getitem__)
        start = _Point(positions[caller].right, positions[caller].y + _port(callees, callee))
        end = _Point(positions[callee].left, positions[callee].y + _port(callers, caller))
        turn, stop = start.x + _LABEL_WIDTH, end.x - 8
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


def _port(neighbours: list[Node], other: Node) -> float:
    """Return how far below a card's centre the edge to or from ``other`` ends."""
    return (neighbours.index(other) - (len(neighbours) - 1) / 2) * _PORT_DISTANCE


def _label(traffic: Traffic, start: _Point) -> Iterator[str]:
    median = traffic.percentile(50)
    text = f"{traffic.requests:,}"
    if median is not None:
        text += f" · {format_milliseconds(median)}"
    at = f'x="{start.x + _LABEL_WIDTH / 2:.1f}" y="{start.y - 4.5:.1f}"'
    yield f'<text class="label" {at}>{text}</text>'


def _card(node: Node, traffic: Traffic, position: _Position) -> Iterator[str]:
    left, top = position.left, position.y - _CARD_HEIGHT / 2
    width = position.right - position.left
    yield f"<g><title>{escape(node.type)} {escape(node.name)}</title>"
    yield (
        f'<rect class="card" x="{left:.1f}" y="{top:.1f}" width="{width}" height="{_CARD_HEIGHT}"'
        ' rx="10"/>'
    )
    if traffic.requests:
        text = left + 64
        yield from _ring(traffic, _Point(left + 33, position.y))
        yield f'<text class="title" x="{text:.1f}" y="{top + 27:.1f}">{escape(node.title)}</text>'
        yield f'<text x="{text:.1f}" y="{top + 47:.1f}">{escape(node.role)}</text>'
        yield f'<text x="{text:.1f}" y="{top + 69:.1f}">{_times(traffic)}</text>'
    else:
        at = f'x="{left + width / 2:.1f}" y="{position.y + 5:.1f}"'
        yield f'<text class="title label" {at}>{escape(node.title)}</text>'
    yield "</g>"


def _times(traffic: Traffic) -> str:
    values = [traffic.percentile(percent) for percent in PERCENTILES]
    times = [format_milliseconds(value) for value in values if value is not None]
    if all(time.endswith(" ms") for time in times):
        times[:-1] = [time.removesuffix(" ms") for time in times[:-1]]
    return " / ".join(times)


def _ring(traffic: Traffic, centre: _Point) -> Iterator[str]:
    """Draw the number of requests in a ring of the shares of their outcomes."""
    circumference = 2 * pi * _RING_RADIUS
    shares = {"fault": traffic.fault_rate, "error": traffic.error_rate}
    shares["ok"] = 1 - sum(shares.values())
    start = 0.0
    for kind, share in shares.items():
        if share > 0:
            yield (
                f'<circle class="ring {kind}" cx="{centre.x:.1f}" cy="{centre.y:.1f}"'
                f' r="{_RING_RADIUS}"'
                f' stroke-dasharray="{share * circumference:.1f} {circumference:.1f}"'
                f' transform="rotate({start * 360 - 90:.1f} {centre.x:.1f} {centre.y:.1f})"/>'
            )
        start += share
    count = _rounded(traffic.requests)
    yield f'<text class="count" x="{centre.x:.1f}" y="{centre.y + 4.5:.1f}">{count}</text>'


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
