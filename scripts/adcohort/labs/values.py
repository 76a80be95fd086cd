"""One record of a sheet as a value of an analyte in its unit, or the reason why it is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adcohort import quantities
from adcohort.labs.analytes import Analyte, Dictionary
from adcohort.labs.units import NotConvertible
from adcohort.reasons import Reason
from adcohort.records import Record


@dataclass
class Value:
    """A value in the analyte's unit, and what it came from. `name` is the record's, without a patient's data."""

    record: Record
    analyte: Analyte
    value: float
    qualifier: str
    source_value: str
    source_unit: str
    specimen: str
    assay: str
    denominator: str
    name: str = ""
    visit: str = ""
    flags: list[str] = field(default_factory=list)

    @property
    def day(self) -> int | None:
        """Day since treatment start."""
        return self.record.day

    @property
    def participant_id(self) -> str:
        """Pseudonym; a value always has one."""
        return str(self.record.participant_id)


class Refused(Exception):
    """The record gives no value; reason and evidence in words."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def value_of(record: Record, dictionary: Dictionary, options: Mapping[str, Any]) -> Value:
    """A record as a value.

    Parameters
    ----------
    options
        The config's labs: unit_missing, implausible.

    Raises
    ------
    Refused
        With the first reason that applies: analyte, value, unit, specimen, denominator, range.
    """
    candidates = dictionary.candidates(record.what)
    if not candidates:
        raise Refused(Reason.UNKNOWN_ANALYTE)
    quantity = _quantity(record)
    analyte, unit, flags = _unit(record, quantity, candidates, dictionary, options)
    value = float(f"{quantity.value * Decimal(repr(_factor(analyte, unit))):.12g}")
    specimen = _specimen(record, analyte, dictionary)
    denominator = dictionary.denominator(record.denominator or _declared(record, "denominator", analyte))
    if denominator and analyte.denominator and denominator != analyte.denominator:
        raise Refused(Reason.OTHER_DENOMINATOR, f"not of {analyte.denominator}")
    flags += _range_flags(value, quantity.qualifier, analyte, options)
    return Value(
        record,
        analyte,
        value,
        quantity.qualifier,
        source_value=quantity.text,
        source_unit=unit,
        specimen=specimen,
        assay=quantities.clean(record.assay or _declared(record, "assay", analyte)),
        denominator=denominator,
        flags=flags,
    )


def _quantity(record: Record) -> quantities.Quantity:
    if not record.text.strip():
        raise Refused(Reason.NO_VALUE)
    try:
        return quantities.parse(record.text, record.decimal)
    except quantities.Unreadable as problem:
        if problem.ambiguous:
            raise Refused(Reason.AMBIGUOUS_NUMBER, "a comma or point before three digits") from None
        raise Refused(Reason.UNREADABLE_VALUE, "not a number") from None


def _unit(
    record: Record,
    quantity: quantities.Quantity,
    candidates: list[Analyte],
    dictionary: Dictionary,
    options: Mapping[str, Any],
) -> tuple[Analyte, str, list[str]]:
    """The analyte that the unit decides for, the unit's UCUM code, and flags."""
    first = candidates[0]
    behind = quantity.rest.strip("↑↓* ")
    text = record.unit or behind or _declared(record, "unit", first) or "%" * ("%" in quantities.clean(record.what))
    if not text:
        if first.unit == "1":
            return first, "1", []
        if options["unit_missing"] == "refuse":
            raise Refused(Reason.UNIT_MISSING)
        return first, first.unit, [str(Reason.UNIT_ASSUMED)]
    unit = dictionary.ucum(text, first)
    if unit is None:
        raise Refused(Reason.UNIT_UNKNOWN, "neither a known spelling nor UCUM")
    if behind and behind is not text and dictionary.ucum(behind, first) != unit:
        raise Refused(Reason.UNIT_UNKNOWN, "another unit, or a remark, stands behind the value")
    for analyte in candidates:
        if analyte.takes(dictionary.ucum(text, analyte) or unit):
            return analyte, dictionary.ucum(text, analyte) or unit, []
    raise Refused(Reason.NOT_CONVERTIBLE, f"{unit} to {first.unit}")


def _factor(analyte: Analyte, unit: str) -> float:
    try:
        return analyte.factor(unit)
    except NotConvertible as problem:
        raise Refused(Reason.NOT_CONVERTIBLE, str(problem)) from None


def _specimen(record: Record, analyte: Analyte, dictionary: Dictionary) -> str:
    specimen = dictionary.specimen(record.specimen or _declared(record, "specimen", analyte))
    if not specimen and analyte.specimen_needed:
        raise Refused(Reason.SPECIMEN_UNKNOWN)
    if specimen and analyte.specimen and specimen not in analyte.specimen:
        raise Refused(Reason.OTHER_SPECIMEN, f"not {' or '.join(analyte.specimen)}")
    return specimen


def _range_flags(value: float, qualifier: str, analyte: Analyte, options: Mapping[str, Any]) -> list[str]:
    if _outside(value, analyte.possible):
        raise Refused(Reason.IMPOSSIBLE, f"outside {_span(analyte.possible)} {analyte.unit}")
    low, high = analyte.plausible
    if _outside(value, (None if qualifier.startswith("<") else low, None if qualifier.startswith(">") else high)):
        detail = f"outside {_span(analyte.plausible)} {analyte.unit}"
        if options["implausible"] == "exclude":
            raise Refused(Reason.IMPLAUSIBLE, detail)
        return ["implausible"]
    return []


def _outside(value: float, bounds: tuple[float | None, float | None]) -> bool:
    low, high = bounds
    return (low is not None and value < low) or (high is not None and value > high)


def _span(bounds: tuple[float | None, float | None]) -> str:
    low, high = bounds
    return f"{'-inf' if low is None else f'{low:g}'} to {'inf' if high is None else f'{high:g}'}"


def _declared(record: Record, what: str, analyte: Analyte) -> str:
    """What the config says for a file: one word for all analytes, or one by code."""
    said = record.options.get(what) or ""
    return str(said.get(analyte.code, "")) if isinstance(said, Mapping) else str(said)
