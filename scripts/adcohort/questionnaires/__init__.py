"""Questionnaires: scoring keys in data, forms from sheets, scores, and the silent errors that are caught."""
