"""The study's analytes as a table, and the values as columns of a BIDS phenotype table."""

from typing import Any

from adcohort.labs.analytes import Dictionary


def analyte_rows(rows: list[dict[str, Any]], dictionary: Dictionary) -> list[dict[str, Any]]:
    """One row an analyte that has values, in the dictionary's order (analytes.tsv)."""
    counts = {code: sum(row["analyte"] == code for row in rows) for code in dictionary.by_code}
    return [
        {
            "analyte": code,
            "name": analyte.name,
            "name_zh": analyte.name_zh or None,
            "loinc": analyte.loinc or None,
            "unit": analyte.unit,
            "specimen": " or ".join(analyte.specimen) or None,
            "denominator": analyte.denominator or None,
            "family": analyte.family or None,
            "favourable": analyte.favourable or None,
            "n": counts[code],
        }
        for code, analyte in dictionary.by_code.items()
        if counts[code]
    ]


def phenotype_columns(
    rows: list[dict[str, Any]], dictionary: Dictionary, visits: Any
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Data dictionary of the columns ``<code>_<visit>`` and the values by participant.

    A value beyond a limit stands with its sign, as ``<0.2``, in a column of its own: ``<code>_<visit>_qualifier``.
    """
    columns: dict[str, dict[str, Any]] = {}
    values: dict[str, dict[str, Any]] = {}
    for row in sorted(
        rows, key=lambda r: (list(dictionary.by_code).index(r["analyte"]), list(visits).index(r["visit"]))
    ):
        analyte = dictionary.by_code[row["analyte"]]
        name = f"{row['analyte']}_{row['visit']}"
        columns[name] = {"Description": f"{analyte.name} at {row['visit']}", "Units": analyte.unit}
        if analyte.loinc:
            columns[name]["TermURL"] = f"https://loinc.org/{analyte.loinc}"
        values.setdefault(row["participant_id"], {})[name] = row["value"]
        if row["qualifier"]:
            sign = f"{name}_qualifier"
            columns[sign] = {"Description": f"Sign of {name}: the value is a limit that was not reached, or passed"}
            values[row["participant_id"]][sign] = row["qualifier"]
    return columns, values
