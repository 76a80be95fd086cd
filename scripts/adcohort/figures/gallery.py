"""Gallery of ADC maps: some participants over their visits, one scale, the drawn lesion outlined."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from adcohort.figures import canvas, words
from adcohort.roi.overlays import Seen

NAME, TITLE, UNIT = "adc_gallery", "ADC maps over time", "1e-3 mm2/s"
RANGE = (0.0, 2.5)  # 1e-3 mm2/s
MOST = 4
WIDTH_MM = 90.0


def choose(participants: pd.DataFrame, visits: Sequence[str], most: int = MOST) -> list[str]:
    """Participants that stand for the cohort: of those with the most visits, spread evenly over the change of ADC."""
    rows = participants.dropna(subset=["adc"])
    if rows.empty:
        return []
    seen = rows.groupby("participant_id")["visit"].nunique()
    last = rows.assign(place=rows["visit"].map({visit: place for place, visit in enumerate(visits)})).sort_values(
        "place"
    )
    change = last.groupby("participant_id")["change_pct"].last().fillna(0.0)
    candidates = change[seen[seen == seen.max()].index].sort_index().sort_values(ascending=False, kind="stable")
    places = np.unique(np.linspace(0, len(candidates) - 1, min(most, len(candidates))).round().astype(int))
    return [str(candidates.index[place]) for place in places]


def draw(
    seen: Mapping[str, Mapping[str, Seen]],
    participants: pd.DataFrame,
    visits: Sequence[str],
    responses: Mapping[str, str],
) -> canvas.Drawing:
    """One row a participant, one column a visit, the slice with most of the lesion.

    Parameters
    ----------
    seen
        Participant to visit to its images and outlines.
    participants
        roi/participants.tsv, for the ADC under each map.
    visits
        Visits in their order.
    responses
        Confirmed best response by participant, where the study has it.
    """
    shown = [visit for visit in visits if any(visit in images for images in seen.values())]
    if not seen or not shown:
        return canvas.empty(NAME, "adc_gallery", TITLE, "No participant has an ADC map with a drawn lesion.")
    side = min(1.45, (canvas.DOUBLE_COLUMN - 1.2) / len(shown))
    figure, axes = canvas.panels(
        len(seen), len(shown), width=side * len(shown) + 1.2, height=(side + 0.22) * len(seen) + 0.3
    )
    adc = participants.set_index(["participant_id", "visit"])["adc"].to_dict()
    rows = []
    picture = None
    for line, (who, images) in enumerate(seen.items()):
        lesion = _lesion(images)
        for column, visit in enumerate(shown):
            axis = axes[line, column]
            axis.set_xticks([])
            axis.set_yticks([])
            for spine in axis.spines.values():
                spine.set_visible(False)
            if line == 0:
                axis.set_title(canvas.label(visit, 14), loc="center")
            if column == 0:
                response = f"\n{responses[who]}" if who in responses else ""
                axis.set_ylabel(canvas.label(who) + response, rotation=0, ha="right", va="center")
            image = images.get(visit)
            if image is None or image.adc is None:
                axis.text(0.5, 0.5, "no scan", ha="center", va="center", transform=axis.transAxes, color=canvas.MUTED)
                continue
            picture, at = _panel(axis, image, lesion)
            value = adc.get((who, visit))
            axis.set_xlabel(f"day {words.number(image.day, 0)}, {words.number(value)}", fontsize=6.6, labelpad=2)
            rows.append(
                {
                    "participant_id": who,
                    "visit": visit,
                    "day": image.day,
                    "slice": at + 1,
                    "adc": value,
                    "response": responses.get(who),
                }
            )
    if picture is not None:
        bar = figure.colorbar(picture, ax=axes, shrink=0.6, aspect=25, pad=0.02)
        bar.set_label(canvas.unit_label(UNIT, "ADC"))
        bar.outline.set_visible(False)
    caption = (
        f"ADC maps of {words.count(len(seen), 'participant')} ({words.listed(list(seen))}), "
        f"axial, {WIDTH_MM:.0f} mm wide, one colour scale; "
        "outline: the drawn lesion. Below each map: day since treatment start and the participant's ADC "
        f"({words.unit(UNIT)}). "
        "They are spread over the range of change, not picked by eye."
    )
    table = pd.DataFrame(rows, columns=list(canvas.tables.columns("figures", "adc_gallery")))
    alt = f"{len(rows)} ADC maps, rows {words.listed(list(seen))}, columns {words.listed(shown)}."
    return canvas.Drawing(NAME, figure, table, "adc_gallery", TITLE, caption, alt)


def _lesion(images: Mapping[str, Seen]) -> str | None:
    """The lesion drawn at the most visits, of those the first by name."""
    counts: dict[str, int] = {}
    for image in images.values():
        for name in image.outlines:
            counts[name] = counts.get(name, 0) + 1
    return min(counts, key=lambda name: (-counts[name], name)) if counts else None


def _panel(axis: Any, image: Seen, lesion: str | None) -> tuple[Any, int]:
    """Draw the slice; the picture and the slice's index."""
    assert image.adc is not None
    volume = image.adc
    values, sizes = np.asarray(volume.values), volume.sizes
    mask = None
    if lesion in image.outlines:
        readers = image.outlines[lesion]
        mask = readers.get(image.reader, readers[min(readers)])
    if mask is not None and mask.any():
        at = int(np.argmax(mask.sum(axis=(0, 1))))
        middle = np.argwhere(mask[:, :, at]).mean(axis=0)
    else:
        at, middle = values.shape[2] // 2, (np.array(values.shape[:2]) - 1) / 2
    cut = values[:, :, at].T
    extent = (0.0, values.shape[0] * sizes[0], values.shape[1] * sizes[1], 0.0)
    picture = axis.imshow(cut, vmin=RANGE[0], vmax=RANGE[1], cmap="viridis", extent=extent, interpolation="nearest")
    if mask is not None and mask[:, :, at].any():
        x, y = (np.arange(count) + 0.5 for count in values.shape[:2])
        axis.contour(x * sizes[0], y * sizes[1], mask[:, :, at].T.astype(float), [0.5], colors="white", linewidths=0.8)
    centre = (middle + 0.5) * sizes[:2]
    for limits, place, whole, flip in (
        (axis.set_xlim, centre[0], extent[1], 1),
        (axis.set_ylim, centre[1], extent[2], -1),
    ):
        width = min(WIDTH_MM, whole)
        low = min(max(place - width / 2, 0.0), whole - width)
        limits(*(low, low + width)[::flip])
    axis.set_facecolor(canvas.BLACK)
    return picture, at
