"""Draws the boxes of the architecture diagram as an SVG."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from infra.spec.service import SERVICE_TITLE
from tools.architecture.boxes import (
    COMPUTE,
    DATA,
    EDGE,
    NETWORK,
    OBSERVABILITY,
    Box,
    check_boxes,
)
from tools.architecture.resources import Stack, Template, resources

_STYLE = """
  svg { --page: #ffffff; --group: #f6f8fa; --box: #ffffff; --line: #d0d7de; --text: #1f2328;
        --soft: #59636e; --edge: #6e7781; --mark: #0969da; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --group: #161b22; --box: #0d1117; --line: #30363d; --text: #e6edf3;
          --soft: #9198a1; --edge: #8b949e; --mark: #58a6ff; }
  }
  text { font-family: -apple-system, BlinkMacSystemFont, "Segoe UI", Helvetica, Arial, sans-serif;
         font-size: 12.5px; fill: var(--soft); }
  .page { fill: var(--page); stroke: var(--line); }
  .group { fill: var(--group); stroke: var(--line); }
  .box { fill: var(--box); stroke: var(--line); }
  .purpose { font-size: 12px; font-weight: 600; letter-spacing: .06em; fill: var(--mark); }
  .title { font-size: 14.5px; font-weight: 600; fill: var(--text); }
  .edge { fill: none; stroke: var(--edge); stroke-width: 1.5; marker-end: url(#tip); }
  .tip { fill: var(--edge); }
"""

_TITLE = f"Architecture of {SERVICE_TITLE}"

# Lengths in the picture's units.
_MARGIN, _COLUMN_GAP = 24, 56
_PADDING, _HEADER, _BOX_GAP = 14, 34, 12
_BOX_PADDING, _BOX_HEADER, _LINE_HEIGHT = 12, 34, 17

_LONGEST_LINE = 36
"""The number of characters that fit into a box."""


def draw(templates: Mapping[str, Template]) -> str:
    """Draw the diagram as an SVG.

    Args:
        templates: The template of each stage, by the stage's name.

    Raises:
        UnknownResource: A resource belongs to no box.
    """
    stacks = {stage: resources(template) for stage, template in templates.items()}
    check_boxes(stacks.values())
    return _Diagram(stacks).draw()


class _Area(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


class _Diagram:
    """The diagram of the stages' stacks. Drawing appends to the list of SVG elements."""

    def __init__(self, stacks: Mapping[str, Stack]) -> None:
        self._stacks = stacks
        self._elements: list[str] = []

    def draw(self) -> str:
        """Draw callers, edge, compute and data from left to right, observability below."""
        top = float(_MARGIN)
        callers = _Area(16, 0, 116, 52)
        edge = self._column("EDGE", EDGE, callers.right + _COLUMN_GAP, top, 252)
        network = self._network(edge.right + _COLUMN_GAP, top)
        data = self._column("DATA", DATA, network.right + _COLUMN_GAP, top, 268)
        bottom = max(area.bottom for area in (edge, network, data))
        observability = self._row(
            "OBSERVABILITY", OBSERVABILITY, edge.x, bottom + _COLUMN_GAP, data.right - edge.x
        )
        callers = callers._replace(y=edge.middle - callers.height / 2)
        self._box("callers", ("over HTTPS",), callers)
        self._arrow(callers.right, callers.middle, edge.x, callers.middle)
        self._arrow(edge.right, edge.middle, network.x, edge.middle)
        self._arrow(network.right, data.middle, data.x, data.middle)
        for area in (edge, network):
            middle = area.x + area.width / 2
            self._arrow(middle, area.bottom, middle, observability.y)
        width, height = data.right + _MARGIN, observability.bottom + _MARGIN
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
                f' width="{width:g}" height="{height:g}" role="img" aria-label="{_TITLE}">',
                f"<title>{_TITLE}</title>",
                f"<style>{_STYLE}</style>",
                '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
                ' markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker>',
                f'<rect class="page" x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}"'
                ' rx="10"/>',
                *self._elements,
                "</svg>\n",
            ]
        )

    def _column(self, title: str, boxes: Sequence[Box], x: float, y: float, width: float) -> _Area:
        """Draw a group of boxes below each other."""
        contents = self._contents(boxes)
        heights = [_box_height(lines) for _, lines in contents]
        height = _HEADER + sum(heights) + _BOX_GAP * (len(contents) - 1) + _PADDING
        group = _Area(x, y, width, height)
        self._group(title, group)
        y += _HEADER
        for (box_title, lines), box_height in zip(contents, heights, strict=True):
            self._box(box_title, lines, _Area(x + _PADDING, y, width - 2 * _PADDING, box_height))
            y += box_height + _BOX_GAP
        return group

    def _row(self, title: str, boxes: Sequence[Box], x: float, y: float, width: float) -> _Area:
        """Draw a group of boxes side by side."""
        contents = self._contents(boxes)
        height = max(_box_height(lines) for _, lines in contents)
        group = _Area(x, y, width, _HEADER + height + _PADDING)
        self._group(title, group)
        gaps = 2 * _PADDING + _BOX_GAP * (len(contents) - 1)
        box_width = (width - gaps) / len(contents)
        for number, (box_title, lines) in enumerate(contents):
            left = x + _PADDING + number * (box_width + _BOX_GAP)
            self._box(box_title, lines, _Area(left, y + _HEADER, box_width, height))
        return group

    def _network(self, x: float, y: float) -> _Area:
        """Draw the network with the group of functions inside."""
        start = len(self._elements)
        compute = self._column("COMPUTE", COMPUTE, x + _PADDING, y + _HEADER, 286)
        ((title, lines),) = self._contents(NETWORK)
        box = compute._replace(y=compute.bottom + _BOX_GAP, height=_box_height(lines))
        network = _Area(x, y, compute.width + 2 * _PADDING, box.bottom + _PADDING - y)
        # The network's size follows from the functions, but its rectangle lies below them.
        functions = self._elements[start:]
        del self._elements[start:]
        self._group("NETWORK", network)
        self._elements += functions
        self._box(title, lines, box)
        return network

    def _contents(self, boxes: Sequence[Box]) -> list[tuple[str, list[str]]]:
        """Return the title and the lines of each box that some stage has."""
        return [(self._title(box), self._lines(box)) for box in boxes if self._stages(box)]

    def _stages(self, box: Box) -> list[str]:
        """Return the stages with resources in a box; all stages for a box without patterns."""
        return [
            stage
            for stage, stack in self._stacks.items()
            if not box.patterns or any(box.contains(resource) for resource in stack)
        ]

    def _title(self, box: Box) -> str:
        stages = self._stages(box)
        if len(stages) == len(self._stacks):
            return box.title
        return f"{box.title} ({', '.join(stages)})"

    def _lines(self, box: Box) -> list[str]:
        """Return the lines of a box. Where the stages differ, a line names them."""
        stages = self._stages(box)
        lines = []
        for describe in box.lines:
            texts = {stage: describe(self._stacks[stage]) for stage in stages}
            if len(set(texts.values())) == 1:
                lines.append(texts[stages[0]])
            elif all(text[:1].isdigit() for text in texts.values()):
                numbers = [f"{text.split()[0]} ({stage})" for stage, text in texts.items()]
                _, _, noun = texts[stages[-1]].partition(" ")
                lines.append(f"{noun}: {', '.join(numbers)}")
            else:
                lines.append(", ".join(f"{text} ({stage})" for stage, text in texts.items()))
        return [part for line in lines if line for part in _wrapped(line)]

    def _group(self, title: str, area: _Area) -> None:
        self._elements += [
            _rectangle("group", area),
            f'<text class="purpose" x="{area.x + _PADDING:g}" y="{area.y + 22:g}">{title}</text>',
        ]

    def _box(self, title: str, lines: Sequence[str], area: _Area) -> None:
        x = area.x + _BOX_PADDING
        self._elements += [
            _rectangle("box", area),
            f'<text class="title" x="{x:g}" y="{area.y + 22:g}">{escape(title)}</text>',
            *(
                f'<text x="{x:g}" y="{area.y + 24 + _LINE_HEIGHT * number:g}">{escape(line)}</text>'
                for number, line in enumerate(lines, start=1)
            ),
        ]

    def _arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self._elements.append(f'<path class="edge" d="M{x:g} {y:g}L{to_x:g} {to_y:g}"/>')


def _wrapped(line: str) -> Iterator[str]:
    """Yield a line, split after commas if it is too long for a box."""
    while len(line) > _LONGEST_LINE and ", " in line[:_LONGEST_LINE]:
        head, _, _ = line[:_LONGEST_LINE].rpartition(", ")
        yield f"{head},"
        line = line[len(head) + 2 :]
    yield line


def _box_height(lines: Sequence[str]) -> float:
    return _BOX_HEADER + _LINE_HEIGHT * len(lines)


def _rectangle(kind: str, area: _Area) -> str:
    return (
        f'<rect class="{kind}" x="{area.x:g}" y="{area.y:g}" width="{area.width:g}"'
        f' height="{area.height:g}" rx="8"/>'
    )
