"""What makes a value doubtful although it was measured: thyroglobulin under antibodies, unlike TSH, another assay."""

from collections.abc import Mapping
from typing import Any

from adcohort import quantities
from adcohort.errors import StudyError
from adcohort.labs.values import Value


def add(values: list[Value], reference: str, options: Mapping[str, Any]) -> None:
    """Add the flags to the values (one a participant, visit and analyte).

    Parameters
    ----------
    reference
        Visit that the others are compared with.
    options
        tgab_limits (assay to limit in the unit of TGAB; the empty name is for values without an assay) and tsh_classes
        (ascending bounds in the unit of TSH: a value in another class than at the reference visit is unlike).

    Raises
    ------
    StudyError
        For bounds of TSH that do not rise, and for limits of which none is of an assay that the values have: all antibodies
        would be unknown in silence.
    """
    if options["tsh_classes"] != sorted(options["tsh_classes"]):
        raise StudyError(f"config: labs.tsh_classes: {options['tsh_classes']} do not rise. Give the lower bound first.")
    at = {(v.participant_id, v.visit, v.analyte.code): v for v in values}
    limits = {quantities.key(assay): limit for assay, limit in options["tgab_limits"].items()}
    assays = {quantities.key(value.assay): value.assay for value in values if value.analyte.code == "TGAB"}
    if limits and assays and not limits.keys() & assays.keys():
        known = ", ".join(repr(name) for name in sorted(assays.values()))
        raise StudyError(
            f"config: labs.tgab_limits: no value of TG-Ab is of the assay {', '.join(map(repr, options['tgab_limits']))};"
            f" the sheets have {known}. Name the limit by that ('' where a sheet names no assay)."
        )
    for value in values:
        first = at.get((value.participant_id, reference, value.analyte.code))
        pair = {quantities.key(one.assay) for one in (first, value) if one is not None}
        if len(pair) == 2 and "" not in pair:
            value.flags.append("assay unlike")
        if value.analyte.code == "TGAB" and positive(value, limits):
            value.flags.append("tgab positive")
        if value.analyte.code == "TG":
            antibodies = positive(at.get((value.participant_id, value.visit, "TGAB")), limits)
            if antibodies is not False:
                value.flags.append("tgab positive" if antibodies else "tgab unknown")
            classes = [
                tsh_class(at.get((value.participant_id, visit, "TSH")), options["tsh_classes"])
                for visit in (reference, value.visit)
            ]
            if None in classes:
                value.flags.append("tsh unknown")
            elif classes[0] != classes[1]:
                value.flags.append("tsh unlike")


def positive(antibodies: Value | None, limits: Mapping[str, float]) -> bool | None:
    """Whether TG-Ab is above its assay's limit; None if it was not measured, no limit is declared or a sign leaves it open."""
    if antibodies is None:
        return None
    limit = limits.get(quantities.key(antibodies.assay))
    if limit is None:
        return None
    if antibodies.qualifier.startswith("<"):
        return False if antibodies.value <= limit else None
    if antibodies.qualifier.startswith(">"):
        return True if antibodies.value >= limit else None
    return antibodies.value > limit


def tsh_class(tsh: Value | None, bounds: list[float]) -> int | None:
    """Class of a TSH value among ascending bounds; None if it was not measured or a sign leaves it open."""
    if tsh is None:
        return None
    at = sum(tsh.value >= bound for bound in bounds)
    if tsh.qualifier.startswith("<"):
        return 0 if not bounds or tsh.value <= bounds[0] else None
    if tsh.qualifier.startswith(">"):
        return at if at == len(bounds) else None
    return at
