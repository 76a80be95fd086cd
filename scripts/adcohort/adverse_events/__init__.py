"""Adverse events: words to CTCAE terms, grades that exist, what is treatment-emergent, incidence, doses."""
