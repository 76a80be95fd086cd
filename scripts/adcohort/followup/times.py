"""Times to progression or death, and what censors them. Days since treatment start."""

from collections.abc import Mapping
from typing import NamedTuple


class Time(NamedTuple):
    """A time in days, whether it ended in the event, and what ended it in words."""

    days: int
    event: bool
    reason: str


class Course(NamedTuple):
    """What is known of one participant; a day that is not known is None."""

    progression: int | None
    last_adequate: int | None
    death: int | None
    new_therapy: int | None

    @classmethod
    def of(cls, best: Mapping[str, int | None], known: Mapping[str, int | None]) -> "Course":
        """From a row of best.tsv and the participant's days."""
        return cls(best["progression_day"], best["last_adequate_day"], known["death"], known["new_therapy_start"])


def progression_free(course: Course, origin: int = 0) -> Time:
    """From `origin` to progression or death.

    Else it is censored at the last assessment that could be evaluated (before a new therapy: assessments after it do not
    count), at the origin without one. A death after a new therapy began is not counted.
    """
    if course.progression is not None and (course.death is None or course.progression <= course.death):
        return Time(course.progression - origin, True, "progression")
    untouched = course.new_therapy is None or course.death is None or course.death <= course.new_therapy
    if course.death is not None and untouched:
        return Time(course.death - origin, True, "death")
    if course.last_adequate is None or course.last_adequate < origin:
        return Time(0, False, "censored at the start: no assessment after it that could be evaluated")
    why = " before a new therapy" if course.new_therapy is not None else ""
    return Time(course.last_adequate - origin, False, f"censored at the last adequate assessment{why}")


def response_duration(confirmed_best: str, confirmed_day: int | None, course: Course) -> Time | None:
    """From the first assessment of a confirmed CR or PR to progression or death; None without one."""
    if confirmed_best not in ("CR", "PR") or confirmed_day is None:
        return None
    return progression_free(course, confirmed_day)
