"""RECIST 1.1: lesion sheets, time-point responses, best responses, rates."""
