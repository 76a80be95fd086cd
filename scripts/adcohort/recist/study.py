"""The whole study's responses: time points of every participant and their best responses."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
from adcohort import participants, sheets, visits
from adcohort.errors import StudyError
from adcohort.reasons import Decision, Reason
from adcohort.recist import best, course, marker, sheet, words

Rows = list[dict[str, Any]]
COUNTS = "follow-up"


class Study:
    """Participants, windows and settings of stage response, with the notes that reading gathers."""

    def __init__(self, people: pd.DataFrame, windows: visits.Visits, settings: Mapping[str, Any]) -> None:
        self.people = people
        self.windows = windows
        self.settings = settings
        self.rules = best.Rules.of(settings)
        self.notes = sheet.Notes(windows)
        self.days = participants.days(people).set_index("participant_id")

    def label(self, day: int) -> str:
        """How reasons name a day: its visit, else its number."""
        return visits.visit_of(day, self.windows) or f"day {day}"

    def known_days(self, who: str) -> dict[str, int | None]:
        """A participant's treatment_end, last_contact, death and new_therapy_start as days, None where not known."""
        return {str(name): None if pd.isna(day) else int(day) for name, day in self.days.loc[who].items()}

    def from_lesions(
        self, lesions: pd.DataFrame, markers: Mapping[str, marker.Marker] | None = None
    ) -> tuple[Rows, Rows]:
        """Rows of timepoints.tsv, derived from lesion measurements, and of lesions.tsv, the measurements as they count.

        Parameters
        ----------
        markers
            participant_id to a marker that can withhold a complete response.
        """
        rows: Rows = []
        used: Rows = []
        for who, found in sheet.read(lesions, self.people, self.settings, self.notes).items():
            own = (markers or {}).get(who, marker.NONE)
            points = course.timepoints(found, self.label, self.rules.cr_then_pr == "pd", self.notes, own.withholds)
            rows += self._placed(who, points, "lesions")
            used += [self._measured(one) for one in found]
        return rows, used

    def _measured(self, one: sheet.Measurement) -> dict[str, Any]:
        return {
            "participant_id": one.participant_id,
            "visit": visits.visit_of(one.day, self.windows),
            "day": one.day,
            "lesion": one.lesion,
            "role": one.role,
            "node": one.node,
            "value_mm": one.value,
            "finding": one.finding,
            "record": one.record,
        }

    def from_responses(self, stated: pd.DataFrame) -> Rows:
        """Rows of timepoints.tsv, from responses that the source states."""
        names = self.settings["columns"]
        if missing := [names[key] for key in ("patient", "date", "response") if names[key] not in stated]:
            raise StudyError(
                f"{stated.attrs.get('file', 'responses')}: no column {', '.join(missing)}; it has {', '.join(stated)}. "
                "Name its columns in response.columns."
            )
        records = participants.attach(stated, self.people, names["patient"], names["date"])
        found: dict[str, dict[int, str]] = {}
        for number, row in zip(sheets.row_numbers(stated), records.to_dict("records"), strict=True):
            self._take(found, row, words.response(sheet.text(row[names["response"]])), f"row {number}")
        rows: Rows = []
        for who, by_day in sorted(found.items()):
            rows += self._placed(who, [_stated(day, by_day[day]) for day in sorted(by_day)], "given")
        return rows

    def _take(
        self, found: dict[str, dict[int, str]], row: Mapping[str, Any], response: str | None, record: str
    ) -> None:
        who = None if pd.isna(row["participant_id"]) else str(row["participant_id"])
        day = None if pd.isna(row["day"]) else int(row["day"])
        place: dict[str, Any] = {"who": who, "day": day, "record": record}
        if who is None:
            self.notes.add(
                Reason.UNKNOWN_PARTICIPANT, "the patient is not among the participants", day=day, record=record
            )
        elif day is None:
            self.notes.add(Reason.NO_DATE, "the assessment has no date", who=who, record=record)
        elif response is None:
            self.notes.add(Reason.UNREADABLE_VALUE, "the response is none of RECIST's words", **place)
        elif day < 0:
            self.notes.add(Reason.IMPOSSIBLE, f"a response {-day} d before treatment start", **place)
        elif found.setdefault(who, {}).setdefault(day, response) != response:
            found[who][day] = "NE"
            self.notes.add(Reason.DUPLICATE, "another response of the same day: the day is not evaluable", **place)

    def _placed(self, who: str, points: Rows, source: str) -> Rows:
        """Rows with participant, visit and role: what follows progression, new therapy or the last contact does not count."""
        known = self.days.loc[who]
        therapy = known["new_therapy_start"]
        last = known[["last_contact", "death"]].max()
        note = partial(self.notes.add, who=who, record="assessment")
        progressed = False
        rows = []
        for point in points:
            role = COUNTS
            if point["overall"] == "baseline":
                role = "baseline"
            elif pd.notna(therapy) and point["day"] > therapy:
                role = "after new therapy"
                note(Reason.AFTER_NEW_THERAPY, f"new therapy on day {therapy}", day=point["day"])
            elif progressed:
                role = "after progression"
            if pd.notna(last) and point["day"] > last:
                seen = f"the last contact is day {last}"
                note(Reason.AFTER_DEATH, seen, day=point["day"], decision=Decision.FLAGGED)
            progressed = progressed or (role == COUNTS and point["overall"] == "PD" and not self._counts_all)
            visit = visits.visit_of(point["day"], self.windows)
            if role == "baseline" and visit is None:
                seen = f"the baseline is of day {point['day']}, and is used"
                note(Reason.OUTSIDE_EVERY_WINDOW, seen, day=point["day"], decision=Decision.FLAGGED)
            rows.append({"participant_id": who, "visit": visit, "role": role, "source": source} | point)
        return rows

    @property
    def _counts_all(self) -> bool:
        return self.rules.after_progression == "counted"

    def best(self, timepoints: Rows) -> Rows:
        """One row of best.tsv for every participant of the study; the durations are added by ``with_duration``."""
        return [
            _best_row(
                str(who), [row for row in timepoints if row["participant_id"] == who and row["role"] == COUNTS], self
            )
            for who in self.people["participant_id"]
        ]


def _stated(day: int, response: str) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(
        ("sum_mm", "nadir_mm", "baseline_pct", "nadir_pct", "nadir_change_mm", "n_targets", "n_missing")
    )
    return empty | {
        "day": day,
        "target": None,
        "nontarget": None,
        "new_lesion": None,
        "overall": response,
        "reason": f"{response}: as stated in the source",
    }


def _best_row(who: str, rows: Rows, study: Study) -> dict[str, Any]:
    points = [best.Point(row["day"], row["overall"]) for row in rows]
    first, proven = best.unconfirmed(points, study.rules), best.confirmed(points, study.rules)
    adequate = [row["day"] for row in rows if row["overall"] != "NE"]
    sums = [(row["baseline_pct"], row["day"]) for row in rows if row["baseline_pct"] is not None]
    percent, percent_day = min(sums, default=(None, None))
    seen = best.counted(points, study.rules)
    return {
        "participant_id": who,
        "best": first.response,
        "confirmed_best": proven.response,
        "best_pct": percent,
        "best_pct_day": percent_day,
        "day": first.day,
        "confirmed_day": proven.day,
        "progression_day": next((point.day for point in seen if point.response == "PD"), None),
        "last_adequate_day": max(adequate, default=None),
        "n_assessments": len(rows),
        "evaluable": bool(adequate),
        "reason": first.reason,
        "confirmed_reason": proven.reason,
    }
