"""The laboratory: analytes and their names, units, and one value a participant, visit and analyte."""
