"""Which scans the synthetic participants have: the plan from which files, regions and the truth for tests are made."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from adcohort.example import phantom
from adcohort.example.cohort import Lesion, Person
from adcohort.example.phantom import Array, Grid


@dataclass(frozen=True)
class Study:
    """One imaging session of one person, as the hospital made and stored it."""

    person: Person
    number: int
    name: str
    day: int
    scanner_name: str
    scanner: dict[str, Any]
    b_values: tuple[int, ...]
    regions: str
    layout: str
    readers: tuple[str, ...]
    runs: int = 1
    usable: bool = True
    adc_map: bool = False
    anatomy: bool = False
    oddities: bool = False

    @property
    def grid(self) -> Grid:
        """Voxels of the diffusion images."""
        scanner = self.scanner
        return Grid(
            scanner["size"], scanner["pixel_mm"], scanner["slices"], scanner["spacing_mm"], scanner["tilt_degrees"]
        )

    @property
    def date(self) -> str:
        """Calendar day as DICOM and file names write it."""
        return self.person.date(self.day).strftime("%Y%m%d")

    def rng(self, what: str) -> np.random.Generator:
        """A random stream of this session."""
        return self.person.rng(f"imaging/{self.day}/{what}")


def smaller(facts: dict[str, Any]) -> dict[str, Any]:
    """The same scanners with few and large voxels, for tests of scale."""
    scanners = {
        name: scanner
        | {"size": scanner["size"] // 4, "pixel_mm": scanner["pixel_mm"] * 4, "slices": 4, "spacing_mm": 12.0}
        for name, scanner in facts["scanners"].items()
    }
    return facts | {"scanners": scanners}


def plan(people: list[Person], facts: dict[str, Any], visits: Iterable[str] | None = None) -> list[Study]:
    """All imaging sessions in the order of participants and days.

    Parameters
    ----------
    facts
        Content of resources/example/imaging.yaml.
    visits
        Imaging visits to make; None = all. Then the sessions beside the visits are left out too.
    """
    wanted = None if visits is None else set(visits)
    studies = []
    for number, person in enumerate(people, start=1):
        for name, day in person.imaging_days.items():
            if wanted is None or name in wanted:
                studies.append(_study(person, number, name, day, facts))
        for name in ("two_in_one_window", "outside_every_window"):
            if wanted is None and facts[name]["participant"] == number:
                studies.append(_study(person, number, name, facts[name]["day"], facts))
    studies = _with_runs_and_readers(studies, facts)
    if wanted is None:
        studies.append(_of_unknown_patient(studies[0], facts))
    return studies


def _study(person: Person, number: int, name: str, day: int, facts: dict[str, Any]) -> Study:
    turn = facts["turns"][(number - 1) % len(facts["turns"])]
    scanner = turn["scanner"]
    visits = list(person.imaging_days)
    change = facts["scanner_change"]
    if number == change["participant"] and _from(name, change["from_visit"], visits):
        scanner = change["scanner"]
    protocol = facts["scanners"][scanner]
    b_set = protocol["b"]
    change = facts["b_set_change"]
    if number == change["participant"] and _from(name, change["from_visit"], visits):
        b_set = change["b"]
    visit = name in person.imaging_days
    return Study(
        person=person,
        number=number,
        name=name,
        day=day,
        scanner_name=scanner,
        scanner=protocol,
        b_values=tuple(facts["b_sets"][b_set]),
        regions=turn["regions"] if protocol["way"] != "siemens_mosaic" else "nifti",
        layout=turn["layout"],
        readers=("R1",) if visit else (),
        usable=name != person.unusable_visit,
        adc_map=name in ("baseline", "month6"),
        anatomy=name == "baseline",
        oddities=name == "baseline" and number == 1,
    )


def _from(name: str, first: str, visits: list[str]) -> bool:
    return name in visits and (first not in visits or visits.index(name) >= visits.index(first))


def _with_runs_and_readers(studies: list[Study], facts: dict[str, Any]) -> list[Study]:
    """Repeat runs for every fourth baseline, a second reader for sessions spread over the study."""
    baselines = [i for i, study in enumerate(studies) if study.name == "baseline" and _drawn(study, facts)]
    repeated = set(baselines[1::3][: facts["repeated_baselines"]])
    readable = [i for i, study in enumerate(studies) if study.readers and study.usable and _drawn(study, facts)]
    step = max(1, len(readable) // facts["second_reader_visits"])
    twice = set(readable[2::step][: facts["second_reader_visits"]])
    return [
        replace(study, runs=2 if i in repeated else 1, readers=("R1", "R2") if i in twice else study.readers)
        for i, study in enumerate(studies)
    ]


def _drawn(study: Study, facts: dict[str, Any]) -> bool:
    return bool(drawn_lesions(study.person, study.day, facts["smallest_mm"]))


def _of_unknown_patient(study: Study, facts: dict[str, Any]) -> Study:
    unknown = facts["unknown_patient"]
    stranger = replace(study.person, patient_id=unknown["patient_id"], name_dicom=unknown["name"])
    return replace(study, person=stranger, number=0, name="unknown_patient", readers=(), runs=1, oddities=False)


def drawn_lesions(person: Person, day: int, smallest_mm: float) -> list[Lesion]:
    """The lesions that a reader draws on a day: seen by the neck scan and large enough."""
    scale = person.scale(day)
    return [lesion for lesion in person.lesions if lesion.dwi and lesion.diameter_mm * scale >= smallest_mm]


def scan_adc(study: Study, run: int, facts: dict[str, Any]) -> dict[str, float]:
    """The true ADC (1e-3 mm2/s) of each lesion in one run: the person's on that day, and what differs from scan to scan."""
    rng = study.rng(f"adc of run {run}")
    return {
        lesion.lesion_id: study.person.adc(lesion, study.day)
        * (1 + facts["adc_scan_sd_percent"] / 100 * float(rng.standard_normal()))
        for lesion in study.person.lesions
        if lesion.dwi
    }


def played_out(study: Study) -> dict[int, float]:
    """The b values that the scanner really played out: one vendor's are not round."""
    if study.scanner["way"] != "uih":
        return {b: float(b) for b in study.b_values}
    return {b: 0.9975 * b or 1.25 for b in study.b_values}


def signals(study: Study, run: int, facts: dict[str, Any]) -> dict[int, list[Array]]:
    """The magnitude images of one run: b value to one image (b 0) or three (orthogonal directions)."""
    rng = study.rng(f"signal of run {run}")
    grid = study.grid
    lesion = facts["lesion"]
    played = played_out(study)
    coefficients = {
        lesion_id: phantom.diffusion_coefficient(
            adc, list(played.values()), lesion["perfusion"], facts["pseudo_diffusion"]
        )
        for lesion_id, adc in scan_adc(study, run, facts).items()
    }
    maps = phantom.tissue_maps(grid, facts["tissues"])
    found = phantom.bodies(study.person, study.day)
    maps = phantom.with_lesions(maps, grid, found, coefficients, facts=lesion, rng=rng)
    images = phantom.directional_signals(maps, played, facts, rng, study.scanner["zeroed"])
    if not study.usable:
        images = {b: [images[0][0]] * len(each) for b, each in images.items()}
    return images


def truth(people: list[Person], facts: dict[str, Any], visits: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """What the workflow should find: one row a lesion, session and run (for tests; no rule writes it).

    `adc` and `scan_adc` in 1e-3 mm2/s (person's truth on the day; truth of that scan), `volume_ml` of the ellipsoid,
    `drawn` whether readers drew it.
    """
    rows = []
    for study in plan(people, facts, visits):
        drawn = {lesion.lesion_id for lesion in drawn_lesions(study.person, study.day, facts["smallest_mm"])}
        halves = {body.lesion_id: body.half_mm for body in phantom.bodies(study.person, study.day)}
        for run in range(1, study.runs + 1):
            of_scan = scan_adc(study, run, facts)
            rows += [
                {
                    "participant_id": study.person.participant_id if study.number else None,
                    "visit": study.name,
                    "day": study.day,
                    "run": run,
                    "lesion": lesion.lesion_id,
                    "adc": study.person.adc(lesion, study.day),
                    "scan_adc": of_scan[lesion.lesion_id],
                    "volume_ml": 4 / 3 * np.pi * float(np.prod(halves.get(lesion.lesion_id, (0.0,)))) / 1000,
                    "drawn": lesion.lesion_id in drawn and bool(study.readers),
                    "readers": study.readers,
                    "usable": study.usable,
                    "scanner": study.scanner_name,
                    "b_values": study.b_values,
                }
                for lesion in study.person.lesions
                if lesion.dwi
            ]
    return rows
