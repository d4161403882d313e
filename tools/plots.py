"""Draws the plots of the documents with matplotlib, each as a light and a dark SVG.

The same data gives the same bytes, so that a test can compare a plot with its data. Text stays text
in the SVG. Series differ in line style, marker or hatch, and not only in colour.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

FONTS = ("DejaVu Sans", "Segoe UI", "Helvetica", "Arial")
"""The fonts of a plot. The first one is part of matplotlib and determines the layout."""

LINE_STYLES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P")
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "ooo")
"""The hatches of the bars of each series, in order."""


@dataclass(frozen=True)
class Theme:
    """The colours of a plot on a page."""

    name: str
    """The end of the file's name."""

    page: str
    """The background."""

    text: str
    """The text."""

    soft: str
    """The axes, their labels and the grid."""

    series: Sequence[str]
    """The colour of each series, in order; each has a contrast of at least 3 to the page."""


LIGHT = Theme(
    "light",
    page="#ffffff",
    text="#1f2328",
    soft="#59636e",
    series=("#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#59636e"),
)
DARK = Theme(
    "dark",
    page="#0d1117",
    text="#e6edf3",
    soft="#9198a1",
    series=("#58a6ff", "#f0883e", "#3fb950", "#a371f7", "#f778ba", "#9198a1"),
)


@dataclass(frozen=True)
class Plot:
    """A plot of a document."""

    path: Path
    """The file, without theme and suffix."""

    title: str
    """The title for screen readers, which is also the alternative text of the picture."""

    description: str
    """The statement of the plot in a sentence or two, for screen readers."""

    draw: Callable[[Figure, Theme], None]
    """A function that draws the plot into an empty figure, with ``figure.add_subplot()``.

    Lines get the colour, line style and marker of their series by themselves; bars get a hatch of
    :data:`HATCHES`.
    """

    inches: tuple[float, float] = (8, 4.5)
    """Width and height; an inch has 72 units of the SVG."""

    def file(self, theme: Theme) -> Path:
        """Return the file of a theme."""
        return self.path.with_name(f"{self.path.name}.{theme.name}.svg")

    def svg(self, theme: Theme) -> str:
        """Draw the plot in the colours of a theme."""
        with mpl.rc_context(_settings(theme, salt=self.path.name)):
            figure = Figure(figsize=self.inches, layout="constrained")
            self.draw(figure, theme)
            file = io.StringIO()
            figure.savefig(file, format="svg", metadata=_NO_METADATA)
        return self._describe(file.getvalue())

    def write(self) -> None:
        """Write the files of both themes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for theme in (LIGHT, DARK):
            self.file(theme).write_text(self.svg(theme))

    def is_current(self) -> bool:
        """Return True if the files of both themes show the data."""
        return all(
            self.file(theme).exists() and self.file(theme).read_text() == self.svg(theme)
            for theme in (LIGHT, DARK)
        )

    def markdown(self, page: Path) -> str:
        """Return the element that shows the plot on a page, in the theme of the reader."""
        light, dark = (
            self.file(theme).relative_to(page.parent).as_posix() for theme in (LIGHT, DARK)
        )
        return (
            "<picture>\n"
            f'  <source media="(prefers-color-scheme: dark)" srcset="{dark}">\n'
            f'  <img alt="{escape(f"{self.title}. {self.description}")}" src="{light}">\n'
            "</picture>"
        )

    def _describe(self, svg: str) -> str:
        """Add title and description, and remove the white space at the ends of lines."""
        begin = svg.index("<svg")
        tag, rest = svg[begin:].split(">", 1)
        title, description = (escape(text, quote=False) for text in (self.title, self.description))
        lines = (
            f'{tag} role="img" aria-labelledby="title description">\n'
            f' <title id="title">{title}</title>\n'
            f' <desc id="description">{description}</desc>{rest}'
        )
        # Formulas, such as powers of ten, name only the font of their layout.
        lines = lines.replace(f"font-family: '{FONTS[0]}';", f"font-family: {_FONT_NAMES};")
        return re.sub(r"[ \t]+$", "", lines, flags=re.MULTILINE)


_FONT_NAMES = ", ".join(f"'{name}'" for name in FONTS) + ", sans-serif"
_NO_METADATA: Mapping[str, None] = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def _settings(theme: Theme, salt: str) -> Any:
    """Return matplotlib's settings, without those of the user."""
    return {
        **{name: mpl.rcParamsDefault[name] for name in mpl.rcParamsDefault if name != "backend"},
        "axes.axisbelow": True,
        "axes.edgecolor": theme.soft,
        "axes.facecolor": theme.page,
        "axes.grid": True,
        "axes.labelcolor": theme.text,
        "axes.prop_cycle": cycler(color=theme.series)
        + cycler(linestyle=LINE_STYLES)
        + cycler(marker=MARKERS),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlesize": "medium",
        "figure.constrained_layout.h_pad": 0.12,
        "figure.constrained_layout.w_pad": 0.12,
        "figure.facecolor": theme.page,
        "font.family": "sans-serif",
        "font.sans-serif": [*FONTS, "sans-serif"],
        "font.size": 11,
        "grid.alpha": 0.35,
        "grid.color": theme.soft,
        "hatch.color": theme.page,
        "legend.edgecolor": theme.soft,
        "legend.facecolor": theme.page,
        "legend.framealpha": 1,
        "lines.markersize": 5,
        "savefig.facecolor": theme.page,
        # Text instead of outlines, and ids that depend on nothing but the drawing.
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "svg.id": "plot",
        "text.color": theme.text,
        "xtick.color": theme.soft,
        "xtick.labelcolor": theme.text,
        "ytick.color": theme.soft,
        "ytick.labelcolor": theme.text,
    }
