"""Who the synthetic participants are and what happens to them: the one truth from which every raw file is written."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = [
    "伟",
    "芳",
    "秀英",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "霞",
    "平",
    "刚",
    "桂英",
]


@dataclass
class Lesion:
    """A target lesion: `diameter_mm` (a node's short axis) and `adc` (1e-3 mm2/s) at baseline."""

    lesion_id: str
    organ: str
    node: bool
    dwi: bool
    diameter_mm: float
    adc: float


@dataclass
class Person:
    """A participant with everything that the hospital would know. All days count from treatment start."""

    participant_id: str
    patient_id: str
    name: str
    name_dicom: str
    birth_date: dt.date
    sex: str
    age: int
    histology: str
    treatment_start: dt.date
    treatment_end_day: int
    last_contact_day: int
    death_day: int | None
    new_therapy_day: int | None
    response: str
    unconfirmed: bool
    progression_day: int | None
    nadir_scale: float
    adc_rise_percent: float
    seed: int
    imaging_days: dict[str, int]
    unusable_visit: str | None = None
    lesions: list[Lesion] = field(default_factory=list)
    assessment_days: list[int] = field(default_factory=list)

    def date(self, day: int) -> dt.date:
        """Calendar day of a study day."""
        return self.treatment_start + dt.timedelta(days=int(day))

    def rng(self, domain: str) -> np.random.Generator:
        """A random stream of this person for one domain (``labs``, ``imaging`` …): domains do not disturb each other."""
        digest = hashlib.sha256(f"{self.seed}/{self.participant_id}/{domain}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def scale(self, day: int) -> float:
        """Diameters on a day, relative to baseline: shrinking to the nadir by day 56, regrowing from a progression."""
        if day <= 0:
            return 1.0
        size = 1.0 + (self.nadir_scale - 1.0) * min(1.0, day / 50.0)
        if self.unconfirmed:
            size = self.nadir_scale if day < 80 else 0.76  # no PR any more, and within 20 % of the nadir
        if self.progression_day is not None and day >= self.progression_day:
            size = max(size * 1.5, size + 0.4) + 0.001 * (day - self.progression_day)
        return size

    def adc(self, lesion: Lesion, day: int) -> float:
        """Known ADC of a lesion on a day, 1e-3 mm2/s: a steady rise under treatment."""
        return lesion.adc * (1 + self.adc_rise_percent / 100 * max(0.0, min(day, 200)) / 180)

    @cached_property
    def responder(self) -> bool:
        """Whether the confirmed best response is CR or PR."""
        return self.response in ("CR", "PR")


def draw(facts: dict[str, Any], seed: int | None = None, participants: int | None = None) -> list[Person]:
    """The cohort, the same for the same facts and seed.

    Parameters
    ----------
    facts
        Content of resources/example/cohort.yaml.
    seed, participants
        In place of the facts' own; more participants than 40 repeat the mix of responses (for tests of scale).
    """
    seed = facts["seed"] if seed is None else seed
    count = participants or facts["participants"]
    rng = np.random.default_rng(seed)
    courses = _courses(facts, rng, count)
    follow_up = _follow_up(facts, rng, courses)
    people = [_person(facts, seed, number, course, follow_up[number]) for number, course in enumerate(courses)]
    _miss_visits(facts, rng, people)
    return people


def _courses(facts: dict[str, Any], rng: np.random.Generator, count: int) -> list[dict[str, Any]]:
    courses: list[dict[str, Any]] = []
    while len(courses) < count:
        block = [
            {"response": name, "late": False, "unconfirmed": False}
            for name, n in facts["responses"].items()
            for _ in range(n)
        ]
        for name, late in facts["late_progressions"].items():
            for course in [c for c in block if c["response"] == name][:late]:
                course["late"] = True
        for course in [c for c in block if c["response"] == "SD" and not c["late"]][
            : facts["unconfirmed_partial_responses"]
        ]:
            course["unconfirmed"] = True
        for course in [c for c in block if c["response"] == "PD"][: facts["deaths"]]:
            course["dies"] = True
        courses += [block[i] for i in rng.permutation(len(block))]
    return courses[:count]


def _follow_up(facts: dict[str, Any], rng: np.random.Generator, courses: list[dict[str, Any]]) -> list[int]:
    """Progressors tend to leave early: follow-up is ordered by course, with chance; both ends are reached."""
    shortest, longest = facts["follow_up_days"]
    lengths = np.sort(np.round(shortest + (longest - shortest) * rng.beta(1.5, 1.2, len(courses))).astype(int))
    lengths[0], lengths[-1] = shortest, longest
    order = [
        {"PD": 0.0, "NE": 0.0, "SD": 0.55, "PR": 0.65, "CR": 0.8}[c["response"]]
        + 0.35 * c["late"]
        + rng.uniform(0, 0.6)
        for c in courses
    ]
    out = [0] * len(courses)
    for length, number in zip(lengths, np.argsort(order), strict=True):
        out[number] = int(length)
    return out


def _person(facts: dict[str, Any], seed: int, number: int, course: dict[str, Any], follow_up: int) -> Person:
    rng = np.random.default_rng([seed, number])
    sex = "F" if rng.uniform(0, 100) < facts["women_percent"] else "M"
    age = int(np.clip(round(rng.normal(facts["age"]["mean"], facts["age"]["sd"])), *facts["age"]["range"]))
    start = dt.date.fromisoformat(facts["enrolment"]["first"]) + dt.timedelta(
        days=int(rng.integers(0, facts["enrolment"]["days"]))
    )
    response = course["response"]
    progression = None
    if response == "PD":
        progression = 40
    elif course["late"]:
        progression = int(np.clip(follow_up - rng.integers(15, 60), 119, None)) if follow_up > 140 else None
    dies = course.get("dies", False)
    end = progression + int(rng.integers(20, 40)) if progression else follow_up - int(rng.integers(0, 15))
    rise = facts["adc"]["rise_percent_at_day_180"][response] + rng.normal(0, facts["adc"]["rise_sd_percent"])
    name = SURNAMES[rng.integers(len(SURNAMES))] + GIVEN[rng.integers(len(GIVEN))]
    person = Person(
        participant_id=f"sub-{number + 1:02d}",
        patient_id=f"{10234567 + 7919 * number:010d}",
        name=name,
        name_dicom=f"CANARY^P{number + 1:03d}",
        birth_date=dt.date(start.year - age, int(rng.integers(1, 13)), int(rng.integers(1, 28))),
        sex=sex,
        age=age,
        histology=str(rng.choice(list(facts["histology"]), p=list(facts["histology"].values()))),
        treatment_start=start,
        treatment_end_day=min(end, follow_up),
        last_contact_day=follow_up,
        death_day=follow_up if dies else None,
        new_therapy_day=min(end + 21, follow_up - 5) if progression and not dies and end + 21 < follow_up - 5 else None,
        response=response,
        unconfirmed=course["unconfirmed"],
        progression_day=progression,
        nadir_scale=_nadir(response, course["unconfirmed"], rng),
        adc_rise_percent=float(rise),
        seed=seed,
        imaging_days={
            visit: int(rng.integers(first, min(last, follow_up - 1) + 1))
            for visit, (first, last) in facts["imaging_visits"].items()
            if first < follow_up
        },
    )
    person.lesions = _lesions(facts, rng, only_lung=False)
    person.assessment_days = _assessments(facts, rng, person)
    return person


def _nadir(response: str, unconfirmed: bool, rng: np.random.Generator) -> float:
    low, high = {"CR": (0.0, 0.0), "PR": (0.32, 0.62), "SD": (0.78, 1.04), "PD": (0.95, 1.1), "NE": (0.9, 1.0)}[
        response
    ]
    return 0.66 if unconfirmed else float(rng.uniform(low, high))


def _lesions(facts: dict[str, Any], rng: np.random.Generator, only_lung: bool) -> list[Lesion]:
    organs = facts["organs"]
    low, high = facts["lesions_per_participant"]
    shares = np.array([organ["share"] for organ in organs.values()])
    chosen = [str(name) for name in rng.choice(list(organs), size=int(rng.integers(low, high + 1)), p=shares)]
    if only_lung:
        chosen = ["lung"] * min(len(chosen), 2)
    elif not any(organs[name]["dwi"] for name in chosen):
        chosen[0] = "cervical lymph node"
    lesions: list[Lesion] = []
    for number, name in enumerate(chosen):
        if chosen[:number].count(name) >= 2:  # RECIST 1.1: at most two target lesions an organ
            continue
        adc = facts["adc"]["baseline"]
        lesions.append(
            Lesion(
                lesion_id=f"L{len(lesions) + 1}",
                organ=name,
                node=organs[name]["node"],
                dwi=organs[name]["dwi"],
                diameter_mm=round(float(rng.uniform(*organs[name]["diameter_mm"])), 1),
                adc=float(np.clip(rng.normal(adc["mean"], adc["sd"]), *adc["range"])),
            )
        )
    return lesions


def _assessments(facts: dict[str, Any], rng: np.random.Generator, person: Person) -> list[int]:
    """Days of the lesion measurements: one before treatment, then at the interval until the last contact."""
    days = [-int(rng.integers(2, 20))]
    if person.response != "NE":
        for planned in range(
            facts["assessment_interval_days"], person.last_contact_day, facts["assessment_interval_days"]
        ):
            days.append(min(planned + int(rng.integers(-3, 5)), person.last_contact_day))
    return days


def _miss_visits(facts: dict[str, Any], rng: np.random.Generator, people: list[Person]) -> None:
    unusable = facts["unusable_scan"]
    share = min(1.0, len(people) / facts["participants"])  # a smaller cohort misses fewer
    missed, unseen = (round(share * facts[name]) for name in ("missed_imaging_visits", "without_dwi_lesion"))
    whole = [p for p in people if p.participant_id != f"sub-{unusable['participant']:02d}"]
    for number in rng.choice(len(whole), size=unseen, replace=False):
        person = whole[number]
        person.lesions = _lesions(facts, person.rng("lung"), only_lung=True)
    for number in rng.choice(len(whole), size=missed, replace=False):
        visit = str(rng.choice(["month1", "month3", "month6"]))
        whole[number].imaging_days.pop(visit, None)
    for person in people:
        if person.participant_id == f"sub-{unusable['participant']:02d}":
            person.unusable_visit = unusable["visit"]
