"""The analyte dictionary, and what the names and headers of sheets mean in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adcohort import quantities, resources
from adcohort.errors import StudyError
from adcohort.labs import units
from adcohort.records import Heading

Range = tuple[float | None, float | None]


@dataclass(frozen=True)
class Analyte:
    """What is known of an analyte (resources/labs/analytes.yaml explains the parts); ranges are in `unit`."""

    code: str
    name: str = ""
    name_zh: str = ""
    synonyms: tuple[str, ...] = ()
    loinc: str = ""
    unit: str = "1"
    units: Mapping[str, str] = field(default_factory=dict)
    specimen: tuple[str, ...] = ()
    specimen_needed: bool = False
    denominator: str = ""
    assay_bound: bool = False
    ratio: tuple[str, ...] = ()
    molar_mass: float | None = None
    factors: Mapping[str, float] = field(default_factory=dict)
    plausible: Range = (None, None)
    possible: Range = (None, None)
    family: str = ""
    favourable: str = ""

    def factor(self, source: str) -> float:
        """What a value in a UCUM unit is multiplied by to be in the analyte's.

        Raises
        ------
        units.NotConvertible
            Where no conversion is defined.
        """
        if source in self.factors:
            return float(self.factors[source])
        return units.factor(source, self.unit, self.molar_mass)

    def takes(self, source: str) -> bool:
        """Whether values in a UCUM unit can be converted to the analyte's."""
        try:
            self.factor(source)
        except units.NotConvertible:
            return False
        return True


class Dictionary:
    """The analytes by code, and the codes that a name can stand for.

    Parameters
    ----------
    own
        The study's additions and changes, code to parts.
    study_units
        The study's spellings of units, to UCUM codes.

    Raises
    ------
    StudyError
        For units that are none, ranges upside down and ratios of analytes that there are not.
    """

    def __init__(self, own: Mapping[str, Mapping[str, Any]], study_units: Mapping[str, str]) -> None:
        known = resources.load("labs/analytes.yaml")
        self.by_code = {code: _analyte(code, {**known.get(code, {}), **own.get(code, {})}) for code in {**known, **own}}
        self.study_units = dict(study_units)
        if problems := self._problems(own):
            raise StudyError(problems)
        self._names: dict[str, list[str]] = {}
        for code, analyte in self.by_code.items():
            for name in (code, analyte.name, analyte.name_zh, *analyte.synonyms):
                codes = self._names.setdefault(quantities.key(name), [])
                if name and code not in codes:
                    codes.append(code)
        words = resources.load("labs/words.yaml")
        self._specimens = {quantities.key(w): name for name, them in words["specimens"].items() for w in them}
        self._denominators = {quantities.key(w): name for name, them in words["denominators"].items() for w in them}

    def _problems(self, own: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """What the study's own words about analytes and units cannot mean."""
        problems = [
            f"config: labs.units: {text!r} is mapped to {code!r}, which is no UCUM unit. Correct it."
            for text, code in self.study_units.items()
            if not units.is_ucum(code)
        ]
        for code in own:
            analyte, where = self.by_code[code], f"config: labs.analytes.{code}"
            for unit in (analyte.unit, *analyte.units.values(), *analyte.factors):
                if not units.is_ucum(unit):
                    problems.append(f"{where}: {unit!r} is no UCUM unit. Correct it.")
            for name in ("plausible", "possible"):
                low, high = getattr(analyte, name)
                if low is not None and high is not None and low > high:
                    problems.append(f"{where}.{name}: {low:g} is above {high:g}. Swap them.")
            if unknown := [part for part in analyte.ratio if part not in self.by_code]:
                problems.append(f"{where}.ratio: {', '.join(unknown)} is no analyte. Add it, or correct the code.")
        return problems

    def candidates(self, name: str) -> list[Analyte]:
        """Analytes that a name can stand for (the unit decides between a percentage and a count); none if unknown."""
        heading = None if quantities.key(name) in self._names else self.heading(name, ())
        return [self.by_code[code] for code in self._names.get(quantities.key(heading.what if heading else name), [])]

    def ucum(self, text: str, analyte: Analyte) -> str | None:
        """UCUM code of a unit as a sheet spells it for an analyte; None if nobody knows it."""
        return units.ucum(text, {**self.study_units, **analyte.units})

    def specimen(self, text: str) -> str:
        """A specimen by its usual name; an unknown word stands for itself."""
        return self._specimens.get(quantities.key(text), quantities.clean(text))

    def denominator(self, text: str) -> str:
        """What a percentage is of, by its usual name; an unknown word stands for itself."""
        return self._denominators.get(quantities.key(text), quantities.clean(text))

    def headings(self, headers: list[str], visits: tuple[str, ...]) -> list[Heading | None]:
        """What the columns of a wide sheet hold, as far as their headers are known."""
        return [self.heading(header, visits) for header in headers]

    def heading(self, header: str, visits: tuple[str, ...]) -> Heading | None:
        """What one header says: ``VEGF``, ``VEGF (pg/mL)``, ``CD3+ (% of lymphocytes)``, ``VEGF_baseline``."""
        text, visit = quantities.clean(header), ""
        for name in visits:
            if match := re.match(rf"^(.+?)[ _.@-]+{name}$", text, re.IGNORECASE):
                text, visit = match[1], name
        if codes := self._names.get(quantities.key(text)):
            return Heading(codes[0], "%" if "%" in text else "", visit=visit)
        for cut in re.finditer(r"[(\[,_ 【%]", text):
            codes = self._names.get(quantities.key(text[: cut.start()]))
            tail = _bare(text[cut.start() :])
            if codes and (said := self._unit_and_denominator(tail, codes, bracketed=text[-1] in ")]】")):
                return Heading(codes[0], *said, visit=visit)
        return None

    def _unit_and_denominator(self, tail: str, codes: list[str], bracketed: bool) -> tuple[str, str] | None:
        denominator = self._denominators.get(quantities.key(tail), "")
        if denominator:
            return "%", denominator
        for analyte in (self.by_code[code] for code in codes):
            unit = self.ucum(tail, analyte)
            if unit and (bracketed or analyte.takes(unit)):  # in creat_b the b is no unit, though UCUM has one
                return tail, ""
        return None


def _bare(tail: str) -> str:
    """What stands behind a name without its brackets and separators."""
    text = tail.strip(" ,_")
    for opening, closing in (("(", ")"), ("[", "]"), ("【", "】")):
        if text.startswith(opening) and text.endswith(closing):
            text = text[1:-1]
    return text.strip()


def _analyte(code: str, parts: Mapping[str, Any]) -> Analyte:
    facts = dict(parts)
    facts["specimen"] = (facts["specimen"],) if isinstance(facts.get("specimen"), str) else facts.get("specimen") or ()
    for key in ("specimen", "synonyms", "ratio", "plausible", "possible"):
        if key in facts:
            facts[key] = tuple(facts[key])
    facts["name"] = facts.get("name") or code
    facts["favourable"] = facts.get("favourable") or ""
    try:
        return Analyte(code, **facts)
    except TypeError as problem:
        raise StudyError(f"config: labs.analytes.{code}: {problem}. See resources/labs/analytes.yaml.") from None
