"""A report of made-up results, through the program itself, for the tests of page, Word file and browser."""

import json
import subprocess
import sys
from pathlib import Path

import fake_results
import yaml
from adcohort import study
from adcohort.figures import adverse_events, before_after, canvas, lesions
from adcohort.tables import read
from PIL import Image, ImageDraw

HOME = Path(__file__).parents[1]
NOTICE = "Synthetic data for a test."


def config(stages: set[str] | None = None) -> dict:
    """The example's config, checked, with the named stages alone."""
    given = yaml.safe_load((HOME / "config/config.yaml").read_text())
    given["report"] = {"notice": NOTICE}
    if stages is not None:
        given = {key: part for key, part in given.items() if key not in study.STAGES or key in stages}
    return study.checked(given, study.schema(HOME / "config/schema"))


def draw_some(results: Path, figures: Path) -> None:
    """Three figures of different kinds; the others have tests of their own."""
    best = read(results / "response/best.tsv", "response")
    canvas.write(lesions.waterfall(best), figures)
    worst = read(results / "adverse_events/worst_grades.tsv", "adverse_events")
    incidence = read(results / "statistics/adverse_event_incidence.tsv", "adverse_events")
    canvas.write(adverse_events.draw(worst, incidence), figures)
    paired = read(results / "statistics/paired.tsv", "statistics")
    endpoints = read(results / "statistics/endpoints.tsv", "statistics")
    canvas.write(before_after.draw("serum", "Serum markers", paired[paired["family"] == "serum"], endpoints), figures)


def paint(folder: Path, participants: int, size: tuple[int, int] = (1200, 500)) -> None:
    """Pictures as the imaging stages leave them: a folder a participant, a PNG a visit."""
    for number in range(1, participants + 1):
        for visit in ("baseline", "month6"):
            picture = Image.effect_noise(size, 80).convert("RGB")
            ImageDraw.Draw(picture).text((20, 20), f"sub-{number:02d} {visit}", fill="white")
            path = folder / f"sub-{number:02d}" / f"sub-{number:02d}_ses-{visit}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)


def tables(results: Path) -> list[Path]:
    """The result tables; those beside figures come with the figures."""
    return sorted(path for path in results.glob("*/*.tsv") if path.parent.name != "figures")


def write(results: Path, out: Path, options: dict, *more: str) -> Path:
    """Run the program as its rule does; the page's path."""
    command = [sys.executable, str(HOME / "scripts/write_report.py"), "--options", json.dumps(options)]
    command += ["--tables", *map(str, tables(results))]
    command += (
        ["--captions", *map(str, sorted((results / "figures").glob("*.caption.json")))]
        if (results / "figures").exists()
        else []
    )
    command += ["--report", str(out / "report.html"), "--word", str(out / "tables.docx")]
    subprocess.run([*command, "--participants", str(out / "participants"), *more], check=True)
    return out / "report.html"


def full(folder: Path, odd: str = "", participants: int = 12) -> Path:
    """A complete report with figures and pictures."""
    results = folder / "results"
    fake_results.build(results, n=participants, odd=odd)
    draw_some(results, results / "figures")
    paint(folder / "quality", 3)
    return results
