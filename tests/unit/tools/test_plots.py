"""The plots of the documents."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from tools.plots import DARK, FONTS, LIGHT, Plot, Theme

SVG = "{http://www.w3.org/2000/svg}"


def plot(folder: Path, values: tuple[float, ...] = (1, 2, 4)) -> Plot:
    def draw(figure: Figure, _: Theme) -> None:
        axes = figure.add_subplot()
        for number in (1, 2):
            axes.plot([10, 100, 1000], [number * value for value in values], label=f"no. {number}")
        axes.set_xscale("log")
        axes.set_title("Faults & repairs")
        axes.legend()

    return Plot(folder / "plots" / "faults", "Faults <by day>", "They double.", draw)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_the_same_data_gives_the_same_bytes(tmp_path: Path, theme: Theme) -> None:
    svg = plot(tmp_path).svg(theme)
    assert svg == plot(tmp_path).svg(theme)
    assert svg != plot(tmp_path, (1, 2, 5)).svg(theme)
    assert "<dc:date>" not in svg


def test_a_plot_is_current_until_its_data_changes(tmp_path: Path) -> None:
    assert not plot(tmp_path).is_current()
    plot(tmp_path).write()
    assert plot(tmp_path).is_current()
    assert not plot(tmp_path, (1, 2, 5)).is_current()


def test_a_screen_reader_finds_title_and_description(tmp_path: Path) -> None:
    svg = ET.fromstring(plot(tmp_path).svg(LIGHT))
    assert svg.attrib["role"] == "img"
    title, description = svg.findall(f"{SVG}title") + svg.findall(f"{SVG}desc")
    assert svg.attrib["aria-labelledby"] == f"{title.attrib['id']} {description.attrib['id']}"
    assert (title.text, description.text) == ("Faults <by day>", "They double.")


def test_text_is_text_and_has_fonts_of_every_system(tmp_path: Path) -> None:
    svg = plot(tmp_path).svg(LIGHT)
    texts = [text for each in ET.fromstring(svg).iter(f"{SVG}text") for text in each.itertext()]
    assert "Faults & repairs" in texts
    assert svg.count(f"'{FONTS[0]}'") == svg.count(f"'{FONTS[-1]}', sans-serif")


def test_series_differ_in_more_than_their_colours(tmp_path: Path) -> None:
    svg = ET.fromstring(plot(tmp_path).svg(LIGHT))
    styles = [each.get("style", "") for each in svg.iter(f"{SVG}path")]
    first, second = (
        {"stroke-dasharray" in style for style in styles if f"stroke: {colour};" in style}
        for colour in LIGHT.series[:2]
    )
    assert True not in first
    assert True in second


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_colours_are_legible(theme: Theme) -> None:
    """By WCAG 2.2: 4.5 for text, 3 for graphics."""
    assert all(contrast(colour, theme.page) >= 4.5 for colour in (theme.text, theme.soft))
    assert all(contrast(colour, theme.page) >= 3 for colour in theme.series)


def contrast(one: str, other: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    values = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_page_shows_the_plot_in_the_theme_of_its_reader(tmp_path: Path) -> None:
    plot(tmp_path).write()
    element = plot(tmp_path).markdown(tmp_path / "page.md")
    picture = ET.fromstring(element.replace('">', '"/>'))
    source, image = picture
    assert source.attrib == {
        "media": "(prefers-color-scheme: dark)",
        "srcset": "plots/faults.dark.svg",
    }
    assert image.attrib["src"] == "plots/faults.light.svg"
    assert image.attrib["alt"] == "Faults <by day>. They double."
    assert all(
        (tmp_path / file).exists() for file in (source.get("srcset"), image.get("src")) if file
    )
