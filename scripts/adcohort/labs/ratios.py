"""Ratios of two analytes: recomputed from their parts, and compared with what the sheet says."""

from adcohort.labs.analytes import Analyte, Dictionary
from adcohort.labs.values import Value


def with_ratios(values: list[Value], dictionary: Dictionary, tolerance: float) -> list[Value]:
    """Values with each ratio that the study's analytes define.

    Both parts are of one day and one denominator, and neither is beyond a limit; the ratio is then that of its parts, for every
    participant alike. A given ratio that differs by more than its rounding and `tolerance` (relative) is flagged.
    """
    out = list(values)
    at = {(v.participant_id, v.visit, v.analyte.code): v for v in values}
    for analyte in dictionary.by_code.values():
        if len(analyte.ratio) != 2:
            continue
        for participant, visit, code in list(at):
            upper, lower = (at.get((participant, visit, part)) for part in analyte.ratio)
            if code != analyte.ratio[0] or upper is None or lower is None or not _belong_together(upper, lower):
                continue
            ratio = float(f"{upper.value / lower.value:.12g}")
            given = at.get((participant, visit, analyte.code))
            if given is None:
                out.append(_computed(analyte, upper, lower, ratio))
            elif given.day == upper.day and not given.qualifier:
                if abs(given.value - ratio) > max(_half_step(given.source_value), tolerance * ratio):
                    given.flags.append("ratio differs")
                given.value = ratio
                given.name = " : ".join((given.name, upper.name, lower.name))
    return out


def _belong_together(upper: Value, lower: Value) -> bool:
    same = (upper.day, upper.denominator) == (lower.day, lower.denominator)
    return same and not upper.qualifier and not lower.qualifier and lower.value > 0


def _half_step(text: str) -> float:
    return 0.5 * 10.0 ** -len(text.partition(".")[2])


def _computed(analyte: Analyte, upper: Value, lower: Value, ratio: float) -> Value:
    return Value(
        upper.record,
        analyte,
        ratio,
        "",
        source_value="",
        source_unit="",
        specimen=upper.specimen,
        assay=upper.assay if upper.assay == lower.assay else "",
        denominator="",
        name=f"{upper.name} : {lower.name}",
        visit=upper.visit,
        flags=["computed"],
    )
