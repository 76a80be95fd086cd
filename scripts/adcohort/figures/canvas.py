"""The page of a figure: style, journal widths, colours, and files that are the same for the same numbers."""

import logging
import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from adcohort import files, resources, tables
from adcohort.figures import words
from matplotlib import font_manager, pyplot, ticker
from matplotlib.figure import Figure

SINGLE_COLUMN = 89 / 25.4  # inches: 89 and 183 mm are the column widths of most journals
DOUBLE_COLUMN = 183 / 25.4

BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
)  # fmt: skip
THIN, FAINT, MUTED = "#9aa5ad", "#d5dade", "#5f6b73"
# responses of RECIST, best first; each also differs in its written label, never in colour alone
RESPONSE_COLOURS = {
    "CR": GREEN, "PR": SKY, "SD": "#F0C54B", "NON-CR/NON-PD": "#E9DCA8", "PD": VERMILION, "NE": "#B9BEC2",
}  # fmt: skip
MANY = 150  # more lines than this are drawn as pixels inside the vector file: it stays small


@dataclass(frozen=True)
class Drawing:
    """A finished figure with what belongs to it.

    Parameters
    ----------
    name
        File stem, for example ``waterfall``.
    figure
        The drawn figure, at its printed size.
    rows
        What is drawn, one row a mark: the table beside the figure.
    table
        Its contract, a key of resources/figures/columns.yaml.
    title, caption, alt
        Heading, the legend of the paper (its numbers are those of `rows`), and what a person who cannot see it reads.
    """

    name: str
    figure: Figure
    rows: pd.DataFrame
    table: str
    title: str
    caption: str
    alt: str


@cache
def use_style() -> None:
    """Load the house style and the fonts that travel with the workflow (once a process)."""
    for font in sorted((resources.RESOURCES / "figures" / "fonts").glob("*.ttf")):
        font_manager.fontManager.addfont(font)
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # the fallback has one weight
    mpl.style.use(resources.RESOURCES / "figures" / "adcohort.mplstyle")


def panels(
    rows: int = 1, columns: int = 1, *, width: float = DOUBLE_COLUMN, height: float = 2.4, **options: Any
) -> tuple[Figure, Any]:
    """A figure of the given printed size (inches) and its axes, always as a 2-D array."""
    use_style()
    return pyplot.subplots(rows, columns, figsize=(width, height), squeeze=False, **options)


def write(drawing: Drawing, folder: Path) -> None:
    """Write <name>.svg .png (300 dpi) .pdf, .tsv with its data dictionary, and .caption.json; then close the figure."""
    base = folder / drawing.name
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, metadata in (
        (".svg", {"Date": None, "Creator": None, "Title": drawing.title}),
        (".png", {"Software": None}),
        (".pdf", {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None, "Title": drawing.title}),
    ):
        with files.atomic(base.with_suffix(suffix)) as part:
            drawing.figure.savefig(part, metadata=metadata)
    pyplot.close(drawing.figure)
    tables.write(drawing.rows, base.with_suffix(".tsv"), "figures", drawing.table)
    words = {"name": drawing.name, "title": drawing.title, "caption": drawing.caption, "alt": drawing.alt}
    files.write_json(folder / f"{drawing.name}.caption.json", words)


def empty(name: str, table: str, title: str, why: str) -> Drawing:
    """A figure that says in words why there is nothing to draw: a missing figure would look like a fault."""
    figure, axes = panels(width=SINGLE_COLUMN, height=1.2)
    axes[0, 0].axis("off")
    text = "\n".join(textwrap.wrap(plain(why), 48))
    axes[0, 0].text(0.5, 0.5, text, ha="center", va="center", transform=axes[0, 0].transAxes)
    return Drawing(name, figure, pd.DataFrame(columns=list(tables.columns("figures", table))), table, title, why, why)


def label(text: Any, longest: int = 40) -> str:
    """Text of the study for a figure: no mathematics, no control signs, cut with an ellipsis."""
    text = str(text)
    return plain(text if len(text) <= longest else text[: longest - 1].rstrip() + "…")


def plain(text: str) -> str:
    """Text that matplotlib draws as it stands ($ would begin a formula)."""
    return "".join(sign if sign.isprintable() else " " for sign in text).replace("$", r"\$")


def unit_label(unit: Any, what: str = "") -> str:
    """An axis label: what is measured with its unit in brackets."""
    text = words.unit(unit)
    return plain(f"{what} ({text})" if what and text else what or text)


def plain_log_ticks(axis: Any) -> None:
    """Ticks of a logarithmic axis as plain numbers, few enough to read."""
    axis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 3.0, 5.0), numticks=6))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(ticker.NullFormatter())
